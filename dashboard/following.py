"""A job that another page than Watch waits for: what it does now, how long, and how to end it."""

from __future__ import annotations

import time

import streamlit as st

from dashboard import links, state
from dashboard.text import escape
from nb2image.jobs import Job

EVERY = 0.5
"""Seconds between two looks."""
WIDEST = 80
"""Characters of what a job does now."""


def follow(job: Job, doing: str) -> None:
    """Show a job that is not finished; the page runs again when it ends."""

    @st.fragment(run_every=EVERY)
    def look() -> None:
        now = state.jobs().job(job.id)
        if now.finished:
            st.rerun()
        begun = now.started or now.created
        step = current(now)
        st.progress(
            step[1],
            text=f"{doing}… {escape(cut(step[0]))} ({time.time() - begun:.0f} s)",
        )
        cancelling = state.jobs().cancelling(job.id)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Cancelling…" if cancelling else "Cancel",
                disabled=cancelling,
                key=f"cancel-{job.id}",
                on_click=state.jobs().cancel,
                args=[job.id],
            )
            st.page_link(
                links.WATCH,
                label="Watch its log",
                icon=":material/visibility:",
                query_params={"job": job.id},
            )

    look()


def cut(text: str) -> str:
    """Text that fits a line."""
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def current(job: Job) -> tuple[str, float]:
    """What the job does now, and how far it is where it says so."""
    if job.state == "queued":
        return "it waits for its turn", 0.0
    steps = state.jobs().steps(job.id).all()
    running = [step for step in steps if step.state == "running"]
    if not running:
        return "it begins" if not steps else steps[-1].title, 0.0
    step = running[-1]
    words = step.title if step.title == step.stage else f"{step.stage} {step.title}"
    if step.done is not None and step.size:
        return words, min(step.done / step.size, 1.0)
    if step.number and step.total:
        return words, (step.number - 1) / step.total
    return words, 0.0
