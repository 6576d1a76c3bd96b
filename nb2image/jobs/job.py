"""What is asked of a job and what is known of it, as plain data."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nb2image.model.place import Finding, Place

Kind = Literal[
    "convert", "build", "run", "verify", "plan", "rebuild", "inspect", "compare", "save", "push",
    "doctor",
]  # fmt: skip
"""The nb2image command that the job runs."""
State = Literal["queued", "running", "done", "failed", "cancelled", "lost"]
FINISHED: frozenset[State] = frozenset({"done", "failed", "cancelled", "lost"})
ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A command of nb2image to run."""

    kind: Kind
    arguments: tuple[str, ...] = ()
    """What follows the command's name, as on the command line, without ``--json``."""
    folder: str
    """The absolute folder that the command runs in."""
    notebook: str = ""
    """The notebook, as the history names it: an absolute path; empty when there is none."""
    title: str = ""
    """What to call the job: the notebook's name, an image's tag."""
    form: Mapping[str, Any] = field(default_factory=dict)
    """What the form held, as JSON values, so that a build can be repeated or edited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process, told from a later one of the same number by when it began."""

    pid: int
    started: str
    """As the system tells it: opaque, only to be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The error that ended a job, as the command told it; see ``Nb2ImageError``."""

    code: str
    message: str
    hint: str = ""
    where: Place | None = None
    findings: tuple[Finding, ...] = ()
    details: tuple[str, ...] = ()
    exit_code: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTime:
    """How long a finished stage took."""

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job, as its file keeps it."""

    id: str
    request: JobRequest
    state: State = "queued"
    created: float
    """Seconds since the epoch, as all times of a job."""
    started: float | None = None
    ended: float | None = None
    exit_code: int | None = None
    """The command's exit status; negative for a signal."""
    child: Process | None = None
    """The leader of the job's process group, while it runs."""
    owner: Process | None = None
    """The server that runs the job and keeps its log."""
    failure: Failure | None = None
    stages: tuple[StageTime, ...] = ()
    """The stages that came to their end, so that the next build knows what to expect."""

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in FINISHED

    @property
    def title(self) -> str:
        """What to call it."""
        return self.request.title or self.request.notebook or self.id


def new_id(now: float) -> str:
    """A name for a job: sorts by time, cannot be guessed, is safe in a path and in a URL."""
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime(now)) + secrets.token_hex(4)


def is_id(text: str) -> bool:
    """Whether the text has the form of a job's id; anything else never becomes a path."""
    return ID.fullmatch(text) is not None
