"""Reads a Dockerfile as BuildKit does, so that tests see what an engine would see.

Lines are joined at a trailing backslash, comments left out, an instruction split from the rest;
the words of ENV and LABEL then lose their quotes and have ``$NAME`` replaced.
https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    name: str
    rest: str


def instructions(text: str) -> list[Instruction]:
    """Every instruction in order."""
    found: list[Instruction] = []
    joined = ""
    for raw in text.split("\n"):
        line = raw.rstrip("\r").lstrip()
        if line.startswith("#") or (not joined and not line):
            continue
        continued = re.search(r"(?:[^\\]|^)\\[ \t]*$", line)
        joined += line[: line.rindex("\\")] if continued else line
        if not continued:
            name, _, rest = joined.partition(" ")
            found.append(Instruction(name=name.upper(), rest=rest.strip()))
            joined = ""
    assert not joined, "the file ends inside an instruction"
    return found


def pairs(rest: str, variables: dict[str, str]) -> dict[str, str]:
    """The names and values of an ENV or LABEL."""
    found = {}
    for item in split_words(rest):
        name, equals, value = item.partition("=")
        assert equals, f"{item!r} is no name=value"
        found[name] = word(value, variables)
    return found


def split_words(rest: str) -> list[str]:
    """At white space outside quotes; quotes and backslashes stay for ``word``."""
    words, current, quote, escaped = [], "", "", False
    for character in rest:
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character.isspace():
            if current:
                words.append(current)
            current = ""
            continue
        current += character
    assert not quote, "a quote is not closed"
    return [*words, current] if current else words


def word(text: str, variables: dict[str, str]) -> str:
    """One word without its quotes, with its variables replaced."""
    result, position, quote = "", 0, ""
    while position < len(text):
        character = text[position]
        position += 1
        if character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        elif character == "$" and quote != "'":
            match = re.compile(r"\{(\w+)\}|(\w+)").match(text, position)
            assert match, "a bare $"
            result += variables.get(match[1] or match[2], "")
            position = match.end()
        elif character == "\\" and quote != "'" and position < len(text):
            following = text[position]
            position += 1
            # inside double quotes a backslash escapes these three alone
            result += following if not quote or following in '"$\\' else "\\" + following
        else:
            result += character
    assert not quote, "a quote is not closed"
    return result
