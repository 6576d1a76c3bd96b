"""The order of Debian's version numbers. Pure.

https://www.debian.org/doc/debian-policy/ch-controlfields.html#version
"""

from __future__ import annotations

import re
from functools import cmp_to_key, lru_cache

PARTS = re.compile(r"([^0-9]*)([0-9]*)")


def compare(one: str, other: str) -> int:
    """Negative, zero or positive as ``one`` is older than, the same as or newer than ``other``."""
    for a, b in zip(split(one), split(other), strict=True):
        result = compare_part(a, b)
        if result:
            return result
    return 0


def split(version: str) -> tuple[str, str, str]:
    """Epoch, upstream version, revision."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    return (epoch, upstream, revision) if dash else (epoch, rest, "0")


def compare_part(a: str, b: str) -> int:
    """Compare by turns what is no number and what is one."""
    while a or b:
        left, right = PARTS.match(a), PARTS.match(b)
        assert left is not None
        assert right is not None
        if left[1] != right[1]:
            return -1 if weights(left[1]) < weights(right[1]) else 1
        difference = int(left[2] or 0) - int(right[2] or 0)
        if difference:
            return difference
        a, b = a[left.end() :], b[right.end() :]
    return 0


@lru_cache(maxsize=1024)
def weights(text: str) -> tuple[int, ...]:
    """A tilde sorts before the end, letters before everything else."""
    found = [-1 if c == "~" else ord(c) if c.isalpha() else ord(c) + 256 for c in text]
    return (*found, 0)


def older(one: str, other: str) -> int:
    """``compare`` the other way round."""
    return compare(other, one)


newest_first = cmp_to_key(older)
"""To sort versions, the newest first."""
