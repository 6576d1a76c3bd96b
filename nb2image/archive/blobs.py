"""The named parts of an image archive: manifests, configs and layers, wherever they lie.

A folder and a plain tar on disk are read part by part as asked. An engine's export and a
compressed tar can only be read once, in order: there every part that looks like a layer is read
as it passes, since the manifest that says which ones count may come last.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import IO, Protocol

from nb2image.archive.layer import Limits, read_layer
from nb2image.archive.places import Places, check_count, link_target, part_of
from nb2image.archive.stream import Stream, form, from_file
from nb2image.archive.tar import TarReader
from nb2image.errors import ArchiveError
from nb2image.model.layer import LayerFiles

MAX_JSON = 8_000_000
"""Bytes of one manifest or config; the largest real ones are below 1 MB."""
MAX_JSON_TOTAL = 64_000_000

Keep = Callable[[str], bool]


class Blobs(Protocol):
    """The parts of an archive by name (``manifest.json``, ``blobs/sha256/…``)."""

    name: str
    """What errors call the archive."""

    def json(self, name: str) -> bytes | None:
        """A small part's bytes; None when the archive has no such part."""

    def layer(self, name: str) -> LayerFiles:
        """What a layer holds. Raises ArchiveError when it is missing or cannot be read."""

    def size(self, name: str) -> int | None:
        """A part's bytes as stored; None when unknown."""


class FolderBlobs:
    """An OCI image layout on disk."""

    def __init__(self, root: Path, keep: Keep, limits: Limits) -> None:
        self.name = str(root)
        self._root = root
        self._keep = keep
        self._limits = limits

    def json(self, name: str) -> bytes | None:
        path = part_of(self._root, name)
        if path is None:
            return None
        if path.stat().st_size > MAX_JSON:
            raise too_large(self.name, name)
        return path.read_bytes()

    def layer(self, name: str) -> LayerFiles:
        path = part_of(self._root, name)
        if path is None:
            raise missing(self.name, name)
        with path.open("rb", buffering=0) as file:
            stream = from_file(file, path.stat().st_size, f"{name} of {self.name}")
            return read_layer(stream, self._keep, self._limits)

    def size(self, name: str) -> int | None:
        path = part_of(self._root, name)
        return path.stat().st_size if path else None


class TarBlobs:
    """A plain tar on disk, indexed once: its parts are read where they lie."""

    def __init__(self, file: IO[bytes], size: int, name: str, keep: Keep, limits: Limits) -> None:
        self.name = name
        self._file = file
        self._keep = keep
        self._limits = limits
        self._places = Places(file, size, name)

    def json(self, name: str) -> bytes | None:
        place = self._places.find(name)
        if place is None:
            return None
        if place[1] > MAX_JSON:
            raise too_large(self.name, name)
        return self._stream(name, place).exactly(place[1])

    def layer(self, name: str) -> LayerFiles:
        place = self._places.find(name)
        if place is None:
            raise missing(self.name, name)
        return read_layer(self._stream(name, place), self._keep, self._limits)

    def size(self, name: str) -> int | None:
        place = self._places.find(name)
        return place[1] if place else None

    def _stream(self, name: str, place: tuple[int, int]) -> Stream:
        self._file.seek(place[0])
        return from_file(self._file, place[1], f"{name} of {self.name}")


class StreamedBlobs:
    """An archive that can be read only once: everything is taken as it passes."""

    def __init__(self, stream: Stream, keep: Keep, limits: Limits) -> None:
        self.name = stream.name
        self._json: dict[str, bytes] = {}
        self._layers: dict[str, LayerFiles] = {}
        self._sizes: dict[str, int] = {}
        self._links: dict[str, str] = {}
        json_total = 0
        reader = TarReader(stream)
        for member in reader:
            check_count(self.name, len(self._sizes) + len(self._links))
            path = posixpath.normpath(member.name)
            if member.kind in (b"1", b"2"):
                self._links[path] = link_target(path, member.target, hard=member.kind == b"1")
                continue
            if member.kind != b"0":
                continue
            self._sizes[path] = member.size
            part = reader.part(f"{path} of {self.name}")
            match form(part):
                case "json" if member.size <= MAX_JSON:
                    json_total += member.size
                    if json_total > MAX_JSON_TOTAL:
                        raise too_large(self.name, path)
                    self._json[path] = part.exactly(member.size)
                case "tar" | "gzip" | "zstd":
                    self._layers[path] = read_layer(part, keep, limits)
        stream.drain()

    def json(self, name: str) -> bytes | None:
        return self._json.get(self._links.get(name, name))

    def layer(self, name: str) -> LayerFiles:
        name = self._links.get(name, name)
        if name in self._layers:
            return self._layers[name]
        if self._sizes.get(name) == 0:
            return LayerFiles(entries=())
        raise missing(self.name, name)

    def size(self, name: str) -> int | None:
        return self._sizes.get(self._links.get(name, name))


def missing(archive: str, name: str) -> ArchiveError:
    """The error for a part that the manifest names and the archive lacks."""
    return ArchiveError(
        f"{archive} lacks {name}, which its manifest names",
        code="archive-incomplete",
        hint="make the archive again; a partial one (for an engine that has the rest) cannot "
        "be inspected",
    )


def too_large(archive: str, name: str) -> ArchiveError:
    """The error for a manifest of unbelievable size."""
    return ArchiveError(
        f"{name[:200]} of {archive} is too large for a manifest",
        code="archive-damaged",
        hint="the archive is damaged or hostile",
    )
