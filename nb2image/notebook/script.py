"""Makes train.py out of a notebook."""

from __future__ import annotations

import re
from collections.abc import Callable

from nb2image.errors import NotebookError
from nb2image.model import Cell, Finding, Notebook, Place, Script, ScriptCell
from nb2image.notebook.head import head
from nb2image.notebook.piece import Piece, refusal, together
from nb2image.notebook.recognise import Recognised, recognise
from nb2image.notebook.scan import look_over
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import Line, Lines, comment, joined, own, printable, source_lines
from nb2image.notebook.translate import Manner, translate
from nb2image.options import Options

PYTHON_2 = re.compile(
    r"Missing parentheses in call to '(print|exec)'|multiple exception types must be parenthes"
    r"|leading zeros in decimal integer|invalid hexadecimal literal.*L|repr\(\)"
)


def make_script(
    notebook: Notebook, options: Options, *, workdir: str, read: Callable[[str], bytes | None]
) -> Script:
    """The notebook as a script.

    ``workdir`` is the notebook's folder and ``read`` reads a file, both project-relative.
    Raises NotebookError with every cell that cannot be converted faithfully.
    """
    codes = {
        cell.number: recognise(source_lines(cell.source, Place(cell=cell.number, line=1)))
        for cell in notebook.cells
        if cell.kind == "code" and cell.source.strip() and not left_out(cell, options)
    }
    setting = look_over(tuple(codes.values()), workdir, read)
    pieces = {n: translate(code, setting, Manner()) for n, code in codes.items()}
    everything = together(pieces.values())
    refuse(notebook, codes, everything.findings)
    lines, cells = assembled(notebook, options, codes, pieces, setting, everything)
    return Script(
        name="train.py",
        notebook=printable(notebook.name + ("" if notebook.format == "jupytext" else ".ipynb")),
        text=joined(lines),
        lines=tuple(line.place for line in lines),
        cells=cells,
        installs=everything.installs,
        local_modules=everything.written,
        extra_requirements=extra_requirements(everything),
        findings=everything.findings,
    )


def extra_requirements(asked: Piece) -> tuple[tuple[str, str], ...]:
    """(distribution, reason) of what the script needs beside the notebook's own imports."""
    if not asked.shell:
        return asked.extra
    return tuple(sorted({*asked.extra, ("ipython", f"a real shell runs {asked.shell[0]}")}))


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


def refuse(notebook: Notebook, codes: dict[int, Recognised], findings: tuple[Finding, ...]) -> None:
    """Raise NotebookError when something cannot be converted, or the code is Python 2."""
    old = [number for number, code in codes.items() if PYTHON_2.search(code.error)]
    if old and (not notebook.python_version.startswith("3") or len(old) * 2 > len(codes)):
        places = tuple(
            refusal("python-2", f"Python 2 code: {codes[n].error}", Place(cell=n)).findings[0]
            for n in old
        )
        raise NotebookError(
            f"the notebook is Python 2 code, in {cells_in_words(old)}",
            code="python-2",
            hint="convert it first, for example with 2to3 or by hand: Python 2 ended in 2020",
            where=Place(cell=old[0]),
            findings=places,
        )
    errors = tuple(f for f in findings if f.severity == "error")
    if errors:
        raise NotebookError(
            "the notebook cannot be converted faithfully",
            code=errors[0].code,
            hint=errors[0].hint or "change these cells, or leave them out with --skip-cells",
            where=errors[0].place,
            findings=errors,
        )


def cells_in_words(numbers: list[int]) -> str:
    """``cell 3`` or ``cells 3, 5 and 2 more``."""
    if len(numbers) == 1:
        return f"cell {numbers[0]}"
    shown = ", ".join(str(n) for n in numbers[:4])
    return f"cells {shown}" + (f" and {len(numbers) - 4} more" if len(numbers) > 4 else "")


def assembled(
    notebook: Notebook,
    options: Options,
    codes: dict[int, Recognised],
    pieces: dict[int, Piece],
    setting: Setting,
    everything: Piece,
) -> tuple[Lines, tuple[ScriptCell, ...]]:
    """All lines of the script, and where each code cell stands among them."""
    lines: list[Line] = list(head(everything, setting))
    cells: list[ScriptCell] = []
    for cell in notebook.cells:
        if not cell.source.strip() or cell.kind == "raw":
            continue
        place = Place(cell=cell.number, line=1)
        lines += own("")
        if cell.kind == "markdown":
            lines += (*own("# %% [markdown]"), *comment(cell.source, place))
            continue
        reason = left_out(cell, options)
        code = codes.get(cell.number)
        broken = code is not None and code.tree is None and code.magic is None
        if reason:
            lines += comment(f"%% [cell {cell.number}] left out: {reason}", place)
            body: Lines = ()
        else:
            lines += own(f"# %% [cell {cell.number}]", place)
            body = commented(cell) if broken else trimmed(pieces[cell.number].lines)
        first = len(lines) + 1
        lines += body
        cells.append(
            ScriptCell(
                number=cell.number,
                source=cell.source if reason or broken else joined(body),
                first_line=first,
                last_line=max(len(lines), first),
                broken=broken,
                left_out=bool(reason),
            )
        )
    return tuple(lines), tuple(cells)


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
