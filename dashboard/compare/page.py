"""The Compare page: images side by side, the first of them the baseline."""

from __future__ import annotations

import msgspec
import streamlit as st

from dashboard import command_line, links, state
from dashboard.compare import choose, outcome
from dashboard.following import follow
from dashboard.text import escape
from nb2image.jobs import Job
from nb2image.model.comparison import Comparison

EARLIER = 10


def show() -> None:
    """Show what can be compared, and the comparison that the address names."""
    st.title("Compare")
    job = named()
    with st.expander("What to compare", expanded=job is None, icon=":material/deployed_code:"):
        choose.show()
    if job is None:
        show_earlier()
    elif not job.finished:
        follow(job, "Comparing")
        command_line.show(job.request.kind, job.request.arguments)
    else:
        show_finished(job)


def named() -> Job | None:
    """The comparison in the page's address, if there is such a one."""
    number = links.job_in(st.query_params.get("job"))
    if number is None:
        return None
    try:
        job = state.jobs().job(number)
    except KeyError:
        st.warning("There is no such comparison any more.")
        return None
    return job if job.request.kind == "compare" else None


def show_finished(job: Job) -> None:
    """The comparison, or why there is none."""
    found = comparison_of(job)
    if found is not None:
        outcome.show(job, found)
        return
    if job.failure is not None:
        st.error(f"**{escape(job.failure.message)}**", icon=":material/error:")
        if job.failure.hint:
            st.markdown(f"**What to do:** {escape(job.failure.hint)}")
    elif job.state == "cancelled":
        st.warning("Cancelled.", icon=":material/pan_tool:")
    else:
        st.error("The comparison came to no result.", icon=":material/error:")
    st.page_link(
        links.WATCH,
        label="What it printed",
        icon=":material/visibility:",
        query_params={"job": job.id},
    )
    command_line.show(job.request.kind, job.request.arguments)


def comparison_of(job: Job) -> Comparison | None:
    """What the command printed as its result; None when there is none."""
    try:
        return msgspec.json.decode(state.jobs().result(job.id), type=Comparison)
    except (KeyError, msgspec.DecodeError):
        return None


def show_earlier() -> None:
    """Links to the last comparisons."""
    done = [j for j in state.jobs().jobs() if j.request.kind == "compare" and j.state == "done"]
    if not done:
        return
    st.subheader("Earlier comparisons")
    for job in done[:EARLIER]:
        st.page_link(links.COMPARE, label=escape(job.title), query_params={"job": job.id})
