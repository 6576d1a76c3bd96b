"""Cuts what a container prints into lines as it comes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Literal

LONGEST = 64 * 1024
ENDED = re.compile(r"([^\r\n]*)(\r\n|\n|\r(?!$))")

End = Literal["\n", "\r", ""]


class Lines:
    """One stream of a program: bytes in, (text, end) out; characters are never cut."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""

    def feed(self, data: bytes) -> Iterator[tuple[str, End]]:
        """The lines that these bytes complete; pieces of one that grows too long."""
        self._pending += self._decoder.decode(data)
        taken = 0
        for found in ENDED.finditer(self._pending):
            taken = found.end()
            yield found[1], "\r" if found[2] == "\r" else "\n"
        self._pending = self._pending[taken:]
        if len(self._pending) > LONGEST:
            yield from self.flush()

    def flush(self, *, end: bool = False) -> Iterator[tuple[str, End]]:
        """What is there of the next line: at a pause, or at the end of the stream."""
        text = self._pending + (self._decoder.decode(b"", final=True) if end else "")
        self._pending = ""
        if text.endswith("\r"):
            yield text[:-1], "\r"
        elif text:
            yield text, ""
