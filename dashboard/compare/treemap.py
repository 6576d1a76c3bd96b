"""The treemap of one image, as an ECharts specification. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.charts import FONT, Spec, on
from dashboard.compare.segments import category
from nb2image.model.comparison import Subject
from nb2image.sizes import amount

SMALLEST = 0.001
"""Packages below this share of the image are shown as one."""


def treemap(
    subject: Subject, names: tuple[str, ...], scale: Mapping[str, str], colour: Mapping[str, str]
) -> Spec:
    """One rectangle a package, in the colours of the bars; larger ones stand in the category's.

    ``names`` are the packages with a category of their own, ``scale`` has each one's colour.
    """
    groups: dict[str, list[tuple[str, int]]] = {}
    small: dict[str, int] = {}
    for part in subject.packages:
        group = category(part, names)
        if part.size >= SMALLEST * subject.size:
            title = f"{part.name} {part.note}".strip()
            groups.setdefault(group, []).append((title, part.size))
        elif part.size:
            small[group] = small.get(group, 0) + part.size
    for group, size in small.items():
        groups.setdefault(group, []).append(("smaller ones", size))
    return {
        "textStyle": {"fontFamily": FONT},
        "tooltip": {"trigger": "item", "confine": True, "formatter": "{b}"},
        "series": [
            {
                "type": "treemap",
                "left": 0, "right": 0, "top": 0, "bottom": 0,
                "roam": False,
                "nodeClick": False,
                "breadcrumb": {"show": False},
                "animation": False,
                "itemStyle": {"borderColor": colour["ground"], "borderWidth": 1, "gapWidth": 1},
                "data": [
                    branch(group, parts, scale[group])
                    for group, parts in groups.items()
                ],
            }
        ],
    }  # fmt: skip


def branch(group: str, parts: list[tuple[str, int]], fill: str) -> Spec:
    """A category with its packages."""
    look = {
        "itemStyle": {"color": fill},
        "label": {"color": on(fill), "fontSize": 13, "overflow": "truncate"},
    }
    leaves = [{"name": f"{name}: {amount(size)}", "value": size, **look} for name, size in parts]
    return {"name": group, "value": sum(size for _, size in parts), "children": leaves, **look}
