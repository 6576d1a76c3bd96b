"""Compares one cell's saved outputs with what it showed in the run."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from nb2image.model import Cell, Output
from nb2image.model.verdict import CellRun, CellVerdict, Compared, Grade, Shown
from nb2image.verify.figures import Unreadable, compare_figures, decoded
from nb2image.verify.normal import no_codes
from nb2image.verify.tables import compare_tables, read_html
from nb2image.verify.text import compare_text, match_text, text_diff

ReadFile = Callable[[str], bytes | None]
"""The bytes of an output of the run by its path; None when it cannot be read."""

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
WIDGET = "a widget"
INTERACTIVE = {
    "application/vnd.jupyter.widget-view+json": WIDGET,
    "application/vnd.plotly.v1+json": "an interactive figure",
    "application/vnd.bokehjs_exec.v0+json": "an interactive figure",
    "application/vnd.bokehjs_load.v0+json": "an interactive figure",
    "application/vnd.holoviews_exec.v0+json": "an interactive figure",
    "application/vnd.holoviews_load.v0+json": "an interactive figure",
    "application/vnd.vegalite.v4+json": "an interactive figure",
    "application/vnd.vegalite.v5+json": "an interactive figure",
    "application/vnd.vega.v5+json": "an interactive figure",
    "application/javascript": "JavaScript",
    "image/svg+xml": "a drawing (SVG)",
    "application/pdf": "a PDF",
    "video/mp4": "a video",
    "audio/wav": "a sound",
}
INLINE_PICTURE = re.compile(
    r"(?:<div[^<>]{0,200}>)?<img\b[^<>]{0,200}?\bsrc=[\"']data:image/(?:png|jpeg);base64,"
    r"([A-Za-z0-9+/=\s]+)[\"'][^<>]{0,200}>(?:</div>)?"
)
PAGED = re.compile(
    r"^[ \t]*(?:%%?(?:prun|lprun|mprun|page|psource|pinfo2?|pdoc|pfile)\b"
    r"|\?{1,2}[\w.]|[\w.]+\?{1,2}[ \t]*$)",
    re.MULTILINE,
)
"""Lines whose output Jupyter shows in a pager, which a notebook does not keep."""
WORST_FIRST: tuple[Grade, ...] = ("differs", "close", "same", "not-comparable")
TABLE_TYPES = ("pandas.", "polars.", "dask.", "modin.", "cudf.")


def judge_cell(
    cell: Cell, run: CellRun, read: ReadFile, rtol: float, *, installs: bool = False
) -> CellVerdict:
    """The verdict on a cell that was reached.

    ``installs`` says that it has install lines, whose work was done when the image was built.
    """
    compared: list[Compared] = []
    saved_text = {name: stream(cell.outputs, name) for name in ("stdout", "stderr")}
    values, pictures, others = displayed(cell.outputs)
    shown = [s for s in run.shown if not is_figure(s) and not is_script(s.html)]
    paged = PAGED.search(cell.source) and not saved_text["stdout"].strip()
    if paged and run.printed.strip():
        why = "what Jupyter shows in a pager is not saved"
        compared.append(Compared(part="printed", grade="not-comparable", how=(why,)))
        # some front ends keep it as a value, with the times of that day
        values = [value for value in values if set(value) != {"text/plain"}]
    elif saved_text["stdout"].strip() or run.printed.strip():
        printed = compare_text("printed", saved_text["stdout"], run.printed, rtol)
        if installs and printed.grade == "differs":
            why = "what an install line prints is not compared"
            printed = Compared(part="printed", grade="not-comparable", how=(why,))
        compared.append(printed)
    if WIDGET in others:
        # what a widget showed lay in the browser, and is not saved
        shown, figures = shown[: len(values)], run.figures[: len(pictures)]
    else:
        figures = run.figures
    compared += compare_values(values, shown, rtol)
    if any(c.grade == "differs" for c in compared) and all_text(cell.outputs):
        # a cell that was shown by other means: the same text, all in all
        everything = compare_text(
            "printed", everything_saved(cell.outputs), everything_shown(run), rtol
        )
        if everything.grade != "differs":
            compared = [everything]
    compared += compare_pictures(pictures, figures, read)
    if others:
        how = tuple(dict.fromkeys(f"{what} is not compared" for what in others))
        compared.append(Compared(part="value", grade="not-comparable", how=how))
    error_saved = any(output.kind == "error" for output in cell.outputs)
    told = run.raised is None and not error_saved  # else a traceback is the error's
    if told and (saved_text["stderr"].strip() or run.warnings.strip()):
        compared.append(compare_warnings(saved_text["stderr"], run.warnings, rtol))
    compared += compare_errors(cell.outputs, run)
    return CellVerdict(
        cell=cell.number,
        grade=overall(compared),
        why=in_words(compared),
        compared=tuple(compared),
        seconds=run.seconds,
        figures=run.figures,
    )


def overall(compared: Sequence[Compared]) -> Grade:
    """The grade of a cell out of those of its parts; a cell that shows nothing is same."""
    grades = {c.grade for c in compared}
    return next((grade for grade in WORST_FIRST if grade in grades), "same")


def in_words(compared: Sequence[Compared]) -> str:
    """What was set aside, or what differs, in a few words."""
    grade = overall(compared)
    told = {
        "printed": "what it prints",
        "value": "a value",
        "table": "a table",
        "figure": "a figure",
        "error": "the error",
        "warnings": "warnings or logs",
    }
    if grade == "differs":
        parts = [c for c in compared if c.grade == "differs"]
        words = [
            f"{told[c.part]} differs" + (f": {', '.join(c.how)}" if c.how else "") for c in parts
        ]
    else:
        words = [how for c in compared if c.grade != "same" for how in c.how]
    return "; ".join(dict.fromkeys(words))


def stream(outputs: Sequence[Output], name: str) -> str:
    """All text of one stream of a cell."""
    return "".join(o.text for o in outputs if o.kind == "stream" and o.stream == name)


def displayed(outputs: Sequence[Output]) -> tuple[list[dict[str, str]], list[str], list[str]]:
    """The saved values by kind, the saved pictures, and what cannot be compared, in words."""
    values, pictures, others = [], [], []
    for output in outputs:
        if output.kind not in ("display", "result"):
            continue
        data = {d.mime: d.text for d in output.data}
        picture = next((data[mime] for mime in PICTURES if mime in data), None)
        if picture is not None and "text/latex" in data:
            picture = None  # a formula drawn by sympy: its text says more
        picture = picture or inline_picture(data.get("text/html", ""))
        other = next((words for mime, words in INTERACTIVE.items() if mime in data), None)
        if picture is not None:
            pictures.append(picture)
        elif other is not None:
            others.append(other)
        elif is_script(data.get("text/html", "")):
            others.append("an interactive figure")
        elif data:
            values.append(data)
    return values, pictures, others


def inline_picture(html: str) -> str | None:
    """The picture that a piece of HTML holds and nothing else (matplotlib's notebook backend)."""
    found = INLINE_PICTURE.fullmatch(html.strip())
    return found[1] if found else None


def is_script(html: str) -> bool:
    """Whether a piece of HTML is a program rather than something to read."""
    return "<iframe" in html or ("<script" in html and not read_html(html).tables)


def is_figure(shown: Shown) -> bool:
    """Whether a shown value is a figure, which is compared as a file."""
    library, _, name = shown.type.partition(".")
    return (library == "matplotlib" and name.endswith(".Figure")) or (
        library in ("plotly", "bokeh", "altair", "ipywidgets", "holoviews")
    )


def compare_values(
    saved: Sequence[dict[str, str]], shown: Sequence[Shown], rtol: float
) -> list[Compared]:
    """Compare the values one after the other; None too many nor too few."""
    compared = [compare_value(old, new, rtol) for old, new in zip(saved, shown, strict=False)]
    if len(saved) != len(shown):
        how = f"{len(saved)} values in the notebook, {len(shown)} in the run"
        missing = "\n".join(text_diff(plain(old), "") for old in saved[len(shown) :]) + "\n".join(
            text_diff("", new.text) for new in shown[len(saved) :]
        )
        compared.append(Compared(part="value", grade="differs", how=(how,), diff=missing))
    return compared


def compare_value(saved: dict[str, str], shown: Shown, rtol: float) -> Compared:
    """Compare a saved value with a shown one by what a reader saw of the first."""
    html, text = saved.get("text/html", ""), saved.get("text/plain", "")
    if html and shown.html and (shown.type.startswith(TABLE_TYPES) or not text):
        return compare_tables(html, shown.html, rtol)
    latex = saved.get("text/latex", "")
    if latex and shown.latex:
        written = compare_text("value", text, shown.text, rtol)
        if written.grade != "differs":
            return written
        return compare_text("value", latex, shown.latex, rtol)
    if html and shown.html and text.startswith("<") and text.endswith(">"):
        return compare_tables(html, shown.html, rtol)
    return compare_text("value", text, shown.text, rtol)


def plain(saved: dict[str, str]) -> str:
    """A saved value as text."""
    return saved.get("text/plain") or saved.get("text/markdown") or next(iter(saved.values()), "")


def all_text(outputs: Sequence[Output]) -> bool:
    """Whether everything a cell showed was plain text."""
    return not any(
        d.mime not in ("text/plain",)
        for o in outputs
        if o.kind in ("display", "result")
        for d in o.data
    )


def everything_saved(outputs: Sequence[Output]) -> str:
    """The cell's saved text in the order in which a reader met it."""
    parts = []
    for output in outputs:
        if output.kind == "stream" and output.stream == "stdout":
            parts.append(output.text)
        elif output.kind in ("display", "result"):
            parts += [d.text.rstrip("\n") + "\n" for d in output.data if d.mime == "text/plain"]
    return "".join(parts)


def everything_shown(run: CellRun) -> str:
    """The run's text; values last, where a notebook has them too."""
    return run.printed + "".join(s.text + "\n" for s in run.shown)


def compare_pictures(saved: Sequence[str], files: Sequence[str], read: ReadFile) -> list[Compared]:
    """Compare figures in the order in which they were made."""
    made = [path for path in files if PurePosixPath(path).suffix != ".html"]
    compared = []
    for old, path in zip(saved, made, strict=False):
        data = read(path)
        try:
            old_data = decoded(old)
        except Unreadable as error:
            compared.append(Compared(part="figure", grade="not-comparable", how=(str(error),)))
            continue
        if data is None:
            how = "the run's figure cannot be read"
            compared.append(Compared(part="figure", grade="not-comparable", how=(how,)))
        else:
            compared.append(compare_figures(old_data, data))
    if len(saved) != len(made):
        how = f"{len(saved)} figures in the notebook, {len(made)} in the run"
        compared.append(Compared(part="figure", grade="differs", how=(how,)))
    return compared


def compare_warnings(saved: str, found: str, rtol: float) -> Compared:
    """Compare what went to stderr: warnings, logs and bars, which never make a cell differ."""
    match = match_text(saved, found, rtol)
    if match.grade == "differs":
        how = ("warnings or logs differ",)
        return Compared(part="warnings", grade="close", how=how, diff=text_diff(saved, found))
    return Compared(part="warnings", grade=match.grade, how=match.how)


def compare_errors(outputs: Sequence[Output], run: CellRun) -> list[Compared]:
    """Compare exceptions by type."""
    saved = next((o for o in outputs if o.kind == "error"), None)
    found = run.raised.name if run.raised else error_told(run.warnings) if saved else ""
    if saved is None and not found:
        return []
    expected = saved.error_name if saved else ""
    if expected == found:
        return [Compared(part="error", grade="same")]
    how = f"{expected or 'no error'} in the notebook, {found or 'no error'} in the run"
    return [Compared(part="error", grade="differs", how=(how,))]


def error_told(text: str) -> str:
    """The exception that a traceback in the text ends with; empty for none."""
    for line in reversed(no_codes(text).rstrip().split("\n")):
        name = line.partition(":")[0].strip()
        if name.replace(".", "").replace("_", "").isalnum() and name[:1].isalpha():
            return name.rpartition(".")[2]
    return ""
