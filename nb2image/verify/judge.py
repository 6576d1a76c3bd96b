"""The verdict on an image: every cell of the notebook against one run or more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nb2image.model import Cell, Notebook, Script
from nb2image.model.verdict import CellRun, CellVerdict
from nb2image.verify.cells import ReadFile, judge_cell
from nb2image.verify.text import match_text


@dataclass(frozen=True, slots=True)
class Witnessed:
    """One run: what each cell showed, and a way to read the figures."""

    cells: tuple[CellRun, ...]
    read: ReadFile


def judge(
    notebook: Notebook, script: Script, runs: Sequence[Witnessed], rtol: float
) -> tuple[CellVerdict, ...]:
    """The verdict on each code cell that is not empty.

    The first run is compared with the notebook; the others only tell which cells never show the
    same twice.
    """
    first = {cell.cell: cell for cell in runs[0].cells}
    parts = {cell.number: cell for cell in script.cells}
    installing = {install.place.cell for install in script.installs}
    saved_any = any(cell.outputs for cell in notebook.cells)
    verdicts = []
    for cell in notebook.cells:
        if cell.kind != "code" or not cell.source.strip():
            continue
        part = parts.get(cell.number)
        if part is None or part.left_out:
            verdicts.append(not_comparable(cell, "left out of the script"))
        elif part.broken:
            verdicts.append(not_comparable(cell, "not Python"))
        elif not saved_any:
            verdicts.append(not_comparable(cell, "the notebook was saved without outputs"))
        elif cell.number not in first:
            verdicts.append(unreached(cell))
        elif not cell.outputs and cell.execution_count is None:
            verdicts.append(not_comparable(cell, "not executed in the notebook"))
        else:
            verdict = judge_cell(
                cell,
                first[cell.number],
                runs[0].read,
                rtol,
                installs=cell.number in installing,
            )
            verdicts.append(settled(verdict, runs, rtol))
    return tuple(verdicts)


def settled(verdict: CellVerdict, runs: Sequence[Witnessed], rtol: float) -> CellVerdict:
    """The verdict once it is known what the cell shows in other runs."""
    if verdict.grade != "differs" or not any(
        varies(verdict.cell, runs[0], run, rtol) for run in runs[1:]
    ):
        return verdict
    why = "random or dependent on time: two runs show different things"
    return replace(verdict, grade="not-comparable", why=why)


def varies(cell: int, first: Witnessed, again: Witnessed, rtol: float) -> bool:
    """Whether a cell shows different things in two runs."""
    found = [next((c for c in run.cells if c.cell == cell), None) for run in (first, again)]
    one, other = found
    if one is None or other is None:
        return False
    if len(one.shown) != len(other.shown) or len(one.figures) != len(other.figures):
        return True
    texts = [(one.printed, other.printed)]
    texts += [
        (a.html or a.text, b.html or b.text) for a, b in zip(one.shown, other.shown, strict=True)
    ]
    if any(match_text(a, b, rtol).grade == "differs" for a, b in texts):
        return True
    figures = zip(one.figures, other.figures, strict=True)
    return any(first.read(a) != again.read(b) for a, b in figures)


def not_comparable(cell: Cell, why: str) -> CellVerdict:
    """A cell that has nothing to be compared with."""
    return CellVerdict(cell=cell.number, grade="not-comparable", why=why)


def unreached(cell: Cell) -> CellVerdict:
    """A cell that the run did not come to."""
    return CellVerdict(cell=cell.number, grade="not-reached", why="the run ended before it")
