"""Cuts what a container prints into lines as it comes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Literal

LONGEST = 64 * 1024
ENDED = re.compile(r"(\r\n|\n|\r(?!\Z))")
"""The end of a line; a carriage return that stands last may be half of one."""

End = Literal["\n", "\r", ""]


class Lines:
    """One stream of a program: bytes in, (text, end) out; characters are never cut."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""

    def feed(self, data: bytes) -> Iterator[tuple[str, End]]:
        """The lines that these bytes complete; pieces of one that grows too long."""
        *ended, self._pending = ENDED.split(self._pending + self._decoder.decode(data))
        for line, end in zip(ended[::2], ended[1::2], strict=True):
            yield line, "\r" if end == "\r" else "\n"
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
