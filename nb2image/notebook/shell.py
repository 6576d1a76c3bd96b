"""Takes a shell line apart, far enough to see which of its commands install something."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

OPERATORS = ("&&", "||", ";", "|", "&")


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a shell line."""

    text: str
    """As written."""
    before: str = ""
    """The operator that stands before it."""


def commands(line: str) -> tuple[Command, ...]:
    """The commands of a line, parted at the operators that are outside quotes."""
    parts: list[Command] = []
    before, start, index, quote, depth = "", 0, 0, "", 0
    while index < len(line):
        char = line[index]
        if char == "\\" and quote != "'":
            index += 2
            continue
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        elif char in "({":
            depth += 1
        elif char in ")}":
            depth -= 1
        elif char == "#" and (index == 0 or line[index - 1].isspace()):
            end = line.find("\n", index)
            line = line[:index] + (line[end:] if end >= 0 else "")
            continue
        elif depth == 0 and (operator := operator_at(line, index)):
            parts.append(Command(line[start:index].strip(), before))
            before, start = operator, index + len(operator)
            index = start
            continue
        index += 1
    parts.append(Command(line[start:].strip(), before))
    return tuple(part for part in parts if part.text)


def operator_at(line: str, index: int) -> str:
    """The operator that begins at ``index``, or nothing; ``2>&1`` and ``&>`` hold none."""
    if line[index] == "&" and (
        line[index - 1 : index] in ("<", ">") or line[index + 1 :][:1] == ">"
    ):
        return ""
    return next((o for o in OPERATORS if line.startswith(o, index)), "")


def rejoined(parts: tuple[Command, ...]) -> str:
    """A line of these commands; the operator before the first falls away."""
    text = parts[0].text if parts else ""
    for part in parts[1:]:
        text += f"{'' if part.before in (';', '&') else ' '}{part.before} {part.text}"
    return text


def words(command: str) -> list[str] | None:
    """The words of a command without its redirections; None when its quotes do not match."""
    try:
        found = shlex.split(command)
    except ValueError:
        return None
    kept: list[str] = []
    skip = False
    for word in found:
        if skip:
            skip = False
        elif word.lstrip("012&") in (">", ">>", "<"):
            skip = True
        elif word.lstrip("012&")[:1] == ">" and not word.startswith(">="):
            continue
        else:
            kept.append(word)
    return kept
