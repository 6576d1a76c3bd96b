"""The notebook and train.py side by side: which line of the script stands for which of a cell."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

from nb2image.model import Cell, Notebook, Script

Kind = Literal["same", "changed", "added", "removed", "text", "head"]
MAX_ROWS = 4_000
MAX_COMPARED = 2_000
"""Lines of a cell up to which the two sides are matched; longer ones are put beside each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A line on one side."""

    number: int
    """In the cell, or in the script, from 1."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffRow:
    """One line of the comparison."""

    kind: Kind
    """``head`` is nb2image's own, ``text`` a cell of text that is kept as comments."""
    left: Side | None = None
    right: Side | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What stands together: a cell and its part of the script, or a part that is nobody's."""

    cell: int | None
    title: str
    rows: tuple[DiffRow, ...]

    @property
    def own(self) -> bool:
        """It is nb2image's alone."""
        return all(row.kind == "head" for row in self.rows)

    @property
    def changes(self) -> int:
        """How many lines of code differ."""
        return sum(row.kind in ("changed", "added", "removed") for row in self.rows)


def blocks(notebook: Notebook, script: Script) -> tuple[Block, ...]:
    """The comparison in the order of the script; cells that are not in it stand at the end."""
    cells = {cell.number: cell for cell in notebook.cells}
    found: list[Block] = []
    seen: set[int] = set()
    for number, lines in parts(script):
        cell = cells.get(number) if number is not None and number not in seen else None
        if cell is None:
            rows = tuple(DiffRow(kind="head", right=line) for line in lines)
            if any(line.text.strip() for line in lines):
                found.append(Block(cell=number, title="added by nb2image", rows=rows))
            continue
        seen.add(cell.number)
        found.append(Block(cell=cell.number, title=title(cell), rows=tuple(compared(cell, lines))))
    for cell in notebook.cells:
        if cell.kind == "code" and cell.source.strip() and cell.number not in seen:
            rows = tuple(DiffRow(kind="removed", left=line) for line in numbered(cell.source))
            found.append(Block(cell=cell.number, title="not in the script", rows=rows))
    return tuple(found)


def parts(script: Script) -> Iterator[tuple[int | None, list[Side]]]:
    """The script in runs of lines that come from one cell, its marks left out."""
    lines = [Side(number=n, text=text) for n, text in enumerate(script.text.split("\n"), 1)]
    places = script.lines

    def cell_of(line: Side) -> int | None:
        place = places[line.number - 1] if line.number <= len(places) else None
        return place.cell if place is not None and place.file is None else None

    for number, group in groupby(lines, cell_of):
        yield number, [line for line in group if not line.text.startswith("# %% [cell ")]


def title(cell: Cell) -> str:
    """What a cell is."""
    return "code" if cell.kind == "code" else "text, kept as a comment"


def compared(cell: Cell, lines: Sequence[Side]) -> Iterator[DiffRow]:
    """A cell's lines beside those of the script."""
    left = numbered(cell.source)
    if cell.kind != "code":
        yield from paired("text", left, lines)
        return
    if max(len(left), len(lines)) > MAX_COMPARED:
        yield from paired("changed", left, lines)
        return
    matcher = SequenceMatcher(None, [s.text for s in left], [s.text for s in lines], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            yield from paired("same", left[a:b], lines[c:d])
        else:
            yield from paired("changed", left[a:b], lines[c:d])


def paired(kind: Kind, left: Sequence[Side], right: Sequence[Side]) -> Iterator[DiffRow]:
    """Lines beside each other; where one side is longer, its rest was added or removed."""
    for number in range(max(len(left), len(right))):
        one = left[number] if number < len(left) else None
        other = right[number] if number < len(right) else None
        real: Kind = kind
        if kind == "changed" and (one is None or other is None):
            real = "added" if one is None else "removed"
        yield DiffRow(kind=real, left=one, right=other)


def numbered(text: str) -> list[Side]:
    """The lines of a cell."""
    return [Side(number=n, text=line) for n, line in enumerate(text.split("\n"), 1)]


SIGNS: dict[Kind, str] = {"changed": "~", "added": "+", "removed": "−"}
WORDS: dict[Kind, str] = {"changed": "changed", "added": "added", "removed": "removed"}


def table(found: Iterable[Block], *, own: bool = True) -> str:
    """The comparison as a table of HTML; every text of the notebook is escaped.

    Without ``own``, of nb2image's own lines only their number is told.
    """
    rows: list[str] = []
    left_out = 0
    for block in found:
        if len(rows) + len(block.rows) > MAX_ROWS:
            left_out += len(block.rows)
            continue
        folded = block.own and not own
        name = f"Cell {block.cell}" if block.cell is not None else "train.py"
        note = f"{name}: {block.title}"
        if folded:
            count = len(block.rows)
            note = f"{count} line{'s' * (count != 1)} added by nb2image"
        if block.changes:
            note += f", {block.changes} line{'s' * (block.changes != 1)} changed"
        rows.append(f'<tr><th colspan="5" scope="colgroup">{html.escape(note)}</th></tr>')
        rows += [] if folded else map(table_row, block.rows)
    if left_out:
        rows.append(f'<tr><td colspan="5">{left_out:,} more lines are not shown</td></tr>')
    return (
        '<div class="nb-diff" role="region" aria-label="The notebook beside train.py" '
        'tabindex="0"><table><thead><tr><th scope="col">Line</th><th scope="col">Notebook</th>'
        '<th scope="col">Change</th><th scope="col">Line</th><th scope="col">train.py</th></tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def table_row(row: DiffRow) -> str:
    """One line of the table."""
    left, right = row.left, row.right
    sign = SIGNS.get(row.kind, "")
    change = f'<abbr title="{WORDS[row.kind]}">{sign}</abbr>' if sign else ""
    return (
        f'<tr class="nb-{row.kind}"><td>{left.number if left else ""}</td>'
        f"<td><code>{html.escape(left.text) if left else ''}</code></td><td>{change}</td>"
        f"<td>{right.number if right else ''}</td>"
        f"<td><code>{html.escape(right.text) if right else ''}</code></td></tr>"
    )
