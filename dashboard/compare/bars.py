"""The bar charts of a comparison, as Vega-Lite specifications. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.charts import ROW, Spec, byte_axis, config, name_axis, palette
from dashboard.compare.names import labels
from dashboard.compare.segments import Segments
from nb2image.model.comparison import Comparison, Subject
from nb2image.sizes import amount

Colours = Mapping[str, str]


def names_of(comparison: Comparison) -> tuple[str, ...]:
    """What to call the images, each by a name of its own."""
    return labels([subject.name for subject in comparison.subjects])


def totals(comparison: Comparison, colour: Colours) -> Spec:
    """The size of each image, with the difference to the baseline in words."""
    first = comparison.subjects[0].size
    values = [
        {
            "image": name,
            "size": subject.size,
            "words": total_words(subject, first),
            "role": "baseline" if number == 0 else "compared",
        }
        for number, (name, subject) in enumerate(
            zip(names_of(comparison), comparison.subjects, strict=True)
        )
    ]
    scale = {"baseline": colour["quiet"], "compared": colour["accent"]}
    return bars(values, "size", colour, color={
        "field": "role", "type": "nominal", "scale": palette(scale, scale), "legend": None,
    })  # fmt: skip


def total_words(subject: Subject, first: int) -> str:
    """The size, short enough to stand beside its bar on a phone."""
    words = amount(subject.size)
    if first and subject.size != first:
        words += f", {100 * (subject.size / first - 1):+.1f} %"
    return words + (" (forecast)" if subject.forecast else "")


def deltas(comparison: Comparison, colour: Colours) -> Spec:
    """How much larger or smaller than the baseline each other image is."""
    first = comparison.subjects[0].size
    values = [
        {
            "image": name,
            "delta": subject.size - first,
            "words": signed(subject.size - first),
            "change": "larger" if subject.size > first else "smaller",
        }
        for name, subject in zip(names_of(comparison), comparison.subjects, strict=True)
    ][1:]
    scale = {"larger": colour["bad"], "smaller": colour["good"]}
    return bars(values, "delta", colour, color={
        "field": "change", "type": "nominal", "scale": palette(scale, scale), "legend": None,
    })  # fmt: skip


def signed(delta: int) -> str:
    """A difference for people."""
    return f"+{amount(delta)}" if delta > 0 else amount(delta)


def bars(values: Sequence[Mapping[str, Any]], field: str, colour: Colours, *, color: Spec) -> Spec:
    """One bar an image with its number in words beside it."""
    largest = max((abs(value[field]) for value in values), default=0)
    # room for the words behind the longest bar
    low = min((value[field] for value in values), default=0)
    high = max((value[field] for value in values), default=0)
    domain = [min(low, 0) * 1.6, max(high, 0) * 1.6 or 1]
    x = {"field": field, "type": "quantitative", "axis": byte_axis(largest)}
    return {
        "data": {"values": list(values)},
        "height": {"step": ROW},
        "encoding": {
            "y": {"field": "image", "type": "nominal", "sort": None, "axis": name_axis()},
            "x": {**x, "scale": {"domain": domain, "nice": False}},
        },
        "layer": [
            {
                "mark": {"type": "bar", "tooltip": True},
                "encoding": {"color": color, "tooltip": tooltip("image", "words")},
            },
            {
                "transform": [{"filter": f"datum.{field} >= 0"}],
                "mark": {"type": "text", "align": "left", "dx": 6},
                "encoding": {"text": {"field": "words"}},
            },
            {
                "transform": [{"filter": f"datum.{field} < 0"}],
                "mark": {"type": "text", "align": "right", "dx": -6},
                "encoding": {"text": {"field": "words"}},
            },
        ],
        "config": config(colour),
    }


def stacked(comparison: Comparison, segments: Segments, scale: Colours, colour: Colours) -> Spec:
    """One bar an image, made up of its pieces; ``scale`` has each category's colour."""
    names = names_of(comparison)
    order = {name: number for number, name in enumerate(segments.categories)}
    values = [
        {
            "image": names[piece.image],
            "part": piece.name,
            "size": piece.size,
            "words": amount(piece.size),
            "order": order[piece.name],
        }
        for piece in segments.pieces
    ]
    largest = max((subject.size for subject in comparison.subjects), default=0)
    return {
        "data": {"values": values},
        "height": {"step": ROW + 6},
        "mark": {"type": "bar", "stroke": colour["ground"], "strokeWidth": 1},
        "encoding": {
            "y": {"field": "image", "type": "nominal", "sort": list(names), "axis": name_axis()},
            "x": {"field": "size", "type": "quantitative", "stack": True,
                  "axis": byte_axis(largest)},
            "color": {
                "field": "part", "type": "nominal", "scale": palette(segments.categories, scale),
                "legend": {"orient": "bottom", "columns": 2, "title": None},
            },
            "order": {"field": "order", "type": "quantitative"},
            "tooltip": tooltip("image", "part", "words"),
        },
        "config": config(colour),
    }  # fmt: skip


def times(comparison: Comparison, colour: Colours) -> Spec | None:
    """Seconds of the builds that are known; None without any."""
    kinds = {"cold": colour["accent"], "partly cached": colour["quiet"], "warm": colour["warn"]}
    values: list[Spec] = [
        {"image": name, "build": kind, "seconds": round(seconds, 2), "words": f"{seconds:.1f} s"}
        for name, subject in zip(names_of(comparison), comparison.subjects, strict=True)
        for kind, seconds in zip(
            kinds, (subject.cold_seconds, subject.partly_seconds, subject.warm_seconds), strict=True
        )
        if seconds is not None
    ]
    if not values:
        return None
    longest = max(value["seconds"] for value in values)
    return {
        "data": {"values": values},
        "height": {"step": 22},
        "encoding": {
            "y": {"field": "image", "type": "nominal", "sort": None, "axis": name_axis()},
            "yOffset": {"field": "build", "type": "nominal", "sort": list(kinds)},
            "x": {
                "field": "seconds", "type": "quantitative", "axis": {"title": "seconds"},
                "scale": {"domain": [0, longest * 1.25], "nice": False},
            },
        },
        "layer": [
            {
                "mark": "bar",
                "encoding": {
                    "color": {
                        "field": "build", "type": "nominal", "scale": palette(kinds, kinds),
                        "legend": {"orient": "bottom", "title": None},
                    },
                    "tooltip": tooltip("image", "build", "words"),
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 6},
                "encoding": {"text": {"field": "words"}},
            },
        ],
        "config": config(colour),
    }  # fmt: skip


def tooltip(*fields: str) -> list[Spec]:
    """What is told beside the pointer."""
    return [{"field": field, "type": "nominal"} for field in fields]
