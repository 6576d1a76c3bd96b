"""The terminal's view: what stays, what moves, and that nothing of it is markup or a code."""

from __future__ import annotations

import io

from rich.console import Console

from nb2image.events import (
    Event,
    Noticed,
    OutputLine,
    Progress,
    StageFinished,
    StageStarted,
)
from nb2image.live import Display, moved, show
from nb2image.model import Finding, Place

STEP = "[build 2/3] RUN --mount=type=cache,target=/c make"


def shown(*events: Event) -> tuple[str, str]:
    """What has been printed, and what moves at the bottom, after these events."""
    console = Console(file=io.StringIO(), width=80, color_system=None)
    display = Display()
    for event in events:
        show(event, display, console)
    with console.capture() as bottom:
        console.print(display)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue(), bottom.get()


def test_a_step_at_work() -> None:
    """The bottom shows stage, step, bytes and the last line; brackets are no markup."""
    printed, bottom = shown(
        StageStarted(stage="build"),
        StageStarted(stage="build", step=STEP, number=2, total=3),
        Progress(stage="build", step=STEP, done=1_500_000, total=3_000_000, unit="bytes"),
        OutputLine(stage="build", step=STEP, line="compiling \x1b[31mred[/red]"),
    )
    assert printed == ""
    assert "[build 2/3] RUN make" in bottom
    assert "1.5 of 3.0 MB 0 s" in bottom
    assert "compiling red[/red]" in bottom
    assert "\x1b" not in bottom


def test_what_stays() -> None:
    """A line for a stage and for a step that took its time; none for a quick or cached one."""
    printed, _ = shown(
        StageStarted(stage="build"),
        StageFinished(stage="build", step=STEP, seconds=2.0),
        StageFinished(stage="build", step="[build 3/3] quick", seconds=0.1),
        StageFinished(stage="build", seconds=3.25, detail="5 MB"),
    )
    lines = [line.rstrip() for line in printed.splitlines()]
    assert lines[0].split() == ["[build", "2/3]", "RUN", "make", "2.0", "s"]
    assert lines[1].split() == ["✓", "build", "3.2", "s", "5", "MB"]
    assert len(lines) == 2


def test_findings() -> None:
    """Warnings and errors are shown with their place, notes are not."""
    place = Place(cell=4, line=2)
    found = [
        Finding(severity="note", code="a", message="a note"),
        Finding(severity="warning", code="b", message="mind\nthis [b]", place=place),
    ]
    printed, _ = shown(*(Noticed(stage="script", finding=f) for f in found))
    assert printed == "! cell 4, line 2: mind this [b]\n"


def test_amounts() -> None:
    """Bytes with a known end, without one, and counts."""
    one = Progress(stage="build", done=2_500_000, unit="bytes")
    assert moved(one) == "2.5 MB"
    assert moved(Progress(stage="require", done=3, total=9, unit="packages")) == "3 packages"
