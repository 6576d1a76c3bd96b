"""Reads the progress of ``docker buildx build --progress=rawjson``.

It comes on stderr as JSON objects one after another, each over many lines (buildx 0.13) or on
one (newer), the messages of BuildKit's control.proto ``StatusResponse``; what stands outside an
object is the client's own text, such as a last ``ERROR: …``.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from nb2image.build.steps import Steps


class RawJson:
    """Takes the lines one by one and tells ``steps``."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._decoder = json.JSONDecoder()
        self._pending: list[str] = []
        self._partial: dict[tuple[str, int], bytes] = {}
        """The unfinished last line of each step's stdout and stderr."""

    def feed(self, line: str) -> None:
        """One line of stderr, without its line end."""
        if not self._pending and not line.startswith("{"):
            self._steps.say(line)
            return
        self._pending.append(line)
        # an object can only end in an unindented brace: do not try to decode before
        if not line.endswith("}") or line[0] in " \t":
            return
        text = "\n".join(self._pending)
        while text:
            try:
                message, end = self._decoder.raw_decode(text)
            except json.JSONDecodeError:
                break
            self._read(message)
            text = text[end:].lstrip()
        self._pending = [text] if text else []

    def _read(self, message: dict[str, Any]) -> None:
        for vertex in message.get("vertexes") or ():
            self._vertex(vertex)
        for status in message.get("statuses") or ():
            total = int(status.get("total") or 0)
            current = int(status.get("current") or 0)
            if total or current:
                part = str(status.get("id", ""))
                self._steps.progress(str(status.get("vertex")), part, current, total)
        for log in message.get("logs") or ():
            self._log(log)

    def _vertex(self, vertex: dict[str, Any]) -> None:
        key = str(vertex.get("digest"))
        self._steps.name(key, str(vertex.get("name", "")))
        if vertex.get("started"):
            self._steps.start(key)
        if vertex.get("error"):
            self._flush(key)
            self._steps.fail(key, str(vertex["error"]))
        elif vertex.get("completed"):
            self._flush(key)
            seconds = between(vertex.get("started"), vertex["completed"])
            cached = bool(vertex.get("cached"))
            self._steps.finish(key, seconds=0.0 if cached else seconds, cached=cached)

    def _log(self, log: dict[str, Any]) -> None:
        key = str(log.get("vertex"))
        source = (key, int(log.get("stream") or 1))
        data = self._partial.pop(source, b"") + base64.b64decode(log.get("data") or "")
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._steps.line(key, line.decode("utf-8", "replace"))
        if rest:
            self._partial[source] = rest

    def _flush(self, key: str) -> None:
        for source in [s for s in self._partial if s[0] == key]:
            self._steps.line(key, self._partial.pop(source).decode("utf-8", "replace"))


def between(started: str | None, completed: str) -> float:
    """Seconds between two RFC 3339 times with up to nine decimals."""
    if not started:
        return 0.0
    begun, ended = (datetime.fromisoformat(t[:26].rstrip("Z")) for t in (started, completed))
    return max(0.0, (ended - begun).total_seconds())
