"""Takes apart what the compared run writes: records of the capture module, and cells' own text.

The format is said in templates/capture/nb2image_capture.py. What a cell prints is hostile: it may
hold separators, broken records, or far more than anybody wants to keep.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from nb2image.model.verdict import CellRun, Raised, Shown

SEPARATOR = b"\x1e"
MAX_RECORD = 8_000_000
MAX_KEPT = 2_000_000
"""Bytes kept of each stream of a cell."""
MAX_SHOWN = 1_000
FIGURE = re.compile(r"(?:.*/)?(\d{3,})-cell(\d+)(?:-\d+)?\.(?:png|html|svg|jpe?g)")

StreamName = Literal["stdout", "stderr"]


class Record(msgspec.Struct):
    """A record as it is read; what else it may say is passed over."""

    cell: int | None = None
    at: float | None = None
    memory: int = 0
    value: Shown | None = None
    shown: bool = False
    error: Raised | None = None
    end: bool = False


@dataclass(slots=True)
class Gathered:
    """What has come of a cell so far."""

    number: int
    streams: dict[StreamName, bytearray] = field(
        default_factory=lambda: {"stdout": bytearray(), "stderr": bytearray()}
    )
    shown: list[Shown] = field(default_factory=list)
    raised: Raised | None = None
    begun: float | None = None
    ended: float | None = None
    cut: bool = False


@dataclass(slots=True)
class Side:
    """One stream: what is not yet understood, and the cell it is in."""

    cell: Gathered
    pending: bytes = b""
    in_value: bool = False


class Capture:
    """Fed with the bytes of a run as they come; gives back what a user would see of them."""

    def __init__(self, word: str) -> None:
        self._mark = SEPARATOR + word.encode() + b" "
        self._cells: dict[int, Gathered] = {0: Gathered(0)}
        self._sides: dict[StreamName, Side] = {
            "stdout": Side(self._cells[0]),
            "stderr": Side(self._cells[0]),
        }
        self.ended = False
        """The last cell has come to its end."""
        self.total = 0
        """Bytes printed so far, records not counted."""
        self.memory = 0
        """The most memory that the script's process told of, in bytes."""

    def feed(self, stream: StreamName, data: bytes) -> bytes:
        """Take what a stream brought; the part of it that is no record."""
        side = self._sides[stream]
        side.pending += data
        visible = bytearray()
        while side.pending:
            start = side.pending.find(SEPARATOR)
            if start < 0:
                visible += self._text(stream, side.pending)
                side.pending = b""
                break
            visible += self._text(stream, side.pending[:start])
            side.pending = side.pending[start:]
            if not side.pending.startswith(self._mark[: len(side.pending)]):
                visible += self._text(stream, SEPARATOR)  # the cell's own
                side.pending = side.pending[1:]
                continue
            end = side.pending.find(b"\n")
            if end < 0:
                if len(side.pending) > MAX_RECORD:
                    side.pending = b""
                break
            self._record(stream, side.pending[len(self._mark) : end])
            side.pending = side.pending[end + 1 :]
        return bytes(visible)

    def cells(self, figures: tuple[str, ...] = ()) -> tuple[CellRun, ...]:
        """Every cell that began, in the order in which they did, with its figures."""
        by_cell: dict[int, list[str]] = {}
        for path in sorted(figures):
            found = FIGURE.fullmatch(path)
            if found and len(found[2]) < 10:
                by_cell.setdefault(int(found[2]), []).append(path)
        return tuple(
            run_of(cell, tuple(by_cell.get(cell.number, ()))) for cell in self._cells.values()
        )

    def _text(self, stream: StreamName, data: bytes) -> bytes:
        """Text of the cell that the stream is in."""
        self.total += len(data)
        side = self._sides[stream]
        if not (side.in_value and stream == "stdout"):
            kept = side.cell.streams[stream]
            room = MAX_KEPT - len(kept)
            side.cell.cut = side.cell.cut or len(data) > room
            kept += data[: max(0, room)]
        return data

    def _record(self, stream: StreamName, data: bytes) -> None:
        try:
            record = msgspec.json.decode(data, type=Record)
        except (msgspec.DecodeError, RecursionError):
            return  # a thread wrote into it: the run goes on without
        side = self._sides[stream]
        self.memory = max(self.memory, record.memory)
        if record.cell is not None:
            if side.cell.ended is None:
                side.cell.ended = record.at
            side.cell = self._cells.setdefault(record.cell, Gathered(record.cell))
            if side.cell.begun is None:
                side.cell.begun = record.at
            side.in_value = False
        elif record.end:
            self.ended = True
            side.cell.ended = record.at
            side.cell = self._cells[0]
        elif record.value is not None:
            side.in_value = True
            if len(side.cell.shown) < MAX_SHOWN:
                side.cell.shown.append(record.value)
        elif record.shown:
            side.in_value = False
        elif record.error is not None:
            side.cell.raised = record.error


def run_of(cell: Gathered, figures: tuple[str, ...]) -> CellRun:
    """What was gathered, as a record."""
    printed, warnings = (
        codecs.decode(bytes(cell.streams[name]), "utf-8", "replace")
        for name in ("stdout", "stderr")
    )
    done = cell.begun is not None and cell.ended is not None and cell.raised is None
    return CellRun(
        cell=cell.number,
        printed=printed,
        warnings=warnings,
        shown=tuple(cell.shown),
        figures=figures,
        raised=cell.raised,
        seconds=round(max(0.0, (cell.ended or 0) - (cell.begun or 0)), 3) if done else None,
        cut=cell.cut,
    )
