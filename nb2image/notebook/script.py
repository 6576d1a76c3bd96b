"""Makes train.py out of a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from nb2image.model import LocalModule, Notebook, Place, Script
from nb2image.notebook import history, order
from nb2image.notebook.display_mode import shown_in
from nb2image.notebook.files import Files
from nb2image.notebook.gather import Gathered, gather
from nb2image.notebook.head import asked_by_all, head
from nb2image.notebook.layout import assembled
from nb2image.notebook.local import local_modules, parsed
from nb2image.notebook.names import facts_of
from nb2image.notebook.piece import Piece, together
from nb2image.notebook.refuse import check, refuse
from nb2image.notebook.scan import look_over
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import joined, printable
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
    gathered = gather(notebook, options, files)
    colab = '"colab":' in notebook.metadata_json
    setting = look_over(gathered.all_facts, gathered.parameters, options, files, colab=colab)
    kept = history.values_asked_for(gathered.cells, gathered.codes, gathered.facts, setting)
    pieces = dict(translated(gathered, kept.names, setting))
    asked = together([*pieces.values(), asked_by_all(gathered.facts, setting)])
    ordered = order.findings(gathered.cells, gathered.facts, options)
    findings = (*gathered.problems, *asked.findings, *kept.findings, *ordered)
    refuse(notebook, gathered.codes, findings)
    title = printable(notebook.name + ("" if notebook.format == "jupytext" else ".ipynb"))
    top = head(asked, gathered.parameters, title, setting, options)
    lines, cells = assembled(gathered.cells, options, pieces, top)
    check(lines)
    modules = local_modules(gathered.all_facts, setting.scripts, asked.written, files)
    return Script(
        name=script_name(gathered, modules, files),
        notebook=title,
        text=joined(lines),
        lines=tuple(line.place for line in lines),
        cells=cells,
        installs=asked.installs,
        programs=each_once(asked.programs),
        parameters=tuple(found.parameter for found in gathered.parameters),
        local_modules=modules,
        extra_requirements=extra_requirements(asked),
        findings=findings,
    )


def translated(
    gathered: Gathered, kept: Mapping[int, str], setting: Setting
) -> Iterator[tuple[int, Piece]]:
    """(number, piece) of each code cell that is in the script."""
    modes = shown_in(gathered.codes)
    for cell in gathered.cells:
        if cell.number not in gathered.codes:
            continue
        manner = Manner(
            shown=modes[cell.number],
            kept_as=kept.get(cell.number, ""),
            may_raise="raises-exception" in cell.tags,
        )
        yield cell.number, translate(gathered.codes[cell.number], cell.number, setting, manner)


def script_name(gathered: Gathered, modules: Sequence[LocalModule], files: Files) -> str:
    """``train.py``, unless the project or the code has something of that name."""
    named = {module.split(".")[0] for facts in gathered.all_facts for module in facts.modules}
    for tree in (parsed(module.source) for module in modules if "train" in module.source):
        if tree is not None:  # most files do not say the word, and reading one takes time
            named |= {module.split(".")[0] for module in facts_of(tree).modules}
    for name in ("train", "train_notebook"):
        if name not in named and files.read_beside(f"{name}.py") is None:
            return f"{name}.py"
    return "notebook_as_script.py"


def each_once(programs: Sequence[tuple[str, Place]]) -> tuple[tuple[str, Place], ...]:
    """Each program at the first place that calls it."""
    first: dict[str, Place] = {}
    for name, place in programs:
        first.setdefault(name, place)
    return tuple(first.items())


def extra_requirements(asked: Piece) -> tuple[tuple[str, str], ...]:
    """(distribution, reason) of what the script needs beside the notebook's own imports."""
    if not asked.shell:
        return asked.extra
    return tuple(sorted({*asked.extra, ("ipython", f"a real shell runs {asked.shell[0]}")}))
