"""Makes train.py out of a notebook."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from nb2image.model import Cell, Finding, Notebook, Place, Script
from nb2image.notebook import head, history, workers
from nb2image.notebook.display_mode import shown_in
from nb2image.notebook.layout import assembled, left_out
from nb2image.notebook.piece import Piece, refusal, together
from nb2image.notebook.recognise import Recognised, recognise
from nb2image.notebook.refuse import refuse
from nb2image.notebook.scan import look_over, trees_of
from nb2image.notebook.setting import Setting
from nb2image.notebook.shown import shows
from nb2image.notebook.text import joined, printable, source_lines
from nb2image.notebook.translate import Manner, translate
from nb2image.options import Options


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
    setting = look_over(tuple(codes.values()), options, workdir, read)
    kept, unknown = values_asked_for(notebook.cells, codes, setting)
    pieces = dict(translated(notebook, codes, kept, setting))
    everything = together([*pieces.values(), *asked_by_all(codes, setting)])
    findings = (*everything.findings, *unknown)
    refuse(notebook, codes, findings)
    top = head.head(everything, setting, setup(everything, codes, setting, options))
    lines, cells = assembled(notebook, options, codes, pieces, top)
    return Script(
        name="train.py",
        notebook=printable(notebook.name + ("" if notebook.format == "jupytext" else ".ipynb")),
        text=joined(lines),
        lines=tuple(line.place for line in lines),
        cells=cells,
        installs=everything.installs,
        local_modules=everything.written,
        extra_requirements=extra_requirements(everything),
        findings=findings,
    )


def translated(
    notebook: Notebook,
    codes: Mapping[int, Recognised],
    kept: Mapping[int, str],
    setting: Setting,
) -> Iterator[tuple[int, Piece]]:
    """(number, piece) of each code cell that is in the script."""
    modes = shown_in(codes)
    for cell in notebook.cells:
        if cell.number not in codes:
            continue
        manner = Manner(
            shown=modes[cell.number],
            kept_as=kept.get(cell.number, ""),
            may_raise="raises-exception" in cell.tags,
        )
        yield cell.number, translate(codes[cell.number], cell.number, setting, manner)


def values_asked_for(
    cells: tuple[Cell, ...], codes: Mapping[int, Recognised], setting: Setting
) -> tuple[dict[int, str], tuple[Finding, ...]]:
    """The names under which cells keep their values for ``Out[n]`` and ``_n``; refusals."""
    meant = history.cells_by_count(cells)
    kept: dict[int, str] = {}
    findings: list[Finding] = []
    for cell, code in codes.items():
        for tree in trees_of(code):
            findings += history.unsupported(tree, Place(cell=cell), setting.defined)
            for node, count in history.numbers_read(tree, setting.defined).items():
                source = meant.get(count, cell)
                if source != cell and source in codes and has_value(codes[source], setting):
                    kept[source] = f"_{count}"
                    continue
                findings += refusal(
                    "history",
                    f"{ast.unparse(node)}: which value is meant cannot be known",
                    Place(cell=cell, line=node.lineno),
                    "give the value a name in the cell that makes it",
                ).findings
    return kept, tuple(findings)


def has_value(code: Recognised, setting: Setting) -> bool:
    """Whether a cell shows the value of its last expression."""
    return (
        code.tree is not None
        and bool(code.tree.body)
        and shows(code.tree.body[-1], code.lines, setting)
    )


def asked_by_all(codes: Mapping[int, Recognised], setting: Setting) -> Iterator[Piece]:
    """What the notebook as a whole asks of the head."""
    if "display" in setting.used and "display" not in setting.defined:
        yield Piece(helpers=frozenset({"display"}))
    if ("os", "chdir") in setting.attributes or "cd" in setting.magics:
        yield Piece(modules=frozenset({"sys"}), setup=frozenset({"current folder"}))


def setup(
    everything: Piece, codes: Mapping[int, Recognised], setting: Setting, options: Options
) -> tuple[str, ...]:
    """Statements for the head, each of a few lines."""
    parts: list[str] = []
    trees = [tree for code in codes.values() for tree in trees_of(code)]
    if "event_loop" in everything.setup:
        parts.append(head.event_loop(setting))
    started = workers.head_lines(trees)
    if started:
        parts.append(started)
    if "current folder" in everything.setup:
        path = f"{setting.module('sys')}.path"
        parts.append(f'{path}.insert(0, "")  # modules are looked for in the current folder too')
    if options.answers and {"input", "getpass"} & setting.used:
        secret = "getpass" in setting.used
        parts.append("\n" + head.given_answers(options.answers, setting, secret=secret))
    return tuple(parts)


def extra_requirements(asked: Piece) -> tuple[tuple[str, str], ...]:
    """(distribution, reason) of what the script needs beside the notebook's own imports."""
    if not asked.shell:
        return asked.extra
    return tuple(sorted({*asked.extra, ("ipython", f"a real shell runs {asked.shell[0]}")}))
