"""What came of a job that did not fail."""

from __future__ import annotations

import msgspec
import streamlit as st

from dashboard import links, state
from dashboard.text import escape
from nb2image.delivery import Delivered
from nb2image.jobs import Job
from nb2image.model import Report
from nb2image.sizes import amount
from nb2image.summary import verdict_lines


def show(job: Job) -> None:
    """Say how it ended and what to do next."""
    match job.state:
        case "done":
            show_result(job)
        case "cancelled":
            st.warning("Cancelled: nothing half-made is left behind.", icon=":material/pan_tool:")
        case "lost":
            st.warning(
                "The dashboard's server ended while this ran, and the job with it.",
                icon=":material/warning:",
            )
    if job.request.form or job.request.notebook:
        edit = "Build again" if job.state != "done" else "Edit and build again"
        if st.button(edit, key="edit"):
            st.switch_page(links.BUILD, query_params={"job": job.id})


def show_result(job: Job) -> None:
    """The image and how it compared with the notebook."""
    report = report_of(job)
    image = report.image if report else None
    if report is None or image is None:
        delivered = delivered_of(job) if job.request.kind in ("save", "push") else None
        where = f"Brought to {escape(delivered.to)}." if delivered else "Done."
        st.success(where, icon=":material/check_circle:")
        if job.request.kind == "compare":
            st.page_link(
                links.COMPARE,
                label="See the comparison",
                icon=":material/bar_chart:",
                query_params={"job": job.id},
            )
        return
    st.success(
        f"**{image.reference}** is built: {amount(image.size)}.", icon=":material/check_circle:"
    )
    if report.verdict is not None:
        st.code("\n".join(verdict_lines(report.verdict)), language=None, wrap_lines=True)
    with st.container(horizontal=True):
        st.page_link(
            links.COMPARE,
            label="Compare with others",
            icon=":material/bar_chart:",
            query_params={"image": image.reference},
        )
        st.page_link(links.HISTORY, label="History", icon=":material/history:")


def delivered_of(job: Job) -> Delivered | None:
    """Where an image was saved or pushed to; None when that cannot be told."""
    try:
        return msgspec.json.decode(state.jobs().result(job.id), type=Delivered)
    except (KeyError, msgspec.DecodeError):
        return None


def report_of(job: Job) -> Report | None:
    """What a conversion printed as its result; None when there is none."""
    try:
        return msgspec.json.decode(state.jobs().result(job.id), type=Report)
    except (KeyError, msgspec.DecodeError):
        return None
