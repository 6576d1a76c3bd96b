"""Whether a notebook needs a GPU: its code, its metadata and its saved outputs together."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from nb2image.gpu import signs
from nb2image.gpu.code import known_names, signs_of
from nb2image.gpu.traces import metadata_reasons, output_reasons
from nb2image.model import GpuEvidence, GpuNeed, GpuReason, Notebook, Place, Script
from nb2image.requirements.code.imports import script_place

LEVELS: tuple[GpuNeed, ...] = ("none", "optional", "required")


def gpu_evidence(notebook: Notebook, script: Script) -> GpuEvidence:
    """The need with every reason for it, the strongest first, then as they stand.

    Code decides; metadata and outputs alone never make more of it than optional. Cells that are
    left out of the script do not count. Pure: nothing is executed.
    """
    in_metadata, gpu_type = metadata_reasons(notebook.metadata_json)
    in_outputs, torch, driver, shown = output_reasons(notebook.cells)
    reasons = unique([*code_reasons(script), *line_reasons(script), *in_metadata, *in_outputs])
    ordered = sorted(reasons, key=lambda r: -LEVELS.index(r.level))
    return GpuEvidence(
        need=ordered[0].level if ordered else "none",
        reasons=tuple(ordered),
        torch=torch,
        driver=driver,
        gpu_type=gpu_type or shown,
    )


def code_reasons(script: Script) -> Iterator[GpuReason]:
    """What the code of the script and of its own modules tells."""
    parsed: list[tuple[ast.Module, int, int, str]] = []
    for cell in script.cells:
        if not cell.left_out and not cell.broken and (tree := parse(cell.source)) is not None:
            parsed.append((tree, cell.number, cell.first_line, ""))
    for module in script.local_modules:
        if (tree := parse(module.source)) is not None:
            parsed.append((tree, 0, 0, module.path))
    known = known_names(tree for tree, *_ in parsed)
    for tree, number, first_line, file in parsed:
        try:
            found = signs_of(tree, known)
        except RecursionError:
            continue  # an expression of a thousand levels: no person wrote it
        for level, message, line in found:
            if file:
                place = Place(file=file, line=line)
            else:
                place = script_place(script, number, first_line, line)
            yield GpuReason(level=level, message=message, place=place)


def line_reasons(script: Script) -> Iterator[GpuReason]:
    """What shell lines tell."""
    for name, place in script.programs:
        level = signs.GPU_PROGRAMS.get(name)
        if level is not None:
            yield GpuReason(level=level, message=f"runs {name}", place=place)


def parse(source: str) -> ast.Module | None:
    """The syntax tree of some code, None where it is none."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def unique(reasons: Iterable[GpuReason]) -> list[GpuReason]:
    """One reason a message and cell: the first."""
    found: dict[tuple[object, ...], GpuReason] = {}
    for reason in reasons:
        place = reason.place or Place()
        found.setdefault((reason.message, place.cell, place.file), reason)
    return list(found.values())
