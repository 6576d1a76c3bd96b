"""What lies inside an sdist, read as a stream: nothing of it is unpacked, built or run."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

from nb2image.requirements.index.archive import (
    BROKEN,
    MAX_MEMBER_BYTES,
    MAX_MEMBERS,
    Contents,
    broken,
    is_file_name,
    open_wheel,
    read_member,
)

MAX_SDIST_BYTES = 600_000_000
"""Some hold jars or models: pyspark's is half of this."""
MAX_UNPACKED_BYTES = 4_000_000_000
REQUIRES = re.compile(r"^(?:[^/]+/){0,2}[^/]+\.egg-info/requires\.txt$")
SECTION = re.compile(r"^\[(?P<extra>[^:\]]*)(?::(?P<marker>[^\]]*))?\]$")

Member = tuple[str, int, Callable[[], bytes]]


def sdist_contents(file: BinaryIO, name: str) -> Contents:
    """The inside of an sdist, without its outer folder.

    Its requirements stand in PKG-INFO only since setuptools 68; before, in requires.txt: they are
    added to the metadata as Requires-Dist. Raises RequirementsError when the archive is broken or
    absurdly large.
    """
    paths: list[str] = []
    texts: dict[str, str] = {}
    for path, size, read in members(file, name):
        paths.append(path)
        if (path == "PKG-INFO" or REQUIRES.match(path)) and size < MAX_MEMBER_BYTES:
            texts[path] = read().decode("utf-8", "replace")
    metadata = texts.pop("PKG-INFO", "")
    if not re.search(r"^Requires-Dist:", metadata, re.MULTILINE):
        head, gap, rest = metadata.partition("\n\n")
        lines = [f"Requires-Dist: {r}" for text in texts.values() for r in requires_dist(text)]
        metadata = "\n".join([head.rstrip("\n"), *lines]) + (gap or "\n") + rest
    return Contents(members=tuple(paths), metadata=metadata)


def sdist_member(file: BinaryIO, member: str, name: str) -> bytes:
    """One file out of an sdist, named without its outer folder. Raises RequirementsError."""
    for path, size, read in members(file, name):
        if path == member and size < MAX_MEMBER_BYTES:
            return read()
    raise broken(name, KeyError(member))


def members(file: BinaryIO, name: str) -> Iterator[Member]:
    """(path without the outer folder, size, reader) of every file, in the archive's order.

    Raises RequirementsError.
    """
    if name.endswith(".zip"):
        archive = open_wheel(file, name)  # type: ignore[arg-type]
        for info in archive.infolist():
            inner = info.filename.partition("/")[2]
            if is_file_name(inner):
                yield inner, info.file_size, partial(read_member, archive, info.filename, name)
        return
    unpacked = count = 0
    try:
        with tarfile.open(fileobj=file, mode="r|*") as tar:
            for entry in tar:
                unpacked += entry.size
                count += 1
                if unpacked > MAX_UNPACKED_BYTES or count > MAX_MEMBERS:
                    raise broken(name, ValueError("it unpacks to an absurd size"))
                inner = entry.name.removeprefix("./").partition("/")[2]
                if entry.isfile() and is_file_name(inner):
                    yield inner, entry.size, partial(read_entry, tar, entry)
    except (*BROKEN, OSError, ValueError) as error:
        raise broken(name, error) from error


def read_entry(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    """One file of a tar archive that is being streamed."""
    stream = tar.extractfile(entry)
    return stream.read() if stream else b""


def requires_dist(text: str) -> list[str]:
    """The lines of setuptools' requires.txt as PEP 508 requirements.

    Its sections are ``[extra]``, ``[:marker]`` and ``[extra:marker]``.
    """
    found, extra, marker = [], "", ""
    for line in (raw.strip() for raw in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if section := SECTION.match(line):
            extra, marker = section["extra"] or "", section["marker"] or ""
            continue
        conditions = [f"({marker})" if extra else marker] if marker else []
        conditions += [f'extra == "{extra}"'] if extra else []
        found.append(f"{line} ; {' and '.join(conditions)}" if conditions else line)
    return found
