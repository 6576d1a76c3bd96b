"""What ``verify`` does with an image, a context or a notebook, up to the report."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nb2image.errors import OptionError, RunError
from nb2image.events import Emit, Noticed
from nb2image.model import Finding, Place, Report
from nb2image.options import Options
from nb2image.proof.prove import Conditions
from nb2image.services import Services

if TYPE_CHECKING:
    from nb2image.pipeline import Conversion

NOTEBOOKS = (".ipynb", ".py", ".md")
FIXES = 3
"""How often a conversion is mended and tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What is to be proved, and how."""

    subject: str
    """An image's reference, a context's folder or a notebook's path."""
    folder: Path | None = None
    """Where the report goes; None for the context's own, and none for an image."""
    tag: str = ""
    conditions: Conditions = field(default_factory=Conditions)
    options: Options = field(default_factory=Options)
    fix: bool = False
    html: bool = False
    stamp: bool = False


def verify(asked: Verification, services: Services, emit: Emit) -> Report:
    """Build what is not built yet, run it and compare. Raises the errors of the stages.

    A script that fails, or shows something else, is no error here: ``refuse`` makes it one.
    """
    from nb2image import pipeline
    from nb2image.project.context import read_context

    path = Path(asked.subject)
    if path.is_file() and path.suffix in NOTEBOOKS:
        conversion = pipeline.Conversion(
            notebook=path,
            context=asked.folder,
            tag=asked.tag,
            proof=asked,
        )
        if asked.fix:
            return convert_and_fix(conversion, asked.options, services, emit)
        return pipeline.convert(conversion, asked.options, services, emit)
    if asked.fix:
        raise OptionError(
            f"--fix converts again, and {asked.subject} is no notebook",
            code="option-invalid",
            hint="name the notebook instead",
        )
    if path.is_dir():
        plan = read_context(path)
        image = pipeline.build(path, services, emit, tag=asked.tag)
        report = Report(
            notebook=plan.notebook,
            context=str(path),
            plan_digest=plan.digest,
            image=image,
            findings=(*plan.script.findings, *plan.requirements.findings, *plan.findings),
        )
        return prove_built(report, image.subject, asked, services, emit, asked.folder or path)
    if path.suffix in NOTEBOOKS:
        raise OptionError(
            f"there is no notebook {asked.subject}",
            code="notebook-missing",
            hint="name a notebook, a folder that convert wrote, or an image",
        )
    report = Report(notebook="", image=None)
    return prove_built(report, asked.subject, asked, services, emit, asked.folder)


def prove_built(
    report: Report,
    image: str,
    asked: Verification,
    services: Services,
    emit: Emit,
    folder: Path | None,
) -> Report:
    """Run a built image, compare, and write the report to ``folder`` where there is one."""
    from nb2image import pipeline
    from nb2image.proof.stamp import stamp_image
    from nb2image.report.pages import write_pages

    with tempfile.TemporaryDirectory(prefix="nb2image-") as temporary:
        figures = Path(temporary)
        plan, notebook, verdict = pipeline.verify(
            image, asked.conditions, services, emit, figures=figures
        )
        report = replace(
            report,
            notebook=report.notebook or plan.notebook,
            plan_digest=report.plan_digest or plan.digest,
            verdict=verdict,
        )
        if asked.stamp:
            stamp_image(image, verdict, services.environ)
        if folder is not None:
            write_pages(folder, report, plan, notebook, figures, html=asked.html)
    return report


def refuse(report: Report, require: str) -> None:
    """Raise RunError when the verdict is not what ``require`` (ran, reproduced) asks for."""
    verdict = report.verdict
    if verdict is None or (verdict.ran and require == "ran") or verdict.proved:
        return
    if verdict.failure is not None:
        failure = verdict.failure
        raise RunError(
            f"the image ran and failed: {failure.message}",
            code=failure.code,
            hint=failure.hint,
            where=Place(cell=failure.cell, line=failure.line) if failure.cell else None,
            details=(failure.error,) if failure.error else (),
        )
    cells = [c.cell for c in verdict.cells if c.grade in ("differs", "not-reached")]
    shown = ", ".join(map(str, cells[:8])) + ("…" if len(cells) > 8 else "")
    raise RunError(
        f"the image runs, but {len(cells)} of its cells show something else than the notebook:"
        f" {'cell' if len(cells) == 1 else 'cells'} {shown}",
        code="not-reproduced",
        hint="see the report; if the image is as you want it, say so with --require ran",
        where=Place(cell=cells[0]),
    )


def convert_and_fix(asked: Conversion, options: Options, services: Services, emit: Emit) -> Report:
    """Convert, and convert again with what the failed run lacked, ``FIXES`` times at most.

    What was added, and how the requirements changed, is noticed and in the report's findings.
    """
    from nb2image import pipeline
    from nb2image.project.context import read_context
    from nb2image.report import write_report
    from nb2image.requirements.system import system_table
    from nb2image.verify.remedy import difference, remedy

    table = system_table()

    report = pipeline.convert(asked, options, services, emit)
    added: list[Finding] = []
    for _ in range(FIXES):
        failure = report.verdict.failure if report.verdict else None
        if failure is None:
            break
        better = remedy(failure, options, libraries=table.libraries, programs=table.programs)
        if better is None:
            break
        before = read_context(Path(report.context))
        options, asked = better, replace(asked, force=True)
        report = pipeline.convert(asked, options, services, emit)
        changes = difference(before, read_context(Path(report.context)))
        finding = Finding(
            severity="warning",
            code="fixed",
            message=f"{failure.message}: converted again with {', '.join(changes) or 'no change'}",
            place=Place(cell=failure.cell, line=failure.line) if failure.cell else None,
        )
        added.append(finding)
        emit(Noticed(stage="verify", finding=finding))
    if added:
        report = replace(report, findings=(*report.findings, *added))
        write_report(Path(report.context), report)
    return report
