"""The steps of a job, put together from its events. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from nb2image.jobs.job import Failure, StageTime, State
from nb2image.jobs.log import Entry
from nb2image.terminal import step_title

StepState = Literal["running", "done", "failed", "cancelled"]
LAST = {"failed": "failed", "cancelled": "cancelled", "lost": "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A stage of the pipeline, or a step of its build."""

    stage: str
    name: str = ""
    """Empty for the stage itself; for a step of a build as it was told."""
    state: StepState = "running"
    started: float
    seconds: float | None = None
    """None while it runs."""
    cached: bool = False
    detail: str = ""
    number: int | None = None
    total: int | None = None
    done: int | None = None
    """How far it is, of ``size``, in ``unit``s."""
    size: int | None = None
    unit: str = ""
    at: int = 0
    """The number of the event that began it."""

    @property
    def title(self) -> str:
        """Its name for people."""
        return step_title(self.name, 160) if self.name else self.stage


class Steps:
    """Follows a job's events; ``all()`` are its steps in the order they began."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, str], Step] = {}
        self.seq = 0
        self.last = 0.0
        """When something happened for the last time."""
        self.failure: dict[str, Any] | None = None
        self.findings: list[dict[str, Any]] = []

    def all(self) -> tuple[Step, ...]:
        """Every step, stages among them."""
        return tuple(self._steps.values())

    def follow(self, entries: Iterable[Entry]) -> None:
        """Take in more events, in their order."""
        for entry in entries:
            self.seq, self.last = entry.seq, entry.at
            self._take(entry)

    def _take(self, entry: Entry) -> None:
        event = entry.event
        if event["kind"] == "output-line":  # most of all events, and they tell no step
            return
        key = (str(event.get("stage", "")), str(event.get("step", "")))
        match event["kind"]:
            case "stage-started":
                self._steps.pop(key, None)  # a stage may run again: it moves to the end
                self._steps[key] = Step(
                    stage=key[0],
                    name=key[1],
                    started=entry.at,
                    number=event.get("number"),
                    total=event.get("total"),
                    at=entry.seq,
                )
            case "stage-finished" if key in self._steps:
                step = self._steps[key]
                # events may arrive in a burst: what the step says of itself is nearer the truth
                seconds = float(event.get("seconds", 0.0))
                self._steps[key] = replace(
                    step,
                    state="done",
                    seconds=seconds,
                    started=min(step.started, entry.at - seconds),
                    cached=bool(event.get("cached")),
                    detail=str(event.get("detail", "")),
                )
            case "progress" if key in self._steps:
                self._steps[key] = replace(
                    self._steps[key],
                    done=event.get("done"),
                    size=event.get("total"),
                    unit=str(event.get("unit", "")),
                )
            case "noticed":
                self.findings.append(event.get("finding", {}))
            case "error":
                self.failure = event

    def end(self, state: State, at: float) -> None:
        """The job is over: what still ran ended with it."""
        if state == "done":
            return
        for key, step in self._steps.items():
            if step.state == "running":
                how = LAST.get(state, "cancelled")
                seconds = max(at - step.started, 0.0)
                self._steps[key] = replace(step, state=how, seconds=seconds)  # type: ignore[arg-type]


def stage_times(steps: Iterable[Step]) -> tuple[StageTime, ...]:
    """How long each stage took that came to its end."""
    return tuple(
        StageTime(stage=step.stage, seconds=step.seconds)
        for step in steps
        if not step.name and step.state == "done" and step.seconds is not None
    )


def failure_of(event: dict[str, Any] | None) -> Failure | None:
    """The error that a command told, as a record; None when it cannot be read."""
    import msgspec

    if event is None:
        return None
    try:
        return msgspec.convert(
            {key: value for key, value in event.items() if key != "kind" and value is not None},
            Failure,
        )
    except msgspec.ValidationError:
        return Failure(code="error", message=str(event.get("message", "")))
