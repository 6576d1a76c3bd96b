"""What a container sees, and what is stored and never seen."""

from __future__ import annotations

import pytest

from nb2image.analysis.merge import merge
from tests.unit.analysis.layers import Short, layers

Hidden = list[tuple[str, int, int, int, str]]

CASES: dict[str, tuple[list[Short], set[str], Hidden]] = {
    "added, then deleted": (
        [{"a": 100, "b": 1}, {"-a": 0}],
        {"b"},
        [("a", 100, 1, 2, "deleted")],
    ),
    "overwritten twice": (
        [{"a": 100}, {"a": 80}, {"a": 120}],
        {"a"},
        [("a", 100, 1, 2, "overwritten"), ("a", 80, 2, 3, "overwritten")],
    ),
    "folder deleted": (
        [{"d/": 0, "d/a": 100, "d/e/b": 200, "dd": 7}, {"-d": 0}],
        {"dd"},
        [("d/e/b", 200, 1, 2, "deleted"), ("d/a", 100, 1, 2, "deleted")],
    ),
    "opaque folder": (
        [{"d/": 0, "d/a": 100, "d/b": 3}, {"!d": 0, "d/b": 50}],
        {"d", "d/b"},
        [("d/a", 100, 1, 2, "opaque"), ("d/b", 3, 1, 2, "opaque")],
    ),
    "marker after the files that it spares": (
        [{"d/a": 9}, {"d/b": 50, "!d": 0}],
        {"d/b"},
        [("d/a", 9, 1, 2, "opaque")],
    ),
    "opaque root": ([{"a": 9}, {"!": 0, "b": 1}], {"b"}, [("a", 9, 1, 2, "opaque")]),
    "file in place of a folder": (
        [{"d/": 0, "d/a": 9}, {"d": 5}],
        {"d"},
        [("d/a", 9, 1, 2, "overwritten")],
    ),
    "folder in place of a file": (
        [{"d": 5}, {"d/": 0, "d/a": 9}],
        {"d", "d/a"},
        [("d", 5, 1, 2, "overwritten")],
    ),
    "deleted and made again in one layer": (
        [{"a": 100}, {"-a": 0, "a": 40}],
        {"a"},
        [("a", 100, 1, 2, "deleted")],
    ),
    "hard link keeps the bytes in sight": ([{"a": 100, "b": "=a"}, {"-a": 0}], {"b"}, []),
    "both names deleted": (
        [{"a": 100, "b": "=a"}, {"-a": 0, "-b": 0}],
        set(),
        [("a", 100, 1, 2, "deleted")],
    ),
    "deletion of what never was": ([{"a": 1}, {"-b": 0}], {"a"}, []),
    "empty files hide nothing": ([{"a": 0}, {"-a": 0}], set(), []),
}


@pytest.mark.parametrize(("shorts", "visible", "hidden"), CASES.values(), ids=CASES)
def test_by_hand(shorts: list[Short], visible: set[str], hidden: Hidden) -> None:
    """Visible paths and hidden bytes are as the image specification says."""
    merged = merge(layers(*shorts))
    assert set(merged.visible) == visible
    assert [(f.path, f.size, f.layer, f.hidden_by, f.cause) for f in merged.hidden] == hidden


def test_visible_entries_know_their_layer() -> None:
    """Of a path in several layers the highest one counts."""
    merged = merge(layers({"a": 1, "b": 1}, {"a": 2}))
    assert {path: number for path, (number, _) in merged.visible.items()} == {"a": 2, "b": 1}
