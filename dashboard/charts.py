"""What all charts of the dashboard share: their looks in a theme, and bytes on an axis. Pure.

Charts are Vega-Lite and ECharts specifications, plain data with explicit colours: the default
palettes give one thing two colours in two charts, and change with the theme.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Spec = dict[str, Any]

FONT = "Source Sans, Source Sans 3, sans-serif"
ROW = 34
"""Pixels for a bar with its gap."""
BYTE_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B"))


def config(colour: Mapping[str, str]) -> Spec:
    """The looks of a chart in a theme."""
    words = {"labelColor": colour["text"], "titleColor": colour["quiet"], "labelFontSize": 13}
    return {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            **words,
            "titleFontSize": 13,
            "titleFontWeight": "normal",
            "gridColor": colour["line"],
            "domainColor": colour["line"],
            "tickColor": colour["line"],
        },
        "legend": {**words, "labelLimit": 260, "symbolLimit": 20, "titleFontSize": 13},
        "text": {"color": colour["text"], "fontSize": 13},
    }


def byte_axis(largest: float, title: str = "") -> Spec:
    """An axis whose labels are in one unit, the one that suits the largest number."""
    divisor, unit = next(
        ((divisor, unit) for divisor, unit in BYTE_UNITS if abs(largest) >= divisor), (1, "B")
    )
    digits = 0 if abs(largest) / divisor >= 5 else 1
    return {
        "title": title or None,
        "labelExpr": f"format(datum.value / {divisor:.0f}, ',.{digits}f') + ' {unit}'",
        "tickCount": 5,
    }


def name_axis() -> Spec:
    """An axis of names, cut where they are long: their full text is in the table."""
    return {"title": None, "labelLimit": 170, "domain": False, "ticks": False, "labelPadding": 8}


def palette(categories: Iterable[str], scale: Mapping[str, str]) -> Spec:
    """The colour of each category, and their order."""
    domain = list(categories)
    return {"domain": domain, "range": [scale[name] for name in domain]}


def on(fill: str, dark: str = "#000000", light: str = "#ffffff") -> str:
    """The colour of words on a coloured ground: the one of two that is told better."""
    return max((dark, light), key=lambda word: contrast(word, fill))


def contrast(one: str, other: str) -> float:
    """The ratio that WCAG 2 defines, 1 to 21."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of ``#rrggbb``, as WCAG 2 defines it."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
