"""A job's events as lines of a log for people. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

from nb2image.jobs.log import Entry
from nb2image.terminal import clean, one_line, step_title

Level = Literal["step", "output", "note", "warning", "error"]
FAULT = re.compile(
    r"^\s*(?:#\d+ [\d.]+ )?(?:ERROR\b|E: |error(?:\[\w+\])?: |fatal: |Traceback \(most|"
    r"(?:\w+\.)*\w*(?:Error|Exception)\b(?::|$)|× )"
)
"""Lines that a package manager, compiler or Python begins an error with."""


class Line(NamedTuple):
    """One line of the log."""

    seq: int
    at: float
    level: Level
    text: str


def lines(entries: Iterable[Entry]) -> Iterator[Line]:
    """What the entries say to people; those that only move a bar say nothing."""
    for entry in entries:
        shown = line(entry.event)
        if shown is not None:
            yield Line(entry.seq, entry.at, *shown)


def line(event: dict[str, Any]) -> tuple[Level, str] | None:
    """One event as a level and a text of one line, or None."""
    match event:
        case {"kind": "output-line" | "text", "line": str(text)}:
            shown = clean(text).replace("\n", " ")
            return ("error" if FAULT.match(shown) else "output"), shown
        case {"kind": "command", "line": str(text)}:
            return "step", one_line(text)
        case {"kind": "stage-started", "stage": str(stage)}:
            step = event.get("step")
            return "step", step_title(str(step), 200) if step else stage
        case {"kind": "stage-finished", "stage": str(stage)} if not event.get("step"):
            detail = one_line(str(event.get("detail", "")))
            seconds = f"{stage}: {event.get('seconds', 0):.1f} s"
            return "step", f"{seconds}, {detail}" if detail else seconds
        case {"kind": "noticed", "finding": {"severity": severity, "message": message}}:
            level: Level = severity if severity in ("warning", "error") else "note"
            return level, f"{severity}: {one_line(str(message))}"
        case {"kind": "error"}:
            return "error", f"error: {one_line(str(event.get('message', '')))}"
        case {"kind": "truncated"}:
            return "warning", "the log is full: output from here on is not kept"
    return None
