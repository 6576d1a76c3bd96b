"""Where in a Dockerfile a failed step stands. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nb2image.jobs.steps import Step

FAILED = re.compile(r"^step \[([^\]]+)\] failed")


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of a file, from 1, both ends included."""

    first: int
    last: int


def failed_step(message: str, steps: tuple[Step, ...]) -> str:
    """The name of the build step that an error's message speaks of; empty when unknown."""
    found = FAILED.match(message)
    if found:
        for step in steps:
            if step.name.startswith(f"[{found[1]}]"):
                return step.name
    return ""


def instruction(dockerfile: str, step: str) -> Lines | None:
    """The lines of the instruction that a step's name repeats, or None."""
    wanted = joined(step.partition("] ")[2])
    first, gathered = 0, ""
    for number, line in enumerate(dockerfile.splitlines(), 1):
        if not gathered and (not line.strip() or line.lstrip().startswith("#")):
            continue
        if gathered and line.lstrip().startswith("#"):
            continue  # a comment inside an instruction is no part of it
        first = first if gathered else number
        gathered += " " + line.rstrip("\\")
        if line.endswith("\\"):
            continue
        if wanted and joined(gathered) == wanted:
            return Lines(first, number)
        gathered = ""
    return None


def joined(text: str) -> str:
    """A text with every run of white space as one blank."""
    return " ".join(text.split())
