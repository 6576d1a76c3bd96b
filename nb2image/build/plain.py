"""Reads the progress of ``docker build --progress=plain``.

For clients without rawjson: Docker 20.10's own BuildKit client and buildx before 0.13. Every
line of a step starts with ``#5 ``; lines that a step printed have its seconds before them. What
BuildKit says next stands on the same line when a step's output does not end in a line end.
"""

from __future__ import annotations

import re

from nb2image.build.steps import Steps

STEP_LINE = re.compile(r"^#(\d+) (.*)$")
PRINTED = re.compile(r"^\d+\.\d+ (.*)$")
DONE = re.compile(r"^DONE (\d+(?:\.\d+)?)s$")
ENDED = re.compile(r"^(DONE \d+(\.\d+)?s|ERROR: .*|CANCELED)$")
MOVED = re.compile(
    r"^(?P<part>sha256:\w+|transferring \w+:) (?:(?P<done>[\d.]+\s?[kMGT]?i?B))"
    r"(?: / (?P<total>[\d.]+\s?[kMGT]?i?B))?"
)
SIZE = re.compile(r"^([\d.]+)\s?([kMGT]?)(i?)B$")


class Plain:
    """Takes the lines one by one and tells ``steps``."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._known: set[str] = set()
        self._over = False
        """The summary of a failure has begun: its lines repeat what was said."""

    def feed(self, line: str) -> None:
        """One line, without its line end."""
        found = STEP_LINE.match(line)
        if found is None:
            self._outside(line)
            return
        key, text = found[1], found[2]
        if key not in self._known:
            self._known.add(key)
            self._steps.name(key, text)
            return
        self._steps.start(key)
        if printed := PRINTED.match(text):
            line, said, text = printed[1].rpartition(f"#{key} ")
            if not said or not ENDED.match(text):
                self._steps.line(key, printed[1])
                return
            self._steps.line(key, line)
        if text == "CACHED":
            self._steps.finish(key, seconds=0.0, cached=True)
        elif done := DONE.match(text):
            self._steps.finish(key, seconds=float(done[1]))
        elif text.startswith("ERROR: "):
            self._steps.fail(key, text.removeprefix("ERROR: "))
        elif text == "CANCELED":
            self._steps.fail(key, "context canceled")
        elif moved := MOVED.match(text):
            total = size(moved["total"]) if moved["total"] else 0
            self._steps.progress(key, moved["part"], size(moved["done"]), total)

    def _outside(self, line: str) -> None:
        if line == "------":
            self._over = not self._over
        elif not self._over:
            self._steps.say(line)


def size(text: str) -> int:
    """Bytes of ``3.00MB`` or ``1.5GiB``."""
    found = SIZE.match(text)
    if found is None:
        return 0
    base = 1024 if found[3] else 1000
    return int(float(found[1]) * base ** " kMGT".index(found[2] or " "))
