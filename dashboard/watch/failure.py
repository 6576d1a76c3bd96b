"""Why a job failed, where, and what to do: above everything else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import streamlit as st

from dashboard import links, state
from dashboard.text import escape, sentence
from nb2image.errors import Nb2ImageError
from nb2image.jobs import Job
from nb2image.jobs.fix import Fix, suggest
from nb2image.jobs.job import Failure
from nb2image.jobs.place import failed_step, instruction
from nb2image.jobs.steps import Steps
from nb2image.model import Report
from nb2image.requirements.system import system_table
from nb2image.terminal import clean

AROUND = 2
"""Lines of the Dockerfile that are shown before and after the one at fault."""
MAX_SHOWN = 400_000
"""Bytes of a file that is shown in part; a larger one was not made by nb2image."""


def show(job: Job, steps: Steps) -> None:
    """Say what went wrong."""
    failure = job.failure or Failure(
        code="error",
        message=f"the command ended with exit status {job.exit_code}",
        hint="its last words are in the log",
    )
    st.error(f"**{escape(sentence(failure.message))}**", icon=":material/error:")
    if failure.hint:
        st.markdown(f"**What to do:** {escape(failure.hint)}")
    buttons(job, fix_of(job, failure))
    where_it_stands(job, failure, steps)
    for finding in failure.findings[:10]:
        place = f"{finding.place}: " if finding.place else ""
        st.markdown(f"- {escape(place + finding.message)}")
    if failure.details:
        st.caption("Its last words")
        st.code(clean("\n".join(failure.details)), language=None, wrap_lines=True)


def buttons(job: Job, fix: Fix | None) -> None:
    """The ways on: the form with the fix filled in, or as it was."""
    if not job.request.form and not job.request.notebook:
        return
    with st.container(horizontal=True):
        if fix and st.button(fix.label, type="primary", key="fix"):
            st.switch_page(links.BUILD, query_params={"job": job.id, "fix": "1"})
        if st.button("Edit and build again", key="edit"):
            st.switch_page(links.BUILD, query_params={"job": job.id})


def where_it_stands(job: Job, failure: Failure, steps: Steps) -> None:
    """The line of the Dockerfile, or the cell of the notebook."""
    if failure.where and failure.where.cell is not None and not failure.where.file:
        source = cell_source(job, failure.where.cell)
        st.caption(f"In {failure.where} of the notebook")
        if source:
            st.code(source, language="python", line_numbers=True, wrap_lines=True)
        return
    dockerfile = context_file(steps, "Dockerfile")
    step = failed_step(failure.message, steps.all())
    lines = instruction(dockerfile, step) if step else None
    if lines is None:
        return
    # from the line before, where a comment says why the instruction is there
    all_lines = dockerfile.splitlines()
    first = max(1, lines.first - AROUND)
    shown = [
        f"{'>' if lines.first <= n <= lines.last else ' '} {n:4} {all_lines[n - 1]}"
        for n in range(first, min(len(all_lines), lines.last + AROUND) + 1)
    ]
    st.caption(f"Dockerfile, line {lines.first}")
    st.code("\n".join(shown), language=None)


def context_file(steps: Steps, name: str) -> str:
    """A file of the context that the job wrote; empty when it wrote none."""
    for step in steps.all():
        if step.stage == "render" and not step.name and step.detail:
            return small_file(Path(step.detail) / name)
    return ""


def small_file(path: Path) -> str:
    """A file's text; empty when it is not there or larger than such a file can be."""
    try:
        if path.stat().st_size > MAX_SHOWN:
            return ""
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def cell_source(job: Job, number: int) -> str:
    """The source of a cell of the job's notebook as it is now; empty when it cannot be read."""
    from nb2image.notebook.read import read_notebook

    path = Path(job.request.notebook)
    try:
        notebook = read_notebook(path.read_bytes(), name=path.stem, suffix=path.suffix)
    except (OSError, Nb2ImageError):
        return ""
    return next((cell.source for cell in notebook.cells if cell.number == number), "")


def fix_of(job: Job, failure: Failure | None) -> Fix | None:
    """The fix for a job's failure, or None."""
    if failure is None:
        return None
    table = system_table()
    return suggest(failure, wanted(job), libraries=table.libraries, programs=table.programs)


def wanted(job: Job) -> str:
    """What the run lacked, as the job's report says; empty when it does not."""
    try:
        report = msgspec.json.decode(state.jobs().result(job.id), type=Report)
    except (msgspec.DecodeError, KeyError):
        return ""
    lack = report.verdict.failure if report.verdict else None
    return lack.wanted if lack else ""
