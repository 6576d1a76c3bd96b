"""The live part of the page: steps and log, fed by the stream of the job's events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from dashboard import theme
from nb2image.jobs import Job

HERE = Path(__file__).parent


def show(job: Job) -> None:
    """Show a job as it goes on; the page runs again when it ends."""
    renderer()(
        key=f"live-{job.id}",
        data={
            "job": job.id,
            "title": job.title,
            "finished": job.finished,
            "record": f"/api/jobs/{job.id}",
            "colours": theme.colours(),
        },
        on_ended_change=lambda: None,
    )


def renderer() -> Any:
    """The component, registered with the server that runs."""
    if not _registered:
        _registered.append(
            st.components.v2.component(
                "nb2image-live",
                html=(HERE / "live.html").read_text("utf-8"),
                css=(HERE / "live.css").read_text("utf-8"),
                js=(HERE / "live.js").read_text("utf-8"),
            )
        )
    return _registered[0]


_registered: list[Any] = []
