"""Progress on a terminal: finished stages stay, the one at work moves at the bottom."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from nb2image.console import show_printed
from nb2image.events import (
    Emit,
    Event,
    Noticed,
    OutputLine,
    Progress,
    StageFinished,
    StageStarted,
)
from nb2image.terminal import one_line, step_title

WIDTH = 9
"""Columns of a stage's name."""
SHOWN_STEP_SECONDS = 0.5
"""A build step that took less is not worth a line."""


class Display:
    """What moves at the bottom of the terminal: stage, step, seconds and the last line."""

    def __init__(self) -> None:
        self.stage = ""
        self.step = ""
        self.line = ""
        self.moved = ""
        self.begun = self.stage_begun = time.monotonic()
        self._spinner = Spinner("dots", style="cyan")

    def begin(self, stage: str, step: str = "") -> None:
        """Something new is at work: a stage, one of its steps, or the stage again."""
        self.begun = time.monotonic()
        if stage != self.stage:
            self.stage_begun = self.begun
        self.stage, self.step, self.line, self.moved = stage, step, "", ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if not self.stage:
            return
        begun = self.begun if self.step else self.stage_begun
        seconds = f"{time.monotonic() - begun:.0f} s"
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=1)
        grid.add_column(width=WIDTH)
        grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        grid.add_column(justify="right", no_wrap=True)
        # Text, not str: a step's brackets are no markup
        shown = Text(f"{self.moved} {seconds}".strip())
        grid.add_row(self._spinner, Text(self.stage), Text(self.step), shown)
        if self.line:
            grid.add_row("", "", Text(self.line, style="dim"), "")
        yield grid


@contextmanager
def live() -> Iterator[Emit]:
    """A sink that shows events on a terminal (stderr) as long as it is open."""
    console = Console(stderr=True, highlight=False)
    display = Display()
    lock = threading.Lock()
    with Live(display, console=console, transient=True, refresh_per_second=10) as screen:

        def emit(event: Event) -> None:
            with lock:
                if event.stage == "run" and isinstance(event, StageStarted):
                    # the image has the terminal to itself from here on
                    screen.update(Text(""), refresh=True)
                    screen.stop()
                show(event, display, console)

        yield emit


def show(event: Event, display: Display, console: Console) -> None:
    """Bring the display up to date and print what stays."""
    if isinstance(event, StageStarted):
        if event.stage != "run":
            display.begin(event.stage, step_title(event.step))
    elif isinstance(event, OutputLine) and event.stage == "run":
        show_printed(event)
    elif isinstance(event, OutputLine) and event.stage == "require":
        # what was tried: few lines, and each tells something
        console.print(Text(f"  {one_line(event.line)}", style="dim"), soft_wrap=True)
    elif isinstance(event, OutputLine):
        display.line = one_line(event.line)
    elif isinstance(event, Progress):
        display.moved = moved(event)
    elif isinstance(event, StageFinished):
        finished(event, display, console)
    elif isinstance(event, Noticed) and event.finding.severity != "note":
        style = "yellow" if event.finding.severity == "warning" else "red"
        where = f"{event.finding.place}: " if event.finding.place else ""
        notice = Text("! ", style=style).append(one_line(where + event.finding.message), "default")
        console.print(notice, soft_wrap=True)


def finished(event: StageFinished, display: Display, console: Console) -> None:
    """A line for a stage, and for a build step that took its time."""
    display.begin(event.stage)
    if event.stage == "run" or (event.step and event.seconds < SHOWN_STEP_SECONDS):
        return
    if event.step:
        limit = max(console.width - WIDTH - 14, 20)
        what = step_title(event.step, limit)
        line = Text(f"  {'':{WIDTH}} {what:{limit}} {event.seconds:7.1f} s", style="dim")
    else:
        line = Text("✓ ", style="green").append(f"{event.stage:{WIDTH}} ", "default")
        line.append(f"{event.seconds:.1f} s", "dim").append(f"  {one_line(event.detail)}", "dim")
    console.print(line, soft_wrap=True)


def moved(event: Progress) -> str:
    """How far a step is: ``12.3 of 40.1 MB``, ``3 packages``."""
    if event.unit != "bytes":
        return f"{event.done} {event.unit}"
    if event.total:
        return f"{event.done / 1e6:.1f} of {event.total / 1e6:.1f} MB"
    return f"{event.done / 1e6:.1f} MB"
