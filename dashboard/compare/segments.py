"""The pieces that a bar or a treemap of an image is made of, few enough to be told apart. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nb2image.analysis.chart import GROUPS, package_colours
from nb2image.model.comparison import Comparison, Part, Subject

MOST = 10
"""Categories with a colour of their own: the theme has so many."""
LEAST_NAMED = 2
REST = "other layers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One piece of one image's bar."""

    image: int
    """The image's number."""
    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Every piece of every bar."""

    categories: tuple[str, ...]
    """In the order that they are stacked."""
    pieces: tuple[Segment, ...]


def by_package(comparison: Comparison) -> Segments:
    """The largest packages by name, the others in groups."""
    return gathered([package_sizes(s, named(comparison)) for s in comparison.subjects])


def named(comparison: Comparison) -> tuple[str, ...]:
    """The packages that have a colour of their own."""
    groups = {group_of(p) for s in comparison.subjects for p in s.packages if p.size}
    groups |= {GROUPS["hidden"][0]} if any(s.hidden_size for s in comparison.subjects) else set()
    largest = tuple(package_colours(comparison.subjects))
    return largest[: max(MOST - len(groups), LEAST_NAMED)]


def package_sizes(subject: Subject, names: Sequence[str]) -> dict[str, int]:
    """The bytes of each category of one image: named packages first, then the groups."""
    sizes = dict.fromkeys((*names, *(name for name, _ in GROUPS.values())), 0)
    for part in subject.packages:
        sizes[category(part, names)] += part.size
    sizes[GROUPS["hidden"][0]] += subject.hidden_size
    return sizes


def category(part: Part, names: Sequence[str]) -> str:
    """The category that a package belongs to."""
    if part.kind == "python-package" and part.name in names:
        return part.name
    return group_of(part)


def group_of(part: Part) -> str:
    """The group of what has no colour of its own."""
    return GROUPS[part.kind][0]


def by_layer(comparison: Comparison) -> Segments:
    """The largest layers, and the others as one."""
    rows = sorted(comparison.layers, key=lambda row: -max(row.sizes))
    names = [row.name for row in rows[: MOST - 1]]
    sizes: list[dict[str, int]] = [dict.fromkeys((*names, REST), 0) for _ in comparison.subjects]
    for row in comparison.layers:
        for number, size in enumerate(row.sizes):
            sizes[number][row.name if row.name in names else REST] += size
    return gathered(sizes)


def gathered(sizes: Sequence[Mapping[str, int]]) -> Segments:
    """The pieces that have bytes, and the categories that have pieces."""
    pieces = [
        Segment(image=number, name=name, size=size)
        for number, one in enumerate(sizes)
        for name, size in one.items()
        if size
    ]
    order = list(sizes[0]) if sizes else []
    used = {piece.name for piece in pieces}
    return Segments(categories=tuple(name for name in order if name in used), pieces=tuple(pieces))
