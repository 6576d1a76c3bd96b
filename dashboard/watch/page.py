"""The Watch page: one job as it goes on, or the list of all."""

from __future__ import annotations

import time

import streamlit as st

from dashboard import command_line, links, state, theme
from dashboard.text import escape
from dashboard.watch import failure, live, outcome
from nb2image.jobs import Job

LISTED = 50


def show() -> None:
    """Show the job that the address names, else the list."""
    job = named()
    if job is None:
        show_list()
    else:
        show_job(job)


def named() -> Job | None:
    """The job in the page's address, if there is such a one."""
    number = links.job_in(st.query_params.get("job"))
    if number is None:
        return None
    try:
        return state.jobs().job(number)
    except KeyError:
        st.warning("There is no such job any more.")
        return None


def show_list() -> None:
    """Every job, newest first."""
    st.title("Watch")
    jobs = state.jobs().jobs()[:LISTED]
    if not jobs:
        st.write("Nothing was built here yet.")
        st.page_link(links.BUILD, label="Build an image of a notebook", icon=":material/build:")
        return
    for job in jobs:
        with st.container(horizontal=True, vertical_alignment="center", key=f"job-{job.id}"):
            st.page_link(links.WATCH, label=escape(job.title), query_params={"job": job.id})
            st.html(f"{theme.badge(job.state)} <span>{when(job)}</span>", width="content")


def show_job(job: Job) -> None:
    """One job: why it failed above all, then its course."""
    st.title(escape(job.title))
    if job.finished:
        steps = state.jobs().steps(job.id)
        if job.state == "failed":
            failure.show(job, steps)
        else:
            outcome.show(job)
    else:
        show_cancel(job)
    live.show(job)
    command_line.show(job.request.kind, job.request.arguments)
    st.page_link(links.WATCH, label="All jobs", icon=":material/visibility:")


def show_cancel(job: Job) -> None:
    """The button that ends it."""
    cancelling = state.jobs().cancelling(job.id)
    label = "Cancelling…" if cancelling else "Cancel"
    st.button(label, disabled=cancelling, key="cancel", on_click=state.jobs().cancel, args=[job.id])


def when(job: Job) -> str:
    """When it began and how long it took, in words."""
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created))
    if job.started is None or job.ended is None:
        return began
    return f"{began}, {job.ended - job.started:.0f} s"
