"""Starts the server: Streamlit with our gate in front of it and our routes beside it."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from dashboard import state, theme
from nb2image.jobs import JobManager
from nb2image.jobs.store import state_folder

MAX_UPLOAD_MB = 50
SCRIPT = Path(__file__).with_name("app.py")


def serve(*, start: Path, host: str, port: int) -> None:
    """Run the server until it is interrupted."""
    folder = state_folder(os.environ)
    jobs = JobManager(folder / "jobs")
    state.configure(jobs, start=start, uploads=folder / "uploads")
    jobs.recover()
    st.App(SCRIPT).run(config=options(host, port))


def options(host: str, port: int) -> dict[str, object]:
    """All options that matter, so that no file of the user's or of the folder's decides them."""
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": MAX_UPLOAD_MB,
        "server.enableXsrfProtection": True,
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "browser.gatherUsageStats": False,
        "logger.hideWelcomeMessage": True,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "type",
        # collecting garbage after every run starves a server with more than a few visitors
        "runner.postScriptGC": False,
        "runner.magicEnabled": False,
        **theme.config(),
    }
