"""What the pages of a report show, as plain data: one for Markdown and HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from nb2image.analysis.compare import layer_name
from nb2image.model import BuildPlan, CellVerdict, Notebook, Report
from nb2image.report.pictures import Picture
from nb2image.sizes import amount
from nb2image.summary import evidence

WORDS = {
    "same": "same",
    "close": "close",
    "differs": "differs",
    "not-comparable": "not comparable",
    "not-reached": "not reached",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRow:
    """One cell of the verdict."""

    number: int
    grade: str
    words: str
    why: str
    seconds: str
    source: str
    diffs: tuple[tuple[str, str], ...]
    """(what, diff)."""
    pairs: tuple[tuple[Picture | None, Picture | None], ...]
    """(the notebook's figure, the run's)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A report's page."""

    title: str
    headline: str
    """The verdict in one sentence."""
    good: bool
    facts: tuple[tuple[str, str], ...]
    error: str
    hint: str
    details: tuple[str, ...]
    cells: tuple[CellRow, ...]
    findings: tuple[tuple[str, str, str], ...]
    """(severity, place, message)."""
    packages: tuple[tuple[str, str, str], ...]
    """(name, version, evidence) of what the notebook needs itself."""
    others: tuple[tuple[str, str, str], ...]
    """(name, version, asked for by) of the rest of the lock."""
    system: tuple[tuple[str, str], ...]
    layers: tuple[tuple[str, str], ...]
    """(size, what made it), from the lowest to the topmost."""
    files: tuple[tuple[str, str, str], ...]
    badge: str


def view(
    report: Report, plan: BuildPlan, notebook: Notebook | None, shown: tuple[Picture, ...]
) -> View:
    """The page of a report."""
    versions = {p.name: p.version for p in plan.requirements.locked}
    needed = {d.name for d in plan.requirements.direct}
    sources = {c.number: c.source for c in notebook.cells} if notebook else {}
    cells = report.verdict.cells if report.verdict else ()
    failure = report.verdict.failure if report.verdict else None
    return View(
        title=plan.notebook,
        headline=headline(report),
        good=not report.error and (report.verdict is None or report.verdict.proved),
        facts=tuple(facts(report, plan)),
        error=report.error_message or (failure.message if failure else ""),
        hint=report.error_hint or (failure.hint if failure else ""),
        details=report.error_details or ((failure.error,) if failure and failure.error else ()),
        cells=tuple(cell_row(cell, sources.get(cell.cell, ""), shown) for cell in cells),
        findings=tuple(
            (f.severity, str(f.place) if f.place else "", f.message) for f in report.findings
        ),
        packages=tuple(
            (d.name, versions.get(d.name, ""), evidence(d)) for d in plan.requirements.direct
        ),
        others=tuple(
            (p.name, p.version, ", ".join(p.via))
            for p in plan.requirements.locked
            if p.name not in needed
        ),
        system=tuple((p.name, p.reason) for p in plan.requirements.system),
        layers=tuple(
            (amount(layer.size), layer_name(layer.command) or "not told")
            for layer in (report.image.layers if report.image else ())
        ),
        files=tuple((f.path, amount(f.size), f.reason) for f in plan.files),
        badge=badge(report),
    )


def headline(report: Report) -> str:
    """The verdict in one sentence."""
    verdict = report.verdict
    if report.error:
        return "No image was made."
    if verdict is None:
        return "The image was built; it was not run." if report.image else "No image was built."
    if not verdict.ran:
        cell = verdict.failure.cell if verdict.failure else None
        return "The image runs and fails" + (f" in cell {cell}." if cell else ".")
    if verdict.reproduced is None:
        return "The image runs to its end; the notebook holds no outputs to compare with."
    good = verdict.count("same", "close")
    total = good + verdict.count("differs", "not-reached")
    if verdict.proved:
        cells = "the one cell" if total == 1 else f"all {total} cells"
        return f"The image runs and shows what the notebook shows, in {cells} compared."
    return f"The image runs; {good} of {total} cells show what the notebook shows."


def facts(report: Report, plan: BuildPlan) -> Iterator[tuple[str, str]]:
    """What is worth a line at the top."""
    yield "notebook", f"{plan.notebook} (sha256 {plan.notebook_sha256[:12]})"
    yield "script", plan.script.name
    chosen = report.image.base if report.image else ""
    yield "base image", chosen or plan.base.reference
    reason = plan.requirements.python_reason
    yield "Python", plan.requirements.python + (f" ({reason})" if reason else "")
    needed, locked = len(plan.requirements.direct), len(plan.requirements.locked)
    yield "packages", f"{needed} needed, {locked} in all"
    if report.image:
        yield "image", report.image.reference
        yield "image size", amount(report.image.size)
        yield "built by", f"{report.image.builder}, {report.image.seconds:.1f} s"
    if report.verdict:
        times = f"{report.verdict.runs} runs" if report.verdict.runs > 1 else "1 run"
        yield "run", f"{report.verdict.seconds:.1f} s, {times}"
        if report.verdict.peak_memory:
            yield "memory", f"{amount(report.verdict.peak_memory)} at most"
        yield "numbers", f"close within {report.verdict.rtol:g}, whole ones exactly"
    yield "plan", plan.digest
    yield "nb2image", plan.nb2image


def cell_row(cell: CellVerdict, source: str, shown: tuple[Picture, ...]) -> CellRow:
    """One cell's line and what stands below it."""
    mine = {(p.number, p.side): p for p in shown if p.cell == cell.cell}
    numbers = sorted({number for number, _ in mine})
    return CellRow(
        number=cell.cell,
        grade=cell.grade,
        words=WORDS[cell.grade],
        why=cell.why,
        seconds="" if cell.seconds is None else f"{cell.seconds:.2f}",
        source=source,
        diffs=tuple((c.part, c.diff) for c in cell.compared if c.diff),
        pairs=tuple((mine.get((n, "notebook")), mine.get((n, "run"))) for n in numbers),
    )


def badge(report: Report) -> str:
    """A line of Markdown for a README; no picture from anywhere is fetched for it but by whoever
    shows the page."""
    verdict = report.verdict
    if verdict is None:
        return ""
    if not verdict.ran:
        words, colour = "fails", "red"
    elif verdict.reproduced is None:
        words, colour = "runs", "blue"
    else:
        share = f"{verdict.reproduced:.0%}"
        words, colour = f"{share} reproduced", "brightgreen" if verdict.proved else "orange"
    address = f"https://img.shields.io/badge/nb2image-{quote(words)}-{colour}"
    return f"![nb2image: {words}]({address})"
