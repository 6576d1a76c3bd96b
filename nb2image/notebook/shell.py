"""Takes a shell line apart, far enough to see which of its commands install something."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

PROGRAM = re.compile(r"[A-Za-z0-9][\w.+-]*")
BEFORE_PROGRAM = re.compile(
    r"!|command|do|else|env|exec|if|nice|nohup|sudo|then|time|until|while|\{|[A-Za-z_]\w*=.*",
    re.DOTALL,
)
"""Words that stand before the name of a program, the setting of a variable among them."""
NO_PROGRAM = re.compile(
    r"[.:}]|\[\[?|alias|break|case|cd|continue|declare|done|echo|esac|eval|exit|export|false|fi|for"
    r"|function|printf|pwd|read|return|select|set|shift|source|test|trap|true|type|ulimit|umask"
    r"|unset|wait"
)
"""Words of the shell itself."""
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


def programs(line: str) -> tuple[str, ...]:
    """The programs that a shell line calls by a plain name, each once."""
    found: list[str] = []
    for command in commands(line):
        left = words(command.text) or []
        while left and BEFORE_PROGRAM.fullmatch(left[0]):
            left = left[1:]
        if not left or NO_PROGRAM.fullmatch(left[0]):
            continue
        name = left[0].removeprefix("/usr/bin/").removeprefix("/bin/")
        if PROGRAM.fullmatch(name) and name not in found:
            found.append(name)
    return tuple(found)


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
