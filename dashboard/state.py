"""What all sessions of a server share: its jobs and the folder that it was started in.

Set once before the server runs (by a test: before a page does). Not in ``st.cache_resource``,
which any visitor may empty.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nb2image.history.store import History, place
from nb2image.jobs import JobManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """One server's state."""

    jobs: JobManager
    plans: JobManager
    """Jobs that only look: they wait for no build and stand in no list."""
    start: Path
    """The folder below which notebooks may be opened, resolved."""
    uploads: Path
    """Where uploaded files are kept, each under a random name."""


_shared: list[Shared] = []


def configure(jobs: JobManager, *, plans: JobManager, start: Path, uploads: Path) -> None:
    """Say what this server works with; a later call replaces an earlier one."""
    here = Shared(jobs=jobs, plans=plans, start=start.resolve(), uploads=uploads.resolve())
    _shared[:] = [here]


def shared() -> Shared:
    """This server's state. Raises RuntimeError when the server was not started by nb2image."""
    if not _shared:
        raise RuntimeError("start the dashboard with: nb2image dashboard")
    return _shared[0]


def jobs() -> JobManager:
    """The jobs."""
    return shared().jobs


def plans() -> JobManager:
    """The jobs that only look."""
    return shared().plans


def history() -> History | None:
    """The user's history, or None when it is switched off."""
    path = place(os.environ)
    return History(path) if path else None


def start_folder() -> Path:
    """The folder that the dashboard was started in."""
    return shared().start


def below_start(path: str) -> Path | None:
    """A path that a visitor named, resolved, when it lies below the start folder; else None."""
    start = start_folder()
    try:
        found = (start / path).resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    return found if found.is_relative_to(start) else None
