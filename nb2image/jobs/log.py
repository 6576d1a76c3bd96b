"""A job's events in a file: one JSON object a line, numbered from 1, only ever appended to.

Line n holds event n, so a reader needs no index to go on after any event; whoever reads takes
nothing away, and a reader in another process sees the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

MAX_BYTES = 200_000_000
"""A log that has grown to this keeps only what is not output: stages, findings, the error."""
MAX_LINE = 64_000
"""Bytes of one event; longer output is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event with its number and its time."""

    seq: int
    at: float
    event: dict[str, Any]
    """The event as the command's ``--json`` prints it; ``kind`` says what it is. Beside those:
    ``command`` (the command that begins), ``text`` (a line that is no event), ``truncated``
    (what follows is not kept), and ``error`` (the error that ended the command)."""


class LogWriter:
    """Appends to a log; one writer a log."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self._file = path.open("ab", buffering=0)
        self._max = max_bytes
        self._size = 0
        self._full = False
        self.seq = 0

    def write(self, lines: list[bytes], at: float) -> list[Entry]:
        """Append what the command printed, one event a line; the entries made of it."""
        made, encoded = [], []
        for line in filter(None, lines):
            entry = self._entry(line, at)
            if entry is None:
                continue
            data = msgspec.json.encode(entry) + b"\n"
            self._size += len(data)
            made.append(entry)
            encoded.append(data)
        if encoded:
            self._file.write(b"".join(encoded))
        return made

    def _entry(self, line: bytes, at: float) -> Entry | None:
        event = parse(line)
        if self._size > self._max and event["kind"] in ("output-line", "text", "progress"):
            if self._full:
                return None
            self._full = True
            event = {"kind": "truncated", "bytes": self._size}
        self.seq += 1
        return Entry(seq=self.seq, at=at, event=event)

    def close(self) -> None:
        """Nothing more will be written."""
        self._file.close()


def parse(line: bytes) -> dict[str, Any]:
    """A line that a command with ``--json`` printed; what is no event becomes ``text``."""
    text = line[:MAX_LINE]
    try:
        event = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        event = None
    if isinstance(event, dict) and isinstance(event.get("kind"), str):
        return event
    return {"kind": "text", "line": text.decode("utf-8", "replace").rstrip("\r\n")}


class LogReader:
    """Reads a log from after any event on, while it grows. Use as a context manager."""

    def __init__(self, path: Path, after: int = 0) -> None:
        self._file: BinaryIO | None = None
        self._path = path
        self._rest = b""
        self._skip = after

    def __enter__(self) -> LogReader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def lines(self, limit: int) -> list[bytes]:
        """Up to ``limit`` more whole lines, as they stand in the file; none when it ends here."""
        if self._file is None:
            try:
                self._file = self._path.open("rb")
            except FileNotFoundError:
                return []
        found = []
        for line in islice(self._file, limit + self._skip):
            whole = self._rest + line
            if not whole.endswith(b"\n"):
                self._rest = whole  # the writer is in the middle of it
                break
            self._rest = b""
            if self._skip:
                self._skip -= 1
            else:
                found.append(whole)
        return found

    def entries(self, limit: int) -> list[Entry]:
        """Up to ``limit`` more entries."""
        return [msgspec.json.decode(line, type=Entry) for line in self.lines(limit)]
