"""Where the parts of an image archive lie: in a folder, or in a plain tar that is indexed once."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import IO

from nb2image.archive.stream import from_file
from nb2image.archive.tar import TarReader
from nb2image.errors import ArchiveError

MAX_PARTS = 10_000


class Places:
    """The parts of a tar by name. Raises ArchiveError when it is damaged or truncated."""

    def __init__(self, file: IO[bytes], size: int, name: str) -> None:
        self._places: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        file.seek(0)
        reader = TarReader(from_file(file, size, name))
        for member in reader:
            check_count(name, len(self._places) + len(self._links))
            path = posixpath.normpath(member.name)
            if member.kind in (b"1", b"2"):
                self._links[path] = link_target(path, member.target, hard=member.kind == b"1")
            elif member.kind == b"0":
                self._places[path] = (reader.stream.offset, member.size)

    def find(self, name: str) -> tuple[int, int] | None:
        """Where a part begins, and its bytes; None when there is none of that name."""
        return self._places.get(self._links.get(name, name))


def part_of(root: Path, name: str) -> Path | None:
    """A part of a layout folder; None when there is none, or it lies elsewhere."""
    top = root.resolve()
    path = (top / name).resolve()
    return path if path.is_relative_to(top) and path.is_file() else None


def link_target(path: str, target: str, *, hard: bool) -> str:
    """The part that a link inside the archive names (docker save links equal layers)."""
    return posixpath.normpath(target if hard else posixpath.join(posixpath.dirname(path), target))


def check_count(archive: str, count: int) -> None:
    """Raises ArchiveError when an archive has more parts than any image."""
    if count > MAX_PARTS:
        raise ArchiveError(
            f"{archive} has more than {MAX_PARTS} parts: it is no image archive",
            code="archive-not-an-image",
            hint="name a tar made by docker save, or an OCI image layout",
        )
