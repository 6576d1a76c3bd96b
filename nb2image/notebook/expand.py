"""``%load file`` and ``%run other.ipynb``: other files become part of the cell."""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import dataclass

from nb2image.errors import NotebookError
from nb2image.model import Finding, Place
from nb2image.notebook.calls import magic_of
from nb2image.notebook.edits import Edit, applied, replaced
from nb2image.notebook.files import Files
from nb2image.notebook.piece import refusal
from nb2image.notebook.read import read_notebook
from nb2image.notebook.recognise import CellMagic, Recognised, parse, recognise
from nb2image.notebook.text import Line, Lines, comment, joined, own, source_lines

LOAD = re.compile(r"\s*%load(?:py)?\s+(\S.*)")
SKIPPED = {"nb2image-skip", "skip-execution"}
MAX_DEPTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """A cell with what it loads and runs in its place."""

    code: Recognised
    problems: tuple[Finding, ...] = ()


def expand(lines: Lines, files: Files, above: tuple[str, ...] = ()) -> Expanded:
    """The recognised cell; ``above`` are the notebooks that are being run."""
    place = lines[0].place or Place()
    first = next((line for line in lines if line.text.strip()), lines[0])
    loaded = LOAD.match(first.text)
    if loaded:
        text = loaded[1].strip()
        path = files.inside(text.strip("'\""))
        data = files.read(path) if path is not None else None
        if data is None or path is None:
            why = f"%load {text}: the project has no such file"
            return Expanded(code=recognise(own("pass", place)), problems=problem(why, place))
        content = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").rstrip("\n")
        lines = (*comment(f"%load {text}", place), *source_lines(content, Place(file=path)))
    return notebooks_run(recognise(lines), files, above)


def notebooks_run(code: Recognised, files: Files, above: tuple[str, ...]) -> Expanded:
    """The cell with the cells of every notebook that it runs in the place of its ``%run``."""
    edits: list[Edit] = []
    problems: list[Finding] = []
    for node in code.tree.body if code.tree is not None else ():
        name = notebook_run(magic_of(node))
        if not name:
            continue
        place = code.lines[node.lineno - 1].place or Place()
        path = files.inside(name)
        inner = cells_of(path, name, place, files, above)
        problems += inner.problems
        edits.append(replaced(node, code.lines, inner.code.lines))
    if not edits:
        return Expanded(code=code)
    return Expanded(code=parse(applied(edits, code.lines)), problems=tuple(problems))


def notebook_run(magic: tuple[str, str] | None) -> str:
    """The path in ``%run path.ipynb``; empty for anything else."""
    if magic is None or magic[0] != "run":
        return ""
    try:
        words = [word for word in shlex.split(magic[1]) if not word.startswith("-")]
    except ValueError:
        return ""
    return words[0] if words and words[0].endswith(".ipynb") else ""


def cells_of(
    path: str | None, name: str, place: Place, files: Files, above: tuple[str, ...]
) -> Expanded:
    """The code of another notebook, as lines for the place of its ``%run``."""
    nothing = Recognised(lines=own("pass", place))
    data = files.read(path) if path is not None else None
    if path is None or data is None:
        why = f"%run {name}: the project has no such notebook"
        return Expanded(code=nothing, problems=problem(why, place))
    if path in above or len(above) == MAX_DEPTH:
        why = f"%run {name}: the notebooks run each other without end"
        return Expanded(code=nothing, problems=problem(why, place))
    try:
        other = read_notebook(data, name=posixpath.basename(path))
    except NotebookError as error:
        return Expanded(code=nothing, problems=problem(f"%run {name}: {error.message}", place))
    lines: list[Line] = list(comment(f"%run {name}", place))
    problems: list[Finding] = []
    for cell in other.cells:
        if cell.kind != "code" or not cell.source.strip() or SKIPPED & set(cell.tags):
            continue
        at = Place(cell=cell.number, line=1, file=path)
        inner = expand(source_lines(cell.source, at), files, (*above, path))
        problems += inner.problems
        if inner.code.error:
            problems += problem(f"the cell is not Python ({inner.code.error})", at)
        lines += (*comment(f"{name}, cell {cell.number}", at), *as_python(inner.code))
    lines.append(Line("pass", place))  # what %run runs shows no values
    return Expanded(code=Recognised(lines=tuple(lines)), problems=tuple(problems))


def as_python(code: Recognised) -> Lines:
    """The code as Python with calls; a cell magic too becomes the call that IPython makes of it."""
    if code.magic is None:
        return code.lines
    return cell_magic_call(code.magic, code.lines[0].place)


def cell_magic_call(magic: CellMagic, place: Place | None) -> Lines:
    """``get_ipython().run_cell_magic(…)``."""
    body = joined(magic.body)
    return own(f"get_ipython().run_cell_magic({magic.name!r}, {magic.argument!r}, {body!r})", place)


def problem(message: str, place: Place) -> tuple[Finding, ...]:
    """A refusal."""
    return refusal("file-missing", message, place, "add the file, or skip the cell").findings
