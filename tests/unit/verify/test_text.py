"""Texts compare as a reader would compare them."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nb2image.verify.text import match_text, text_diff

RTOL = 1e-6

CLOSE = [
    ("terminal codes", "\x1b[31mred\x1b[0m", "red"),
    (
        "progress bars",
        " 10%|# | 1/9 [00:01<00:02, 3it/s]\r99%|##| 9/9 [00:03<00:00, 3it/s]\nx",
        "x",
    ),
    ("progress bars", "12/12 [=====] loss: 0.25", "12/12 [==============] loss: 0.25"),
    ("addresses", "<a.B at 0x7f0011223344> 1", "<a.B at 0x7f0099887766> 1"),
    ("addresses", "key 0x7f0011223344", "key 0x55aa99887766"),
    ("objects without a text of their own", "<m.Axes at 0x7f0011223344>", "<Axes: title='x'>"),
    ("how names are written", "numpy.float64", "<class 'numpy.float64'>"),
    ("how names are written", "<function __main__.f(x)>", "<function f at 0x7f0011223344>"),
    ("timings", "Wall time: 2.1 s", "Wall time: 913 ms"),
    ("timings", "CPU times: user 3.2 s, sys: 4 ms", "CPU times: user 1 s, sys: 29 ms"),
    (
        "timings",
        "1.2 ms ± 3.4 µs per loop (mean ± std. dev. of 7 runs, 1,000 loops each)",
        "3 s ± 4 ms per loop (mean ± std. dev. of 7 runs, 1 loop each)",
    ),
    ("timings", "took 3.25 seconds", "took 11 seconds"),
    ("timings", "Elapsed: 3.25", "Elapsed: 4.75"),
    ("folders", "/home/me/lib/y.py:12: UserWarning: z", "/opt/venv/lib/y.py:14: UserWarning: z"),
    ("folders", r"C:\data\x.csv read", "/app/data/x.csv read"),
    ("how NumPy 2 writes scalars", "(0.5, 3)", "(np.float64(0.5), np.int64(3))"),
    ("white space", "[1,\n 2,\n 3]", "[1, 2, 3]"),
    ("white space", "array([ 1.,  2.])", "array([1., 2.])"),
    ("the order in sets and dictionaries", "{3, 1, 2} and {'b', 'a'}", "{1, 2, 3} and {'a', 'b'}"),
    ("the order in sets and dictionaries", "x = {'a': {2, 1}}", "x = {'a': {1, 2}}"),
    ("numbers within 1e-06", "mean 0.1234567", "mean 0.12345671"),
    ("numbers within 1e-06", "-0.0", "0.0"),
]

DIFFERS = [
    ("5", "6"),
    ("5.0", "5.1"),
    ("2024-01-02", "2024-01-03"),
    ("half-life 3 s", "half-life 4 s"),
    ("took part: 5", "took part: 6"),
    ("{1, 2, 3}", "{1, 2, 4}"),
    ("{'a': 1}", "{'a': 2}"),
    ("np.float64(0.5)", "0.6"),
    ("a b", "ab"),
    ("", "0"),
    ("[1, 2]", "[1, 2, 2]"),
    ("1000000", "1000001"),
    ("accuracy 97%", "accuracy 98%"),
]


@pytest.mark.parametrize(("how", "expected", "found"), CLOSE)
def test_accidents_are_set_aside_and_named(how: str, expected: str, found: str) -> None:
    """What differs by accident is close, and the verdict says which accident."""
    match = match_text(expected, found, RTOL)
    assert match.grade == "close"
    assert how in match.how


@pytest.mark.parametrize(("expected", "found"), DIFFERS)
def test_what_says_something_else_differs(expected: str, found: str) -> None:
    """A changed number, word or member is a difference in both directions."""
    assert match_text(expected, found, RTOL).grade == "differs"
    assert match_text(found, expected, RTOL).grade == "differs"


@pytest.mark.parametrize("text", ["", "a\n", "1.5\n2", "\x1b[31mred", "{1, 2"])
def test_equal_texts_are_the_same(text: str) -> None:
    """Equal texts are the same, whatever they hold; a last line end does not count."""
    assert match_text(text, text + "\n", RTOL).grade == "same"


def test_the_tolerance_is_the_users() -> None:
    """Numbers are close within the tolerance that was asked for, and not beyond."""
    assert match_text("0.50", "0.51", 0.05).grade == "close"
    assert match_text("0.50", "0.60", 0.05).grade == "differs"


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers() | st.text(string.ascii_letters), min_size=1), st.randoms())
def test_reordered_sets_never_differ(members: set[int | str], random: object) -> None:
    """A set printed in another order is never a difference."""
    items = sorted(map(repr, members))
    shuffled = list(items)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = ("{" + ", ".join(order) + "}" for order in (items, shuffled))
    assert match_text(one, other, RTOL).grade != "differs"


@settings(max_examples=40, deadline=None)
@given(st.integers(1 << 24, 1 << 47), st.integers(1 << 24, 1 << 47), st.from_regex(r"[a-z]{1,9}\Z"))
def test_addresses_never_differ(one: int, other: int, name: str) -> None:
    """An object's address is never a difference."""
    expected, found = (f"<{name}.Thing object at {value:#x}>" for value in (one, other))
    assert match_text(expected, found, RTOL).grade != "differs"


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.001, 1e5), st.floats(0.001, 1e5), st.sampled_from(["ns", "µs", "ms", "s", "min"])
)
def test_timings_never_differ(one: float, other: float, unit: str) -> None:
    """What %time and %timeit measure is never a difference."""
    for form in ("Wall time: {} {}", "CPU times: user {} {}", "{} {} per loop", "it took {} {}"):
        expected, found = (form.format(f"{v:.3f}", unit) for v in (one, other))
        assert match_text(expected, found, RTOL).grade != "differs"


@settings(max_examples=40, deadline=None)
@given(st.integers(), st.integers(), st.from_regex(r"[a-d ]{0,9}\Z"))
def test_a_changed_whole_number_always_differs(one: int, other: int, label: str) -> None:
    """Two different whole numbers are neither same nor close."""
    match = match_text(f"{label}= {one}", f"{label}= {other}", RTOL)
    assert match.grade == ("same" if one == other else "differs")


@settings(max_examples=40, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(1e-4, 1e3))
def test_a_number_changed_beyond_the_tolerance_differs(value: float, factor: float) -> None:
    """A number that moves by more than the tolerance is never same."""
    other = value * (1 + factor)
    if abs(value) > 1e-9 and abs(other) < 1e300:
        assert match_text(repr(value), repr(other), RTOL).grade == "differs"


@pytest.mark.parametrize(
    "hostile",
    [
        "1" * 100_000,
        "{" * 100_000,
        "<a at 0x1" * 12_000,
        " " * 100_000,
        "/a" * 50_000,
        "[=" * 33_333,
    ],
    ids=lambda text: text[:4],
)
def test_hostile_text_takes_no_time(hostile: str) -> None:
    """Text made to make patterns slow is compared all the same."""
    begun = time.perf_counter()
    match_text(hostile, hostile + "x", RTOL)
    assert time.perf_counter() - begun < 5


def test_a_diff_shows_both_sides() -> None:
    """The diff names the notebook's line and the run's, and stays short."""
    assert text_diff("a\nb\nc", "a\nX\nc") == " a\n-b\n+X\n c"
    long = text_diff("\n".join("a" * 500), "\n".join("b" * 500)).split("\n")
    assert len(long) <= 41
    assert "more lines" in long[-1]
