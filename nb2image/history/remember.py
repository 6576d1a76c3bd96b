"""Keeps what a command did in the history: its result, its log, its time, its failure too."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nb2image.delivery import Delivered
from nb2image.errors import HistoryError, Interrupted, Nb2ImageError
from nb2image.events import Emit, Event, Noticed, OutputLine, StageStarted
from nb2image.history.store import History, now, place
from nb2image.model import BuildPlan, BuiltImage, Finding, Report, RunReport
from nb2image.model.history import Action, HistoryEntry, HistoryPicture
from nb2image.model.verdict import Verdict
from nb2image.report import failed
from nb2image.services import Services

if TYPE_CHECKING:
    from nb2image.analysis.forecast import Builder

LOG_CHARACTERS = 2_000_000
"""Of a longer log only the end is kept: an error stands there."""
PICTURE_BYTES = 8_000_000
"""Figures beyond this are not kept with an entry."""


@dataclass(slots=True)
class Memory:
    """What is known of the command that runs: the command tells, this remembers."""

    entry: HistoryEntry
    onward: Emit
    services: Services
    kept: bool = True
    """Whether the history is to have it."""
    report: str = ""
    pictures: tuple[HistoryPicture, ...] = ()
    log: deque[str] = field(default_factory=deque)
    held: int = 0

    def emit(self, event: Event) -> None:
        """The sink to hand on instead of the command's own: it keeps the log as well."""
        if isinstance(event, OutputLine):
            self._keep(event.line)
        elif isinstance(event, StageStarted):
            self._keep(f"· {event.step or event.stage}")
        self.onward(event)

    def done(
        self,
        result: BuildPlan | BuiltImage | Report | RunReport | Delivered,
        context: Path | None = None,
    ) -> None:
        """The command's result; ``context`` is the folder of what was built."""
        if not self.kept:
            return
        self.report = msgspec.json.encode(result).decode()
        match result:
            case BuildPlan():
                self.plan(result)
            case BuiltImage():
                self.image(result)
            case Report():
                context = context or (Path(result.context) if result.context else None)
                self._report(result)
            case RunReport():
                ok = result.exit_status == 0
                self.entry = replace(
                    self.entry, reference=result.image, image_id=result.image_id, ok=ok
                )
            case Delivered(image=image, image_id=number, to=to):
                self.entry = replace(
                    self.entry, reference=image, image_id=number, message=f"to {to}"
                )
        if context is not None:
            self.entry = replace(self.entry, context=str(context.resolve()))
            self._read_plan(context)
            if isinstance(result, Report) and result.verdict is not None:
                self.pictures = report_pictures(context)

    def _report(self, report: Report) -> None:
        self.entry = replace(
            self.entry,
            notebook=self.entry.notebook or report.notebook,
            reference=report.run.image if report.run else "",
            message=proof(report.verdict) if report.verdict else "",
        )
        if report.image:
            self.image(report.image)

    def plan(self, plan: BuildPlan) -> None:
        """The plan that was made or built."""
        self.entry = replace(
            self.entry,
            notebook=self.entry.notebook or plan.notebook,
            plan_digest=plan.digest,
            base=plan.base.reference,
        )

    def image(self, image: BuiltImage) -> None:
        """The image that was built."""
        self.entry = replace(
            self.entry,
            reference=image.reference,
            image_id=image.id,
            size=image.size,
            builder=image.builder,
            build_seconds=image.seconds,
            steps=image.steps,
            cached_steps=image.cached_steps,
        )

    def failed(self, error: Nb2ImageError) -> None:
        """The error that ended it."""
        self.entry = replace(self.entry, ok=False, error=error.code, message=error.message)
        if not self.report:
            report = failed(Report(notebook=self.entry.notebook), error)
            self.report = msgspec.json.encode(report).decode()

    def _read_plan(self, context: Path) -> None:
        from nb2image.project.context import read_context

        try:
            plan = read_context(context)
        except Nb2ImageError:
            return  # a context edited beyond reading was still built
        self.plan(plan)
        if self.entry.size is not None:
            self._hold_against_forecast(plan, self.entry.size)

    def _hold_against_forecast(self, plan: BuildPlan, size: int) -> None:
        """What would have been forecast, for the next forecast's error and its base's size."""
        from nb2image.measuring.forecasting import forecast_plan, shown_base

        builder: Builder = "embedded" if self.entry.builder == "embedded" else "docker"
        expected = forecast_plan(plan, self.services, builder=builder, offline=True)
        known = not any(i.guess for i in expected.items if i.kind == "python-package")
        self.entry = replace(
            self.entry,
            # wheels that nobody asked about yet make a guess, which says nothing of forecasts
            forecast=expected.size if known else None,
            base_size=shown_base(expected, size),
        )

    def _keep(self, line: str) -> None:
        self.log.append(line)
        self.held += len(line) + 1
        while self.held > LOG_CHARACTERS and len(self.log) > 1:
            self.held -= len(self.log.popleft()) + 1


def proof(verdict: Verdict) -> str:
    """How the image's run compared, in a few words."""
    if not verdict.ran:
        return f"the run ended with {verdict.exit_status}"
    share = verdict.reproduced
    return "ran" if share is None else f"ran, {100 * share:.0f} % reproduced"


def report_pictures(context: Path) -> tuple[HistoryPicture, ...]:
    """The figures that the report beside a context compares, as far as there is room for them."""
    from nb2image.report.pages import PICTURES

    kept = []
    room = PICTURE_BYTES
    for path in sorted((context / PICTURES).glob("cell*-*.png")):
        with suppress(OSError):
            data = path.read_bytes()
            room -= len(data)
            if room >= 0:
                kept.append(HistoryPicture(name=path.name, data=data))
    return tuple(kept)


def without_values(command: Sequence[str]) -> tuple[str, ...]:
    """A command's arguments without the values of the variables that a run is given.

    Those may be secrets, and ``--env NAME`` takes the value from where it is given again. What
    an image is built with stands in its configuration anyway.
    """
    if not command or command[0] not in ("run", "verify"):
        return tuple(command)
    kept: list[str] = []
    for number, argument in enumerate(command):
        if argument == "--":
            return (*kept, *command[number:])
        if number and command[number - 1] in ("--env", "-e"):
            argument = argument.partition("=")[0]
        elif argument.startswith("--env="):
            argument = "--env=" + argument.removeprefix("--env=").partition("=")[0]
        elif argument.startswith("-e") and not argument.startswith("--"):
            argument = argument.partition("=")[0]
        kept.append(argument)
    return tuple(kept)


@contextmanager
def remember(
    action: Action,
    emit: Emit,
    services: Services,
    *,
    notebook: str = "",
    command: Sequence[str] = (),
    keep: bool = True,
) -> Iterator[Memory]:
    """Keep what the block does in the history, unless the user wants none.

    ``command`` are the arguments that the user gave, to be able to repeat them.
    The block uses ``memory.emit`` and says its result to ``memory.done``. Errors pass through,
    remembered. A history that cannot be written is a note, not an error.
    """
    path = place(services.environ) if keep else None
    memory = Memory(
        entry=HistoryEntry(
            at=now(),
            action=action,
            notebook=notebook,
            ok=True,
            seconds=0.0,
            command=without_values(command),
            cwd=str(Path.cwd()) if command else "",
        ),
        onward=emit,
        services=services,
        kept=path is not None,
    )
    begun = time.monotonic()
    try:
        yield memory
    except Nb2ImageError as error:
        memory.failed(error)
        raise
    except KeyboardInterrupt:
        memory.failed(Interrupted("interrupted"))
        raise
    except Exception as error:  # a fault of ours did not end well either
        memory.failed(Nb2ImageError(f"{type(error).__name__}: {error}", code="fault"))
        raise
    finally:
        if path is not None:
            entry = replace(memory.entry, seconds=time.monotonic() - begun)
            write(History(path), entry, memory, emit)


def write(history: History, entry: HistoryEntry, memory: Memory, emit: Emit) -> None:
    """Write an entry; say so when that is not possible."""
    try:
        log = "\n".join(memory.log)
        history.add(entry, report=memory.report, log=log, pictures=memory.pictures)
    except HistoryError as error:
        finding = Finding(severity="note", code=error.code, message=error.message, hint=error.hint)
        emit(Noticed(stage="report", finding=finding))
