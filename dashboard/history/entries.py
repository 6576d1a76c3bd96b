"""What the History page shows of the entries, and what can be done with one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import get_args

from nb2image.history.text import when
from nb2image.jobs import Job, Kind
from nb2image.model.history import HistoryEntry, HistoryPicture

PICTURE = re.compile(r"cell(\d+)-(\d+)-(notebook|run)\.png")
COLUMNS = ("Number", "Began (UTC)", "What", "Of", "Result", "Size", "Seconds", "Cached", "Note")


def columns(entries: Sequence[HistoryEntry]) -> dict[str, list[object]]:
    """The list, newest first, as columns."""
    rows = [
        (
            entry.id,
            when(entry),
            entry.action,
            subject(entry),
            "ok" if entry.ok else "failed",
            entry.size,
            round(entry.seconds, 1),
            f"{entry.cached_steps} of {entry.steps}" if entry.steps else "",
            entry.message or entry.error,
        )
        for entry in entries
    ]
    return {name: [row[number] for row in rows] for number, name in enumerate(COLUMNS)}


def subject(entry: HistoryEntry) -> str:
    """What it was about: the notebook's name without its folder, else the image."""
    return PurePath(entry.notebook).name or entry.reference


def title(entry: HistoryEntry) -> str:
    """``12: convert of a.ipynb, 2026-11-20 14:03``."""
    return f"{entry.id}: {entry.action} of {subject(entry)}, {when(entry)[:16]}"


def command(entry: HistoryEntry) -> tuple[str, ...]:
    """The command as a person would give it: without what only a server asks for."""
    given = list(entry.command)
    end = given.index("--") if "--" in given else len(given)
    return (*(argument for argument in given[:end] if argument != "--json"), *given[end:])


def kind(entry: HistoryEntry) -> Kind | None:
    """The kind of job that does the same again; None when no job can."""
    given = command(entry)
    return next((kind for kind in get_args(Kind) if given[:1] == (kind,)), None)


def image(entry: HistoryEntry, entries: Iterable[HistoryEntry]) -> str:
    """What names the entry's image now: its name, or its id when that has another image since.

    Empty when it made none, or one that no engine holds but a file.
    """
    if not entry.reference or (entry.builder == "embedded" and is_file(entry.reference)):
        return ""
    newest = next(
        (e for e in entries if e.ok and e.reference == entry.reference and e.image_id), entry
    )
    moved = newest.image_id and entry.image_id and newest.image_id != entry.image_id
    return entry.image_id if moved else entry.reference


def is_file(reference: str) -> bool:
    """Whether an image's name is that of the file that it was written to."""
    return reference.endswith((".tar", "/")) or reference.startswith(("/", "."))


def job_of(entry: HistoryEntry, jobs: Iterable[Job]) -> Job | None:
    """The job that made an entry: of its kind and notebook, at work when it began."""
    began = datetime.fromisoformat(entry.at).timestamp()
    for job in jobs:
        at_work = (job.started or job.created) - 1 <= began <= (job.ended or began) + 1
        if at_work and (job.request.kind, job.request.notebook) == (entry.action, entry.notebook):
            return job
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A figure of the notebook beside the run's."""

    number: int
    notebook: bytes | None = None
    run: bytes | None = None


def pairs(pictures: Iterable[HistoryPicture]) -> Mapping[int, tuple[Pair, ...]]:
    """The figures of each cell, side by side."""
    found: dict[int, dict[int, dict[str, bytes]]] = {}
    for picture in pictures:
        named = PICTURE.fullmatch(picture.name)
        if named is not None:
            cell = found.setdefault(int(named[1]), {})
            cell.setdefault(int(named[2]), {})[named[3]] = picture.data
    return {
        cell: tuple(
            Pair(number=number, notebook=sides.get("notebook"), run=sides.get("run"))
            for number, sides in sorted(numbers.items())
        )
        for cell, numbers in sorted(found.items())
    }


def matching(log: str, text: str, most: int) -> tuple[str, int]:
    """The last lines of a log in which a text stands, and how many there are in all."""
    wanted = text.casefold()
    lines = [line for line in log.splitlines() if wanted in line.casefold()]
    return "\n".join(lines[-most:]), len(lines)
