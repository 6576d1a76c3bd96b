"""dive's figures, computed by hand from its published algorithm."""

from __future__ import annotations

from fractions import Fraction

import pytest

from nb2image.analysis.efficiency import measure
from tests.unit.analysis.layers import Short, layers

CASES: dict[str, tuple[list[Short], Fraction, int, dict[str, int]]] = {
    "nothing": ([], Fraction(1), 0, {}),
    "one layer": ([{"a": 100, "b": 50}], Fraction(1), 0, {}),
    "empty files only": ([{"a": 0}], Fraction(1), 0, {}),
    # a: 100 + 0, least 0; b: 300 once
    "added, then deleted": ([{"a": 100, "b": 300}, {"-a": 0}], Fraction(300, 400), 100, {"a": 100}),
    # a: 100 + 80 + 120, least 80; b: 100
    "overwritten twice": (
        [{"a": 100, "b": 100}, {"a": 80}, {"a": 120}],
        Fraction(180, 400),
        300,
        {"a": 300},
    ),
    # a: 100 + 0 (deletion) + 40
    "deleted and made again": (
        [{"a": 100}, {"-a": 0}, {"a": 40}],
        Fraction(0, 140),
        140,
        {"a": 140},
    ),
    # d: a folder in the lower layer, not a leaf there; its deletion adds 300 to both sums
    "folder deleted": (
        [{"d/": 0, "d/a": 100, "d/e/": 0, "d/e/b": 200}, {"-d": 0, "c": 400}],
        Fraction(1),
        0,
        {},
    ),
    # the folder's entry is missing in the lower layer: dive does not know that it was one
    "folder without an entry deleted": (
        [{"d/a": 100}, {"-d": 0, "c": 300}],
        Fraction(1),
        0,
        {},
    ),
    # d is an empty folder, so a leaf, in layer 1; in 3 its deletion takes the file put in by 2
    "empty folder filled, then deleted": (
        [{"d/": 0}, {"d/": 0, "d/a": 100}, {"-d": 0}],
        Fraction(100, 200),
        100,
        {"d": 100},
    ),
    # hard links have no size of their own; a is deleted, its bytes live on in b
    "hard link": (
        [{"a": 100, "b": "=a"}, {"-a": 0}],
        Fraction(0, 100),
        100,
        {"a": 100},
    ),
    "hard link overwritten": (
        [{"a": 100, "b": "=a"}, {"b": 60}],
        Fraction(100, 160),
        60,
        {"b": 60},
    ),
    # dive does not read opaque markers: nothing counts as wasted
    "opaque folder": (
        [{"d/": 0, "d/a": 100}, {"d/": 0, "!d": 0, "d/b": 50}],
        Fraction(1),
        0,
        {},
    ),
    # the marker alone makes an empty folder of its name: a leaf of no size in one layer
    "opaque marker without entry": (
        [{"d": 100}, {"!d": 0}],
        Fraction(0, 100),
        100,
        {"d": 100},
    ),
    "deletion of what never was": ([{"a": 10}, {"-b": 0}], Fraction(1), 0, {}),
    # chmod -R: every byte again
    "only the mode changed": (
        [{"x": 70, "y": 30}, {"x": 70, "y": 30}],
        Fraction(100, 200),
        200,
        {"x": 140, "y": 60},
    ),
    "symbolic links cost nothing": ([{"l": "a"}, {"l": "b"}], Fraction(1), 0, {}),
}


@pytest.mark.parametrize(("shorts", "score", "wasted", "wastes"), CASES.values(), ids=CASES)
def test_by_hand(shorts: list[Short], score: Fraction, wasted: int, wastes: dict[str, int]) -> None:
    """Score, wasted bytes and the paths that caused them are as computed by hand."""
    found = measure(layers(*shorts))
    assert found.score == pytest.approx(float(score), abs=1e-12)
    assert found.wasted_bytes == wasted
    assert {waste.path: waste.size for waste in found.wastes} == wastes


def test_dive_own_example() -> None:
    """The example of dive's own test: nginx.conf grows, a file comes, the folder goes."""
    found = measure(
        layers(
            {"etc/nginx/nginx.conf": 2000, "etc/nginx/public": 3000},
            {"etc/nginx/nginx.conf": 5000, "etc/athing": 10000},
            {"-etc/nginx": 0},
        )
    )
    assert found.score == 0.75
    assert [(w.path, w.size, w.layers) for w in found.wastes] == [
        ("etc/nginx/nginx.conf", 7000, (1, 2))
    ]


def test_wasted_user_share() -> None:
    """Wasted bytes are set against all layers but the first."""
    found = measure(layers({"a": 1000}, {"a": 500, "b": 1500}))
    assert found.wasted_user_share == pytest.approx(1500 / 2000)


def test_largest_waste_first() -> None:
    """The paths are listed by what they cost, then by name."""
    found = measure(layers({"a": 1, "b": 5, "c": 1}, {"a": 1, "b": 5, "c": 1}))
    assert [waste.path for waste in found.wastes] == ["b", "a", "c"]
