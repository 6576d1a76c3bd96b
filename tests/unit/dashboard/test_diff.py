"""The notebook beside train.py."""

from __future__ import annotations

import pytest

from dashboard.build import diff
from nb2image.model import Cell, Notebook, Script
from nb2image.notebook.script import make_script
from nb2image.options import Options

DEFAULT = Options()


def made(*sources: str, options: Options = DEFAULT) -> tuple[Notebook, Script]:
    """A notebook of code cells and its script."""
    cells = tuple(Cell(number=n, kind="code", source=s) for n, s in enumerate(sources, 1))
    notebook = Notebook(name="a", cells=cells, sha256="", format="4.5")
    return notebook, make_script(notebook, options, workdir="", read=lambda _: None)


def kinds(block: diff.Block) -> list[str]:
    return [row.kind for row in block.rows]


def test_plain_code_is_the_same() -> None:
    """Lines stand beside each other with their numbers on both sides."""
    notebook, script = made("x = 1\ny = 2")
    block = next(b for b in diff.blocks(notebook, script) if b.cell == 1)
    assert kinds(block)[:2] == ["same", "same"]
    row = block.rows[1]
    assert row.left is not None
    assert row.right is not None
    assert (row.left.number, row.left.text) == (2, "y = 2")
    assert script.text.split("\n")[row.right.number - 1] == "y = 2"
    assert block.changes == 0


def test_a_magic_is_changed() -> None:
    """What the script says instead stands beside it."""
    notebook, script = made("x = 1", "%matplotlib inline\nprint(x)")
    block = next(b for b in diff.blocks(notebook, script) if b.cell == 2)
    assert kinds(block)[:2] == ["changed", "same"]
    assert block.changes == 1


def test_a_cell_that_is_left_out() -> None:
    """It is shown as removed, not forgotten."""
    notebook, script = made("x = 1", "y = 2", options=Options(skip_cells=(2,)))
    text = diff.table(diff.blocks(notebook, script))
    assert "y = 2" in text


def test_nothing_of_the_notebook_becomes_markup() -> None:
    """Angle brackets, quotes and ampersands of a cell are text."""
    notebook, script = made('x = "<script>alert(1)</script>" # </td> & "')
    text = diff.table(diff.blocks(notebook, script))
    assert "<script" not in text
    assert "</td> &" not in text


@pytest.mark.parametrize("own", [True, False])
def test_own_lines_fold(own: bool) -> None:
    """What nb2image adds is shown or counted."""
    notebook, script = made("x = 1")
    text = diff.table(diff.blocks(notebook, script), own=own)
    assert "added by nb2image" in text
    assert ("Made by nb2image" in text) is own


def test_a_long_notebook_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page stays usable; how much is not shown is said."""
    monkeypatch.setattr(diff, "MAX_ROWS", 20)
    notebook, script = made("x = 1", "\n".join(f"a{n} = {n}" for n in range(50)))
    assert "more lines are not shown" in diff.table(diff.blocks(notebook, script), own=False)


def test_a_cell_of_thousands_of_lines() -> None:
    """Its two sides are put beside each other without looking for the best match."""
    cell = Cell(number=1, kind="code", source="\n".join("a" * 3000))
    lines = [diff.Side(number=n, text="b") for n in range(1, 3002)]
    rows = list(diff.compared(cell, lines))
    assert len(rows) == 3001
    assert rows[-1].kind == "added"
