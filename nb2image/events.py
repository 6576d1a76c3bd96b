"""What happens while a pipeline runs, as frozen records.

The core emits, a face shows: ``emit: Emit`` is passed explicitly to every stage, because one
dashboard server runs many builds on threads. An event says what, never how it looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from nb2image.model.place import Finding

Stage = Literal[
    "read",
    "script",
    "require",
    "plan",
    "render",
    "build",
    "run",
    "verify",
    "report",
    "inspect",
    "deliver",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStarted:
    """A stage of the pipeline, or a step of a build, begins."""

    kind: Literal["stage-started"] = "stage-started"
    stage: Stage
    step: str = ""
    """Empty for the stage itself; for a build step its name: ``[build 2/4] RUN …``."""
    number: int | None = None
    """n of ``total`` for a build step."""
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFinished:
    """A stage or a build step ends."""

    kind: Literal["stage-finished"] = "stage-finished"
    stage: Stage
    step: str = ""
    seconds: float
    cached: bool = False
    detail: str = ""
    """What came of it, in a few words: ``14 packages``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputLine:
    """A line that a builder or the running image printed, without its line end."""

    kind: Literal["output-line"] = "output-line"
    stage: Stage
    step: str = ""
    stream: Literal["stdout", "stderr"] = "stdout"
    line: str
    end: Literal["\n", "\r", ""] = "\n"
    """What ended it: a carriage return lets the next line overwrite this one (a progress bar),
    nothing means that the line goes on in the next event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a long step is."""

    kind: Literal["progress"] = "progress"
    stage: Stage
    step: str = ""
    done: int
    total: int | None = None
    """None when the end is unknown."""
    unit: Literal["bytes", "packages", "files"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """Something the user should know, as soon as it is known."""

    kind: Literal["noticed"] = "noticed"
    stage: Stage
    finding: Finding


Event = StageStarted | StageFinished | OutputLine | Progress | Noticed
Emit = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The sink for callers who want no events."""
