"""Compares two texts: exactly, then after setting accidents aside, then number by number."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass

from nb2image.model.verdict import Compared, Grade, Part
from nb2image.verify.normal import ANY_ANGLES, DEFAULT_TEXT, STEPS, overwritten

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?!\w)")
WHOLE = re.compile(r"[-+]?\d+")
TINY = 1e-12
"""Below this, a number that is not whole counts as zero: what rounding leaves behind."""
MAX_COMPARED = 2_000_000
"""Characters; longer texts are compared exactly or not at all."""
MAX_DIFF_LINES = 40
MAX_DIFF_WIDTH = 160
MAX_DIFFED = 1_000
"""Lines of each side that a diff looks at."""


@dataclass(frozen=True, slots=True)
class Match:
    """How two texts compare."""

    grade: Grade
    how: tuple[str, ...] = ()


def match_text(expected: str, found: str, rtol: float) -> Match:
    """Compare the notebook's text with the run's."""
    expected, found = expected.rstrip("\n"), found.rstrip("\n")
    if expected == found:
        return Match("same")
    if max(len(expected), len(found)) > MAX_COMPARED:
        return Match("differs", ("too long to be compared any closer",))
    how: list[str] = []
    saved, shown = expected, found
    for name, step in STEPS:
        changed = step(expected), step(found)
        if changed != (expected, found):
            if differ_less(changed, (expected, found)):
                how.append(name)
            expected, found = changed
        if expected == found:
            return Match("close", tuple(how) or (name,))
    if close_numbers(expected, found, rtol):
        return Match("close", (*how, f"numbers within {rtol:g}"))
    if DEFAULT_TEXT.search(saved) and "<" in shown:
        # the notebook's text says nothing but where the object lay
        plain = [ANY_ANGLES.sub("<…>", text) for text in (saved, shown)]
        match = match_text(plain[0], plain[1], rtol)
        if match.grade != "differs":
            return Match("close", ("objects without a text of their own", *match.how))
    return Match("differs")


def differ_less(after: tuple[str, str], before: tuple[str, str]) -> bool:
    """Whether a step took away something that only one of the texts had."""
    removed = [len(b) - len(a) for a, b in zip(after, before, strict=True)]
    return (
        removed[0] != removed[1]
        or after[0] == after[1]
        or first_change(after) != first_change(before)
    )


def first_change(pair: tuple[str, str]) -> tuple[str, str]:
    """What stands where two texts begin to differ."""
    for index, (a, b) in enumerate(zip(*pair, strict=False)):
        if a != b:
            return pair[0][index : index + 20], pair[1][index : index + 20]
    return "", ""


def close_numbers(expected: str, found: str, rtol: float) -> bool:
    """Whether the texts are the same but for numbers, and each number is close enough."""
    if NUMBER.sub("#", expected) != NUMBER.sub("#", found):
        return False
    return all(
        close(a, b, rtol)
        for a, b in zip(NUMBER.findall(expected), NUMBER.findall(found), strict=True)
    )


def close(expected: str, found: str, rtol: float) -> bool:
    """Whether two numbers as text are close: whole ones exactly, others within ``rtol``."""
    if expected == found:
        return True
    if WHOLE.fullmatch(expected) and WHOLE.fullmatch(found):
        return False
    try:
        return math.isclose(float(expected), float(found), rel_tol=rtol, abs_tol=TINY)
    except ValueError:
        return False


def compare_text(part: Part, expected: str, found: str, rtol: float) -> Compared:
    """The comparison as a record, with a diff where they differ."""
    match = match_text(expected, found, rtol)
    diff = "" if match.grade != "differs" else text_diff(expected, found)
    return Compared(part=part, grade=match.grade, how=match.how, diff=diff)


def text_diff(expected: str, found: str) -> str:
    """The lines that differ, shortened; progress bars as they end."""
    old, new = (overwritten(side).split("\n")[:MAX_DIFFED] for side in (expected, found))
    lines = [
        line if len(line) <= MAX_DIFF_WIDTH else line[: MAX_DIFF_WIDTH - 1] + "…"
        for line in difflib.unified_diff(old, new, lineterm="", n=1)
        if not line.startswith(("---", "+++", "@@"))
    ]
    if len(lines) > MAX_DIFF_LINES:
        lines = [*lines[:MAX_DIFF_LINES], f"… {len(lines) - MAX_DIFF_LINES} more lines"]
    return "\n".join(lines)
