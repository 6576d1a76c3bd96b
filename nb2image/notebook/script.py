"""Makes train.py out of a notebook."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from nb2image.model import Cell, Finding, LocalModule, Notebook, Place, Script
from nb2image.notebook import head, history, order, workers
from nb2image.notebook.automagic import with_automagic
from nb2image.notebook.display_mode import shown_in
from nb2image.notebook.expand import expand
from nb2image.notebook.files import Files
from nb2image.notebook.layout import assembled, left_out
from nb2image.notebook.local import local_modules, parsed
from nb2image.notebook.names import DISPLAY_WITH_OPTIONS, Facts, facts_of
from nb2image.notebook.parameters import find as find_parameters
from nb2image.notebook.parameters import parser
from nb2image.notebook.piece import Piece, refusal, together
from nb2image.notebook.recognise import Recognised
from nb2image.notebook.refuse import refuse
from nb2image.notebook.scan import look_over, trees_of
from nb2image.notebook.setting import Setting
from nb2image.notebook.shown import shows
from nb2image.notebook.text import joined, own, printable, source_lines
from nb2image.notebook.translate import Manner, translate
from nb2image.options import Options


def make_script(
    notebook: Notebook, options: Options, *, workdir: str, read: Callable[[str], bytes | None]
) -> Script:
    """The notebook as a script.

    ``workdir`` is the notebook's folder and ``read`` reads a file, both project-relative.
    Raises NotebookError with every cell that cannot be converted faithfully, and OptionError for
    options that do not fit the notebook.
    """
    files = Files(workdir=workdir, read=read)
    cells = order.executed(notebook.cells) if options.order == "executed" else notebook.cells
    notebook = replace(notebook, cells=cells)
    expanded = {
        cell.number: expand(source_lines(cell.source, Place(cell=cell.number, line=1)), files)
        for cell in cells
        if cell.kind == "code" and cell.source.strip() and not left_out(cell, options)
    }
    codes = {number: found.code for number, found in expanded.items()}
    parameters = find_parameters(cells, codes, options.parameter_cell)
    facts = {n: tuple(facts_of(tree) for tree in trees_of(code)) for n, code in codes.items()}
    defined = {name for parts in facts.values() for found in parts for name in found.defined}
    for number, code in tuple(codes.items()):
        codes[number] = with_automagic(code, defined)
        if codes[number] is not code:
            facts[number] = tuple(facts_of(tree) for tree in trees_of(codes[number]))
    setting = look_over(
        [f for parts in facts.values() for f in parts],
        parameters,
        options,
        files,
        colab='"colab":' in notebook.metadata_json,
    )
    kept, unknown = values_asked_for(cells, codes, facts, setting)
    pieces = dict(translated(notebook, codes, kept, setting))
    everything = together([*pieces.values(), *asked_by_all(facts, setting)])
    findings = (
        *(problem for found in expanded.values() for problem in found.problems),
        *everything.findings,
        *unknown,
        *order_findings(cells, facts, options),
    )
    refuse(notebook, codes, findings)
    title = printable(notebook.name + ("" if notebook.format == "jupytext" else ".ipynb"))
    top = head.head(everything, setting, setup(everything, setting, options))
    if parameters:
        top = (*top, *own(f"\n\n{parser(parameters, title, setting)}"))
    lines, script_cells = assembled(notebook, options, codes, pieces, top)
    modules = local_modules(
        [found for parts in facts.values() for found in parts],
        setting.scripts,
        everything.written,
        files,
    )
    return Script(
        name=script_name(facts, modules, files),
        notebook=title,
        text=joined(lines),
        lines=tuple(line.place for line in lines),
        cells=script_cells,
        installs=everything.installs,
        programs=tuple({name: (name, at) for name, at in reversed(everything.programs)}.values()),
        parameters=tuple(found.parameter for found in parameters),
        local_modules=modules,
        extra_requirements=extra_requirements(everything),
        findings=findings,
    )


def order_findings(
    cells: Sequence[Cell], facts: Mapping[int, Sequence[Facts]], options: Options
) -> Iterator[Finding]:
    """What the order of the cells may have changed."""
    if options.order == "notebook":
        yield from order.out_of_order([cell for cell in cells if cell.number in facts])
    yield from order.used_too_early(facts)


def script_name(
    facts: Mapping[int, Sequence[Facts]], modules: Sequence[LocalModule], files: Files
) -> str:
    """``train.py``, unless the project or the code has something of that name."""
    named = {
        module.split(".")[0]
        for parts in facts.values()
        for found in parts
        for module in found.modules
    }
    named |= {
        module.split(".")[0]
        for local in modules
        for tree in [parsed(local.source)]
        if tree is not None
        for module in facts_of(tree).modules
    }
    for name in ("train", "train_notebook"):
        if name not in named and files.read_beside(f"{name}.py") is None:
            return f"{name}.py"
    return "notebook_as_script.py"


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
    cells: tuple[Cell, ...],
    codes: Mapping[int, Recognised],
    facts: Mapping[int, Sequence[Facts]],
    setting: Setting,
) -> tuple[dict[int, str], tuple[Finding, ...]]:
    """The names under which cells keep their values for ``Out[n]`` and ``_n``; refusals."""
    meant = history.cells_by_count(cells)
    kept: dict[int, str] = {}
    findings: list[Finding] = []
    for cell, parts in facts.items():
        for tree in (f.tree for f in parts if history.may_be_read(f.used)):
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


def asked_by_all(facts: Mapping[int, Sequence[Facts]], setting: Setting) -> Iterator[Piece]:
    """What the notebook as a whole asks of the head."""
    if displays_too_early(facts):
        if DISPLAY_WITH_OPTIONS in setting.words:
            needed = ("ipython", "display is called with options")
            yield Piece(setup=frozenset({"display"}), extra=(needed,))
        else:
            yield Piece(helpers=frozenset({"display"}))
    if ("os", "chdir") in setting.attributes or "cd" in setting.magics:
        yield Piece(modules=frozenset({"sys"}), setup=frozenset({"current folder"}))


def displays_too_early(facts: Mapping[int, Sequence[Facts]]) -> bool:
    """Whether a cell uses ``display`` before one binds it: in a notebook it is always there."""
    for parts in facts.values():
        if any("display" in found.top for found in parts):
            return False
        if any("display" in found.used for found in parts):
            return True
    return False


def setup(everything: Piece, setting: Setting, options: Options) -> tuple[str, ...]:
    """Statements for the head, each of a few lines."""
    parts: list[str] = []
    if "display" in everything.setup:
        parts.append("from IPython.display import display")
    if "event_loop" in everything.setup:
        parts.append(head.event_loop(setting))
    started = workers.head_lines(setting.words)
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
