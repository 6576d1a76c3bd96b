"""The steps of a build as they go by: from what a parser reads to events."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from nb2image.events import Emit, OutputLine, Progress, StageFinished, StageStarted
from nb2image.terminal import clean

KEPT_LINES = 20
LONGEST_LINE = 4000
NUMBERED = re.compile(r"^\[(?:[^\]]*\s)?(\d+)/(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The step that ended a build."""

    step: str
    """``[build 2/4] RUN …``; empty when the build failed outside a step."""
    message: str
    """What BuildKit says."""
    lines: tuple[str, ...] = ()
    """The last lines that the step printed."""


@dataclass(slots=True)
class Step:
    """One vertex of the build graph."""

    name: str
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    started: bool = False
    done: bool = False
    cached: bool = False
    error: str = ""
    progress: dict[str, tuple[int, int]] = field(default_factory=dict)


class Steps:
    """Keeps the state of each step and emits what changes.

    The parsers call it with the key that their format uses for a step; a step is announced once
    and finished once, whatever is repeated.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._steps: dict[str, Step] = {}
        self._ended: list[str] = []
        """Plain lines outside all steps: the client's own last words."""

    def name(self, key: str, name: str) -> None:
        """A step exists."""
        self._steps.setdefault(key, Step(name=clean(name)))

    def start(self, key: str) -> None:
        """A step begins to work."""
        step = self._steps.get(key)
        if step is None or step.started:
            return
        step.started = True
        number, total = position(step.name)
        self._emit(StageStarted(stage="build", step=step.name, number=number, total=total))

    def line(self, key: str, text: str) -> None:
        """A step printed a line. Carriage returns rewrite it: what stands last is kept."""
        step = self._steps.get(key)
        text = clean(text.rstrip("\r\n").rpartition("\r")[2][:LONGEST_LINE])
        if step is None or not text:
            return
        step.lines.append(text)
        self._emit(OutputLine(stage="build", step=step.name, line=text))

    def progress(self, key: str, part: str, done: int, total: int) -> None:
        """A part of a step (a layer, the context) has moved this many bytes."""
        step = self._steps.get(key)
        if step is None or step.progress.get(part) == (done, total):
            return
        step.progress[part] = (done, total)
        sums = [sum(values) for values in zip(*step.progress.values(), strict=True)]
        event = Progress(
            stage="build",
            step=step.name,
            done=sums[0],
            total=sums[1] if sums[1] >= sums[0] else None,
            unit="bytes",
        )
        self._emit(event)

    def finish(self, key: str, *, seconds: float, cached: bool = False) -> None:
        """A step is done."""
        step = self._steps.get(key)
        if step is None or step.done:
            return
        self.start(key)
        step.done, step.cached = True, cached
        self._emit(StageFinished(stage="build", step=step.name, seconds=seconds, cached=cached))

    def fail(self, key: str, message: str) -> None:
        """A step failed."""
        step = self._steps.get(key)
        if step is not None and not step.error:
            step.error = clean(message)

    def say(self, text: str) -> None:
        """The client said something outside all steps."""
        if text.strip():
            self._ended = [*self._ended[-KEPT_LINES:], clean(text.strip())]

    @property
    def counted(self) -> tuple[int, int]:
        """How many numbered steps are done, and how many of them came from the cache."""
        done = [s for s in self._steps.values() if s.done and position(s.name)[0] is not None]
        return len(done), sum(s.cached for s in done)

    @property
    def failure(self) -> Failure:
        """Why the build ended; meaningful after a failure only."""
        # a step that another's failure cancelled carries an error too
        failed = sorted(
            (s for s in self._steps.values() if s.error),
            key=lambda s: "context canceled" in s.error,
        )
        said = next((t for t in reversed(self._ended) if t.startswith("ERROR")), "")
        said = said or (self._ended[-1] if self._ended else "")
        if not failed:
            return Failure(step="", message=said, lines=tuple(self._ended))
        step = failed[0]
        return Failure(step=step.name, message=step.error, lines=tuple(step.lines))


def position(name: str) -> tuple[int | None, int | None]:
    """``(2, 4)`` for ``[build 2/4] RUN …``; Nones for a step without a number."""
    found = NUMBERED.match(name)
    return (int(found[1]), int(found[2])) if found else (None, None)
