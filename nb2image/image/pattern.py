"""Patterns over project-relative paths: shell globs, and names with parts that nobody knows."""

from __future__ import annotations

import glob as globs
import re
from fnmatch import fnmatchcase

UNKNOWN = "\0"
"""Stands for a part of a path that is known only when the script runs; no file name holds it."""


def fits(path: str, pattern: str, *, glob: bool) -> bool:
    """Whether a path is one that the pattern means.

    An unknown part stays inside its folder, unless it is all that follows the last slash: then
    whatever lies below is meant. With ``glob`` also ``*``, ``?`` and ``[…]`` are wildcards, and
    ``**`` is any number of folders. Takes no more than the product of both lengths.
    """
    names = path.split("/")
    pieces = pattern.split("/")
    reached = {0}
    for piece in pieces[:-1]:
        reached = following(names, reached, piece, glob=glob)
    last = pieces[-1]
    if last == UNKNOWN or (glob and last == "**"):
        return any(position < len(names) for position in reached)
    return len(names) in following(names, reached, last, glob=glob)


def following(names: list[str], reached: set[int], piece: str, *, glob: bool) -> set[int]:
    """How many of the names are used up when one more piece of the pattern is."""
    if glob and piece == "**":
        return set(range(min(reached, default=len(names) + 1), len(names) + 1))
    shell = (piece if glob else globs.escape(piece)).replace(UNKNOWN, "*")
    return {n + 1 for n in reached if n < len(names) and fnmatchcase(names[n], shell)}


def literal_folder(pattern: str) -> str:
    """The folder above the first part that is not literal; empty for the starting point."""
    match = re.search(rf"[*?\[{UNKNOWN}]", pattern)
    return (pattern[: match.start()] if match else pattern).rpartition("/")[0]


def excluded(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a glob names the path or a folder above it; one without a slash, any part of it."""
    parts = path.split("/")
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    for pattern in patterns:
        bare = pattern.strip("/").removeprefix("./")
        if any(fits(part, bare, glob=True) for part in (above if "/" in bare else parts)):
            return True
    return False
