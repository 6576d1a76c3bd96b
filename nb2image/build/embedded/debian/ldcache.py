"""Writes /etc/ld.so.cache, which the loader and ctypes read, without running ldconfig. Pure.

The format is glibc's own since 2.2, with the endianness flag of 2.33
(sysdeps/generic/dl-cache.h, ``struct cache_file_new``).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from functools import cmp_to_key

MAGIC = b"glibc-ld.so.cache1.1"
LITTLE_ENDIAN = 2
FLAGS = {"amd64": 0x0303, "arm64": 0x0A03}
"""A library of the C library's sixth ABI for x86-64 or AArch64 (ldconfig.h)."""
LIBRARY = re.compile(r"(?:lib[^/]*|ld-[^/]*)\.so(?:\.[^/]+)?")
NUMBERED = re.compile(r"\.so\.\d")
HEADER = struct.Struct("<20sIIB3xI12x")
ENTRY = struct.Struct("<iIIIQ")


def write(paths: Mapping[str, bool], folders: Iterable[str], architecture: str) -> bytes:
    """The cache of the libraries among ``paths`` that lie in ``folders`` themselves.

    Earlier folders win. Paths have no leading slash; each with whether it is a file of its own:
    links without a version in their names are for linking.
    """
    order = list(folders)
    found: dict[str, str] = {}
    by_folder: dict[str, list[str]] = {folder: [] for folder in order}
    for path, is_file in paths.items():
        folder, _, name = path.rpartition("/")
        loaded = is_file or NUMBERED.search(name) or name.startswith("ld-")
        if folder in by_folder and LIBRARY.fullmatch(name) and loaded:
            by_folder[folder].append(name)
    for folder in order:
        for name in by_folder[folder]:
            found.setdefault(name, f"/{folder}/{name}")
    names = sorted(found, key=cmp_to_key(compare), reverse=True)
    start = HEADER.size + len(names) * ENTRY.size
    strings = bytearray()
    entries = []
    for name in names:
        at = start + len(strings)
        strings += found[name].encode() + b"\0"
        key = at + len(found[name].encode()) - len(name.encode())
        entries.append(ENTRY.pack(FLAGS[architecture], key, at, 0, 0))
    head = HEADER.pack(MAGIC, len(names), len(strings), LITTLE_ENDIAN, 0)
    return head + b"".join(entries) + bytes(strings)


def compare(one: str, other: str) -> int:
    """The loader's order of names, by which it searches: numbers count as numbers."""
    a, b = one.encode(), other.encode()
    i = j = 0
    while i < len(a):
        if a[i : i + 1].isdigit():
            if not b[j : j + 1].isdigit():
                return 1
            left, right = number(a, i), number(b, j)
            if int(left) != int(right):
                return int(left) - int(right)
            i, j = i + len(left), j + len(right)
        elif b[j : j + 1].isdigit():
            return -1
        elif a[i : i + 1] != b[j : j + 1]:
            return a[i] - (b[j] if j < len(b) else 0)
        else:
            i, j = i + 1, j + 1
    return -(b[j] if j < len(b) else 0)


def number(text: bytes, at: int) -> bytes:
    """The digits from a place on."""
    end = at
    while text[end : end + 1].isdigit():
        end += 1
    return text[at:end]
