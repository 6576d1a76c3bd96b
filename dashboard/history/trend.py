"""How a notebook's image and its builds change over time, as Vega-Lite specifications. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboard.charts import Spec, byte_axis, config, palette
from nb2image.model.history import HistoryEntry
from nb2image.sizes import amount

HEIGHT = 240
CACHED = ("nothing cached", "partly cached", "all cached")


def built(entries: Sequence[HistoryEntry]) -> list[HistoryEntry]:
    """Those that made an image, oldest first."""
    return [entry for entry in reversed(entries) if entry.ok and entry.size and entry.image_id]


def sizes(entries: Sequence[HistoryEntry], colour: Mapping[str, str]) -> Spec:
    """The size of each image that was built, in the order of time."""
    values = [
        {"began": e.at, "size": e.size, "words": amount(e.size or 0), "build": e.id,
         "image": e.reference}
        for e in built(entries)
    ]  # fmt: skip
    largest = max((entry.size or 0 for entry in built(entries)), default=0)
    return {
        "data": {"values": values},
        "height": HEIGHT,
        "mark": {"type": "line", "point": {"size": 60, "filled": True}, "color": colour["accent"]},
        "encoding": {
            "x": began(),
            "y": {
                "field": "size", "type": "quantitative", "axis": byte_axis(largest, "size"),
                "scale": {"zero": True},
            },
            "tooltip": [
                {"field": name, "type": "nominal"} for name in ("build", "image", "words")
            ],
        },
        "config": points(config(colour), colour["accent"]),
    }  # fmt: skip


def times(entries: Sequence[HistoryEntry], colour: Mapping[str, str]) -> Spec:
    """The seconds of each build, told apart by how much of it was in the cache."""
    scale = dict(zip(CACHED, (colour["accent"], colour["warn"], colour["good"]), strict=True))
    values = [
        {"began": e.at, "seconds": round(seconds(e), 2), "build": e.id, "cache": cached(e),
         "words": f"{seconds(e):.1f} s"}
        for e in built(entries)
    ]  # fmt: skip
    longest = max((seconds(entry) for entry in built(entries)), default=0)
    return {
        "data": {"values": values},
        "height": HEIGHT,
        "mark": {"type": "point", "size": 80, "filled": True, "opacity": 1},
        "encoding": {
            "x": began(),
            "y": {
                "field": "seconds", "type": "quantitative", "axis": {"title": "seconds"},
                "scale": {"domain": [0, longest * 1.1 or 1]},
            },
            "color": {
                "field": "cache", "type": "nominal", "scale": palette(CACHED, scale),
                "legend": {"orient": "bottom", "title": None},
            },
            "shape": {"field": "cache", "type": "nominal", "legend": None},
            "tooltip": [
                {"field": name, "type": "nominal"} for name in ("build", "cache", "words")
            ],
        },
        "config": config(colour),
    }  # fmt: skip


def began() -> Spec:
    """The axis of time, in UTC as the list."""
    return {
        "field": "began",
        "type": "temporal",
        "scale": {"type": "utc", "padding": 12},
        "axis": {"title": None, "labelOverlap": True, "tickCount": 6},
    }


def points(looks: Spec, colour: str) -> Spec:
    """The looks with points in a line's colour."""
    return {**looks, "point": {"color": colour}}


def seconds(entry: HistoryEntry) -> float:
    """Of the build alone where that is known, else of the whole command."""
    return entry.seconds if entry.build_seconds is None else entry.build_seconds


def cached(entry: HistoryEntry) -> str:
    """How much came from the cache; the base image and the context are always a step."""
    if entry.cached_steps <= 1:
        return CACHED[0]
    return CACHED[2] if entry.cached_steps >= entry.steps - 1 else CACHED[1]


def in_words(entries: Sequence[HistoryEntry]) -> str:
    """The course of the sizes, for those who do not see the chart."""
    found = built(entries)
    if not found:
        return "no build"
    first, last = found[0], found[-1]
    return (
        f"{len(found)} builds, from {amount(first.size or 0)} on {first.at[:10]} "
        f"to {amount(last.size or 0)} on {last.at[:10]}"
    )


def times_in_words(entries: Sequence[HistoryEntry]) -> str:
    """The course of the seconds."""
    found = built(entries)
    if not found:
        return "no build"
    told = [seconds(entry) for entry in found]
    return f"{len(found)} builds of {min(told):.1f} to {max(told):.1f} s, the last {told[-1]:.1f} s"
