"""The ladder: what is tried, in which order, and what is never given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from nb2image.model import Place, ResolutionStep
from nb2image.requirements.age.dates import VersionPolicy
from nb2image.requirements.age.python_version import PythonChoice
from nb2image.requirements.versions.ladder import Climb, Days, Ladder, Rung, climb, rungs
from nb2image.requirements.versions.resolver import Refusal, Resolution
from nb2image.requirements.written.pins import Pin

FOUND = Resolution(packages=(), pylock="")
NO_WHEEL = Refusal(message="cause: Because old==1.0 has no wheels with a matching Python ABI tag")


def ladder(
    *, python: str = "3.8", fixed: bool = False, as_of: str = "", date_fixed: bool = False
) -> Ladder:
    return Ladder(
        python=PythonChoice(version=python, reason="", fixed=fixed),
        policy=VersionPolicy(
            kind="as-of" if as_of else "latest", as_of=as_of, reason="", fixed=date_fixed
        ),
        available=("3.7", "3.8", "3.9", "3.10", "3.11", "3.12"),
        today=date(2026, 11, 20),
    )


def steps(made: Ladder) -> list[tuple[str, str]]:
    return [(r.python, r.as_of) for r in rungs(made)]


def climbed(
    made: Ladder,
    holds: set[tuple[str, str]],
    *,
    days: dict[tuple[str, str], Days] | None = None,
    refusal: Refusal = NO_WHEEL,
) -> tuple[Climb, list[tuple[str, str]]]:
    """A climb where only some combinations resolve, and what was tried."""
    tried: list[tuple[str, str]] = []

    def attempt(rung: Rung) -> Resolution | Refusal:
        tried.append((rung.python, rung.as_of))
        return FOUND if tried[-1] in holds else refusal

    found = climb(made, attempt, lambda n, p: (days or {}).get((n, p)), lambda step: None)
    return found, tried


def test_date_then_python_then_newest() -> None:
    """A year later; newer Pythons once they have wheels; the newest releases."""
    assert steps(ladder(as_of="2021-01-01")) == [
        ("3.8", "2021-01-01"),
        ("3.8", "2022-01-01"),
        ("3.9", "2021-10-05"),
        ("3.10", "2022-10-04"),
        ("3.11", "2023-10-24"),
        ("3.8", ""),
        ("3.11", ""),
        ("3.12", ""),
    ]


def test_what_the_user_asked_for_is_never_changed() -> None:
    """--python holds the Python, --as-of the date, both leave one combination."""
    assert {p for p, _ in steps(ladder(fixed=True, as_of="2021-01-01"))} == {"3.8"}
    assert {d for _, d in steps(ladder(as_of="2021-01-01", date_fixed=True))} == {"2021-01-01"}
    both = ladder(fixed=True, as_of="2021-01-01", date_fixed=True)
    assert steps(both) == [("3.8", "2021-01-01")]
    days = {("old", "3.8"): ("2022-01-01", "2022-01-01"), ("old", "3.9"): ("", "")}
    assert climbed(both, set(), days=days)[1] == [("3.8", "2021-01-01")]


@pytest.mark.parametrize(
    ("python", "as_of", "days", "second"),
    [
        # the first wheels for this Python came later
        (
            "3.8",
            "2019-11-01",
            {("old", "3.8"): ("2020-03-01", "2024-01-01")},
            ("3.8", "2020-03-01"),
        ),
        # none ever did: the nearest Python that has them
        (
            "3.11",
            "2021-01-01",
            {("old", "3.9"): ("2020-11-01", "2022-01-01")},
            ("3.9", "2021-01-01"),
        ),
        (
            "3.8",
            "2019-11-01",
            {("old", "3.10"): ("2022-03-01", "2023-01-01")},
            ("3.10", "2022-03-01"),
        ),
        # with the newest releases, old wheels go with what was there a year after them
        ("3.11", "", {("old", "3.7"): ("2018-01-01", "2020-05-05")}, ("3.7", "2021-05-05")),
    ],
)
def test_packages_without_wheels_show_where_to_go(
    python: str, as_of: str, days: dict[tuple[str, str], Days], second: tuple[str, str]
) -> None:
    """The day, else the Python, that has wheels of what the refusal names comes next."""
    found, tried = climbed(ladder(python=python, as_of=as_of), {second}, days=days)
    assert tried == [(python, as_of), second]
    assert (found.rung.python, found.rung.as_of) == second


def test_a_package_that_came_later_for_another_python_shows_where_to_go() -> None:
    """No release of the day, and none at all for this Python: the Python that has one."""
    late = Refusal(
        message="cause: Because there are no versions of old and you require old\n\n"
        "hint: `old` was filtered by `exclude-newer` to only include packages"
    )
    days = {("old", "3.11"): ("2024-03-01", "2024-03-01")}
    made = ladder(python="3.10", as_of="2023-01-01")
    _, tried = climbed(made, {("3.11", "2024-03-01")}, days=days, refusal=late)
    assert tried == [("3.10", "2023-01-01"), ("3.11", "2024-03-01")]


def pin(name: str) -> Pin:
    return Pin(name=name, version="1.0", place=Place(cell=1), detail="")


def test_pins_give_way_before_dates_and_the_named_ones_first() -> None:
    """Only the pin that the refusal speaks of is let go, for good."""
    tried: list[Rung] = []

    def attempt(rung: Rung) -> Resolution | Refusal:
        tried.append(rung)
        return NO_WHEEL if any(p.name == "old" for p in rung.pins) else FOUND

    start = replace(ladder(as_of="2021-01-01"), pins=(pin("old"), pin("kept")))
    found = climb(start, attempt, lambda n, p: None, lambda s: None)
    assert [[p.name for p in r.pins] for r in tried] == [["old", "kept"], ["kept"]]
    assert found.rung.as_of == "2021-01-01"
    assert [s.ok for s in found.steps] == [False, True]


CLASH = Refusal(
    message="cause: Because you require old>=2 and old==1.0, we can conclude that your"
    " requirements are unsatisfiable."
)


@pytest.mark.parametrize(("held", "gives_way"), [("old", True), ("kept", False)])
def test_a_held_version_gives_way_to_a_wish_that_contradicts_it(held: str, gives_way: bool) -> None:
    """Two wishes that nothing holds are an error at once."""

    def attempt(rung: Rung) -> Resolution | Refusal:
        return CLASH if rung.pins else FOUND

    start = replace(ladder(), pins=(pin(held),))
    found = climb(start, attempt, lambda n, p: None, lambda s: None)
    assert (found.found is not None) is gives_way
    assert len(found.steps) == 1 + gives_way


def test_versions_seen_in_outputs_outlive_the_day() -> None:
    """Where another package lacks wheels, the day that has them comes before other versions."""
    pins = (pin("seen"),)
    made = replace(ladder(as_of="2019-10-20"), pins=pins)
    days = {("old", "3.8"): ("2021-10-13", "2022-01-01")}
    found, _ = climbed(made, {("3.8", "2021-10-13")}, days=days)
    assert found.rung == Rung(python="3.8", as_of="2021-10-13", pins=pins)


def test_what_is_installed_and_not_imported_gives_way() -> None:
    """A leftover install line does not move the notebook to another year."""
    tried: list[Rung] = []

    def attempt(rung: Rung) -> Resolution | Refusal:
        tried.append(rung)
        return FOUND if "old" in rung.left_out else NO_WHEEL

    start = replace(ladder(as_of="2021-01-01"), soft=("old", "other"))
    found = climb(start, attempt, lambda n, p: None, lambda s: None)
    assert [(r.as_of, r.left_out) for r in tried] == [("2021-01-01", ()), ("2021-01-01", ("old",))]
    assert found.rung.left_out == ("old",)


def test_an_index_that_does_not_answer_ends_the_climb() -> None:
    """No other Python or date mends a network; the error tells it."""
    told: list[ResolutionStep] = []
    down = Refusal(message="error: Failed to fetch: http://x/y")
    found = climb(ladder(), lambda r: down, lambda n, p: None, told.append)
    assert found.found is None
    assert found.refused is not None
    assert found.refused.kind == "index-down"
    assert (told, len(found.steps)) == ([], 1)


def test_when_nothing_holds_the_first_refusal_is_the_answer() -> None:
    """What the evidence asked for says most about what is wrong; nothing is tried twice."""
    found, tried = climbed(ladder(as_of="2021-01-01"), set())
    assert found.found is None
    assert found.refused is not None
    assert found.refused.packages == ("old",)
    assert found.rung == Rung(python="3.8", as_of="2021-01-01")
    assert len(tried) == len(set(tried)) == len(found.steps)
