"""Puts the cells one below the other, each under its marker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nb2image.model import Cell, Place, ScriptCell
from nb2image.notebook.piece import Piece
from nb2image.notebook.text import Line, Lines, comment, joined, own
from nb2image.options import Options


def left_out(cell: Cell, options: Options) -> str:
    """Why a cell is not in the script; empty when it is."""
    if options.until_cell is not None and cell.number > options.until_cell:
        return f"after cell {options.until_cell}, with --until"
    if cell.number in options.skip_cells:
        return "with --skip-cells"
    for tag in ("nb2image-skip", "skip-execution"):
        if tag in cell.tags:
            return f"tag {tag}"
    return ""


def assembled(
    cells: Sequence[Cell],
    options: Options,
    pieces: Mapping[int, Piece],
    top: Lines,
) -> tuple[Lines, tuple[ScriptCell, ...]]:
    """All lines of the script, and where each code cell stands among them."""
    lines: list[Line] = list(top)
    placed: list[ScriptCell] = []
    for cell in cells:
        if not cell.source.strip() or cell.kind == "raw":
            continue
        place = Place(cell=cell.number, line=1)
        lines += own("")
        if cell.kind == "markdown":
            lines += (*own("# %% [markdown]"), *comment(cell.source, place))
            continue
        reason = left_out(cell, options)
        broken = cell.number in pieces and pieces[cell.number].broken
        if reason:
            lines += comment(f"%% [cell {cell.number}] left out: {reason}", place)
            body: Lines = ()
        else:
            lines += own(f"# %% [cell {cell.number}]", place)
            body = commented(cell) if broken else trimmed(pieces[cell.number].lines)
        first = len(lines) + 1
        lines += body
        placed.append(
            ScriptCell(
                number=cell.number,
                source=cell.source if reason or broken else joined(body),
                first_line=first,
                last_line=max(len(lines), first),
                broken=broken,
                left_out=bool(reason),
            )
        )
    return tuple(lines), tuple(placed)


def commented(cell: Cell) -> Lines:
    """A cell that is not Python, as comments."""
    return tuple(
        line
        for number, text in enumerate(cell.source.rstrip().split("\n"), 1)
        for line in comment(text, Place(cell=cell.number, line=number))
    )


def trimmed(lines: Lines) -> Lines:
    """Without empty lines at both ends."""
    kept = list(lines)
    while kept and not kept[0].text.strip():
        kept.pop(0)
    while kept and not kept[-1].text.strip():
        kept.pop()
    return tuple(kept)
