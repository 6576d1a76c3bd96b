"""The tables of a comparison, as columns of plain values. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from dashboard.compare.bars import names_of
from nb2image.analysis.comparison_text import limit_lines, telling, total_lines
from nb2image.model.comparison import Comparison, Row

Columns = dict[str, list[object]]
Section = Literal["packages", "layers", "folders"]
WORDS = ("Name", "Kind", "Version")
"""The columns of ``changes`` that are no bytes."""


def totals(comparison: Comparison) -> Columns:
    """Every total of every image, in words."""
    return of_lines(comparison, list(total_lines(comparison)))


def limits(comparison: Comparison) -> Columns:
    """What was asked of each image, and whether it is kept."""
    return of_lines(comparison, list(limit_lines(comparison)))


def of_lines(comparison: Comparison, lines: Sequence[tuple[str, ...]]) -> Columns:
    """Lines of cells, the name first, as columns."""
    made: Columns = {"": [line[0] for line in lines]}
    for number, name in enumerate(names_of(comparison), 1):
        made[name] = [line[number] for line in lines]
    return made


def changes(comparison: Comparison, section: Section) -> Columns:
    """What grew and what shrank, the largest difference first: bytes, to be sorted by."""
    found: Sequence[Row] = getattr(comparison, section)
    rows = telling(found) if section == "folders" else [r for r in found if r.largest_delta]
    names = names_of(comparison)
    made: Columns = {"Name": [row.name for row in rows]}
    if section == "packages":
        made["Kind"] = [row.kind.replace("-", " ") for row in rows]
        made["Version"] = [versions(row) for row in rows]
    for number, name in enumerate(names):
        made[name] = [row.sizes[number] for row in rows]
    for number, name in enumerate(names[1:], 1):
        made[f"Δ {name}"] = [row.deltas[number] for row in rows]
    return made


def versions(row: Row) -> str:
    """The version, or those of the images in their order."""
    told = [note or "–" for note in row.notes]
    return told[0] if len(set(told)) == 1 else " → ".join(told)


def unchanged(comparison: Comparison, section: Section) -> int:
    """How many parts have the same size in all images."""
    return sum(not row.largest_delta for row in getattr(comparison, section))


def wastes(comparison: Comparison) -> Columns:
    """The paths that waste most, of every image."""
    names = names_of(comparison)
    rows = [
        (name, f"/{waste.path}", waste.size, ", ".join(map(str, waste.layers)))
        for name, subject in zip(names, comparison.subjects, strict=True)
        for waste in subject.wastes
    ]
    columns = ("Image", "Path", "Bytes", "Layers")
    return {name: [row[number] for row in rows] for number, name in enumerate(columns)}
