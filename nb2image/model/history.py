"""What was done on this machine, as the history keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Action = Literal["plan", "convert", "build", "run", "verify", "save", "push"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One command, without its log and report, which are read on demand."""

    id: int = 0
    """Given by the history."""
    at: str
    """When it began, ISO 8601 in UTC."""
    action: Action
    notebook: str = ""
    """As the user named it, or as the plan names it."""
    ok: bool
    error: str = ""
    """The slug of the error that ended it."""
    message: str = ""
    seconds: float
    plan_digest: str = ""
    base: str = ""
    """The base image's reference."""
    base_size: int | None = None
    """Its bytes, where the engine told."""
    reference: str = ""
    """The image's name."""
    image_id: str = ""
    size: int | None = None
    """Bytes of the image, unpacked."""
    builder: str = ""
    build_seconds: float | None = None
    """Of the build alone, without finding requirements and running the image."""
    steps: int = 0
    cached_steps: int = 0
    forecast: int | None = None
    """Bytes that were expected before the build."""
    context: str = ""
    """The folder of what was built, absolute; it may be gone or made anew since."""
    command: tuple[str, ...] = ()
    """The command's arguments after ``nb2image``; values of a run's variables are left out."""
    cwd: str = ""
    """Where it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPicture:
    """A figure of a report: the notebook's or the run's, as PNG."""

    name: str
    """``cell3-1-notebook.png``, ``cell3-1-run.png``."""
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryDetail:
    """One command with all that was kept of it."""

    entry: HistoryEntry
    report: str
    """The command's result as JSON; empty when there was none."""
    log: str
    """What the build or run printed; of long ones the beginning is cut."""
    pictures: tuple[HistoryPicture, ...] = ()
    """The figures that the report compares."""
