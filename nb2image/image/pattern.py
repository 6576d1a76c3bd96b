"""Patterns over project-relative paths: shell globs, and names with parts that nobody knows."""

from __future__ import annotations

import re
from functools import lru_cache

UNKNOWN = "\0"
"""Stands for a part of a path that is known only when the script runs; no file name holds it."""


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str, *, glob: bool) -> re.Pattern[str]:
    """The regular expression of a pattern; with ``glob`` also ``*``, ``?``, ``[…]`` and ``**/``.

    An unknown part stays inside its folder, unless it is all that follows the last slash: then
    whatever lies below is meant.
    """
    result = ""
    position = 0
    while position < len(pattern):
        rest = pattern[position:]
        if rest == UNKNOWN and pattern[position - 1 : position] in ("", "/"):
            result, step = result + ".+", 1
        elif rest[0] == UNKNOWN:
            result, step = result + "[^/]*", 1
        elif glob and rest.startswith("**/"):
            result, step = result + "(?:[^/]+/)*", 3
        elif glob and rest.startswith("**"):
            result, step = result + ".*", 2
        elif glob and rest[0] == "*":
            result, step = result + "[^/]*", 1
        elif glob and rest[0] == "?":
            result, step = result + "[^/]", 1
        elif glob and (match := re.match(r"\[(!?)(\]?[^\]]*)\]", rest)):
            inner = re.sub(r"([\\\[\]&~|^])", r"\\\1", match[2])
            result += f"[{'^' if match[1] else ''}{inner}]" if inner else re.escape(match[0])
            step = match.end()
        else:
            result, step = result + re.escape(rest[0]), 1
        position += step
    try:
        return re.compile(result, re.DOTALL)
    except re.error:  # a range such as [z-a]
        return re.compile(re.escape(pattern), re.DOTALL)


def literal_folder(pattern: str) -> str:
    """The folder above the first part that is not literal; empty for the starting point."""
    match = re.search(rf"[*?\[{UNKNOWN}]", pattern)
    return pattern[: match.start()].rpartition("/")[0] if match else pattern.rpartition("/")[0]


def excluded(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a glob names the path or a folder above it; one without a slash, any part of it."""
    parts = path.split("/")
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    for pattern in patterns:
        bare = pattern.strip("/").removeprefix("./")
        matcher = compile_pattern(bare, glob=True)
        if any(matcher.fullmatch(candidate) for candidate in (above if "/" in bare else parts)):
            return True
    return False
