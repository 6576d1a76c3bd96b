"""Charts: explicit colours that can be told apart from the ground, every byte accounted for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dashboard.charts import byte_axis, contrast, on
from dashboard.compare import bars
from dashboard.compare.segments import MOST, by_layer, by_package, named
from dashboard.compare.treemap import treemap
from nb2image.analysis.compare import compare
from nb2image.model.comparison import Part
from tests.unit.dashboard.comparisons import COMPARISON, FIRST, SECOND, SOON

COLOUR = dict.fromkeys(("text", "quiet", "line", "accent", "good", "warn", "bad"), "#1a202c") | {
    "ground": "#ffffff"
}


def scale(categories: tuple[str, ...]) -> dict[str, str]:
    return {name: f"#0000{number:02x}" for number, name in enumerate(categories)}


def leaves(node: dict[str, Any]) -> list[dict[str, Any]]:
    children = node.get("children")
    return [leaf for child in children for leaf in leaves(child)] if children else [node]


@pytest.mark.parametrize("number", [0, 1])
def test_pieces_by_package_are_the_image(number: int) -> None:
    """What belongs to a package, and what is hidden, adds up to all bytes."""
    pieces = [p for p in by_package(COMPARISON).pieces if p.image == number]
    assert sum(piece.size for piece in pieces) == COMPARISON.subjects[number].size
    assert {piece.name for piece in pieces} <= set(by_package(COMPARISON).categories)


def test_no_more_categories_than_colours() -> None:
    """Of many packages and layers the largest have a colour of their own."""
    packages = tuple(
        Part(name=f"p{n}", size=1000 + n, kind="python-package") for n in range(40)
    ) + tuple(Part(name=kind, size=5, kind=kind) for kind in ("apt", "conda", "python", "project"))  # type: ignore[arg-type]
    layers = tuple(Part(name=f"RUN {n}", size=n, kind="layer") for n in range(30))
    found = compare([replace(FIRST, packages=packages, layers=layers), SECOND])
    assert len(by_package(found).categories) <= MOST
    assert by_package(found).categories[0] == "numpy"
    assert len(by_layer(found).categories) == MOST
    sizes = [p.size for p in by_layer(found).pieces if p.image == 0]
    assert sum(sizes) == sum(range(30))


def test_layers_of_a_forecast_are_not_known() -> None:
    """Only built images have pieces by layer."""
    assert {piece.image for piece in by_layer(COMPARISON).pieces} == {0, 1}
    assert by_layer(compare([SOON, SOON])).pieces == ()


def test_totals() -> None:
    """One bar an image; the others say how they differ from the first."""
    spec = bars.totals(COMPARISON, COLOUR)
    words = [value["words"] for value in spec["data"]["values"]]
    assert words == [
        "100.0 MB",
        "140.0 MB, +40.0 %",
        "90.0 MB, -10.0 % (forecast)",
    ]


def test_deltas() -> None:
    """Growth to the right, a saving to the left, the baseline without a bar."""
    spec = bars.deltas(COMPARISON, COLOUR)
    found = [(v["delta"], v["words"], v["change"]) for v in spec["data"]["values"]]
    assert found == [
        (40_000_000, "+40.0 MB", "larger"),
        (-10_000_000, "-10.0 MB", "smaller"),
    ]
    low, high = spec["encoding"]["x"]["scale"]["domain"]
    assert low < -10_000_000 < 40_000_000 < high


def test_stacked() -> None:
    """Every category has one colour, in the order that it is stacked in."""
    pieces = by_package(COMPARISON)
    spec = bars.stacked(COMPARISON, pieces, scale(pieces.categories), COLOUR)
    colours = spec["encoding"]["color"]["scale"]
    assert colours["domain"] == list(pieces.categories)
    assert colours["range"] == [scale(pieces.categories)[name] for name in pieces.categories]
    orders = {value["part"]: value["order"] for value in spec["data"]["values"]}
    assert sorted(orders, key=lambda name: orders[name]) == list(pieces.categories)


def test_times() -> None:
    """A time that is not known has no bar; without any there is no chart."""
    spec = bars.times(COMPARISON, COLOUR)
    assert spec is not None
    shown = [(v["image"], v["build"], v["seconds"]) for v in spec["data"]["values"]]
    assert shown == [
        ("a:cpu", "cold", 20.5),
        ("a:cpu", "warm", 0.9),
        ("a:cpu-single", "cold", 20.5),
    ]
    assert bars.times(compare([SOON, SOON]), COLOUR) is None


def test_images_of_one_name_are_told_apart() -> None:
    """Two bars of one name would be one."""
    assert bars.names_of(compare([FIRST, FIRST])) == ("a:cpu", "a:cpu (2)")


def test_treemap() -> None:
    """Its rectangles are the packages of one image, tiny ones as one, in the bars' colours."""
    names = named(COMPARISON)
    colours = scale(by_package(COMPARISON).categories)
    spec = treemap(FIRST, names, colours, COLOUR)
    groups = spec["series"][0]["data"]
    assert sum(leaf["value"] for g in groups for leaf in leaves(g)) == FIRST.size - 62_000
    assert {g["name"]: g["itemStyle"]["color"] for g in groups} == {
        g["name"]: colours[g["name"]] for g in groups
    }
    shown = {leaf["name"] for g in groups for leaf in leaves(g)}
    assert "numpy 2.0: 60.0 MB" in shown
    small = replace(FIRST, packages=(*FIRST.packages, Part(name="tiny", size=5, kind="apt")))
    groups = treemap(small, names, colours, COLOUR)["series"][0]["data"]
    assert "smaller ones: 5 B" in {leaf["name"] for g in groups for leaf in leaves(g)}


@pytest.mark.parametrize(
    "spec",
    [
        bars.totals(COMPARISON, COLOUR),
        bars.deltas(COMPARISON, COLOUR),
        bars.times(COMPARISON, COLOUR),
        treemap(FIRST, named(COMPARISON), scale(by_package(COMPARISON).categories), COLOUR),
    ],
)
def test_specifications_are_plain_data(spec: dict[str, Any]) -> None:
    """No object of a library, nothing from another host."""
    text = json.dumps(spec)
    assert "http" not in text
    assert json.loads(text) == spec


def test_nothing_is_divided_by_zero() -> None:
    """Images without a byte can be drawn."""
    empty = replace(SOON, size=0, packages=())
    found = compare([empty, empty])
    assert bars.totals(found, COLOUR)["data"]["values"][0]["words"] == "0 B (forecast)"
    bars.deltas(found, COLOUR)
    assert by_package(found).pieces == ()
    treemap(empty, (), {}, COLOUR)


@pytest.mark.parametrize(
    ("largest", "expression"),
    [
        (2_500_000_000, "format(datum.value / 1000000000, ',.1f') + ' GB'"),
        (120_000_000, "format(datum.value / 1000000, ',.0f') + ' MB'"),
        (-42_000, "format(datum.value / 1000, ',.0f') + ' kB'"),
        (0, "format(datum.value / 1, ',.1f') + ' B'"),
    ],
)
def test_axis_has_one_unit(largest: float, expression: str) -> None:
    """The unit suits the largest number; a small count of units has a digit more."""
    assert byte_axis(largest)["labelExpr"] == expression


def test_contrast() -> None:
    """As WCAG defines it; words are black or white, whichever is told better."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert (on("#f0e442"), on("#0b5cad")) == ("#000000", "#ffffff")
