"""A base on disk: an OCI image layout (folder or tar), or what ``docker save`` wrote."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

from nb2image.archive.documents import DockerManifest
from nb2image.archive.places import Places, part_of
from nb2image.archive.stream import Stream, decompressed, form, from_file
from nb2image.archive.stream import damaged as damaged_stream
from nb2image.build.embedded.bases.base import MAX_UNPACKED, Base
from nb2image.build.embedded.bases.resolve import (
    MAX_CONFIG,
    MAX_DOCUMENT,
    MAX_LAYERS,
    Descriptor,
    Document,
    Resolved,
    decode,
    fits,
    hostile,
    make_base,
    resolve,
)
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.documents import CONFIG, MANIFEST, Blob, Image
from nb2image.build.embedded.layers import deflate
from nb2image.build.embedded.layers.layer import Layer
from nb2image.build.embedded.layout import blob_name
from nb2image.errors import BuildError, OptionError

PIECE = 1 << 18
GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"


class Files(Protocol):
    """The files of an archive or a folder by name."""

    def open(self, name: str) -> IO[bytes] | None:
        """A regular file; None when there is none of that name."""


def read_base(path: Path, cache: BlobCache, *, architecture: str, python: str) -> Base:
    """The base in a layout or archive; its blobs are copied into the cache, verified.

    Raises OptionError when ``path`` is neither, BuildError when it is broken.
    """
    with opened(path) as files:
        index = read_index(files, path, architecture)
        if index is not None:
            return from_layout(files, index, path, cache, architecture, python)
        listing = read(files, "manifest.json", MAX_DOCUMENT)
        if listing is None:
            raise OptionError(
                f"{path} is neither an OCI image layout nor an archive of docker save",
                code="base-unreadable",
                hint="make one with: docker save --output base.tar IMAGE",
            )
        return from_docker(files, listing, path, cache, architecture, python)


@contextmanager
def opened(path: Path) -> Iterator[Files]:
    """The files of a folder or of a tar archive, compressed or not.

    Raises OptionError when it cannot be read, ArchiveError when it is damaged.
    """
    if path.is_dir():
        yield Folder(path)
        return
    with ExitStack() as stack:
        try:
            file: IO[bytes] = stack.enter_context(path.open("rb", buffering=0))
            size = path.stat().st_size
            stream = from_file(file, size, str(path))
            if form(stream) in ("gzip", "zstd"):
                file = stack.enter_context(tempfile.TemporaryFile(buffering=0))
                size = plain_copy(decompressed(stream), file)
            archive = Archive(file, size, str(path))
        except OSError as error:
            raise OptionError(
                f"cannot read {path} as an archive: {error.strerror or error}",
                code="base-unreadable",
                hint="check the path, its permissions and the disk's space",
            ) from error
        yield archive


def plain_copy(stream: Stream, file: IO[bytes]) -> int:
    """Write what a compressed archive holds; its bytes. Raises ArchiveError for a bomb."""
    size = 0
    for piece in stream.pieces(MAX_UNPACKED + 1):
        size += len(piece)
        if size > MAX_UNPACKED:
            raise damaged_stream(stream, "it unpacks to an absurd size")
        file.write(piece)
    return size


class Folder:
    """The files of a layout folder; nothing outside it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, name: str) -> IO[bytes] | None:
        """A regular file of the folder."""
        path = part_of(self._root, name)
        return path.open("rb") if path else None


class Archive:
    """The files of a tar archive."""

    def __init__(self, file: IO[bytes], size: int, name: str) -> None:
        self._number = file.fileno()
        self._places = Places(file, size, name)

    def open(self, name: str) -> IO[bytes] | None:
        """A regular file; docker save of old releases links equal layers to each other."""
        place = self._places.find(name)
        return cast(IO[bytes], Section(self._number, *place)) if place else None


class Section(io.RawIOBase):
    """So many bytes of an open file from a place on."""

    def __init__(self, number: int, start: int, size: int) -> None:
        self._number = number
        self._start = start
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """It can only be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes."""
        count = min(len(buffer), self._size - self._at)
        data = os.pread(self._number, count, self._start + self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte, counted from the beginning."""
        if whence != os.SEEK_SET:
            raise io.UnsupportedOperation("only from the beginning")
        self._at = max(0, min(offset, self._size))
        return self._at


def read(files: Files, name: str, limit: int) -> bytes | None:
    """A small file's bytes. Raises BuildError when it is not small."""
    file = files.open(name)
    if file is None:
        return None
    with file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise hostile(f"a {name} of more than {limit} bytes")
    return data


def read_index(files: Files, path: Path, architecture: str) -> bytes | None:
    """The index of a layout; None when it is none. Raises OptionError for one of several images."""
    index = read(files, "index.json", MAX_DOCUMENT)
    if index is None:
        return None
    manifests = decode(index, Document).manifests
    images = {one.digest for one in manifests if fits(one, architecture) or not one.platform}
    if len(images) > 1:
        raise several(path, len(images))
    return index


def several(path: Path, count: int) -> OptionError:
    """The error for an archive of another number of images than one."""
    return OptionError(
        f"{path} holds {count} images",
        code="base-ambiguous",
        hint="save one alone: docker save NAME --output FILE",
    )


def from_layout(
    files: Files, index: bytes, path: Path, cache: BlobCache, architecture: str, python: str
) -> Base:
    """The base in an OCI image layout."""

    resolved = resolve(index, architecture, lambda one, limit: document(files, path, one, limit))
    take_layers(files, resolved.layers, path, cache)
    return make_base(
        resolved,
        document(files, path, resolved.config, MAX_CONFIG),
        cache,
        name=path.name,
        architecture=architecture,
        python=python,
        reason=f"the layout {path.name}",
    )


def read_image(path: Path, cache: BlobCache, architecture: str) -> Image:
    """The image in a layout as it is, its layers in the cache, to be pushed.

    Raises OptionError when ``path`` is no layout, BuildError when it is broken.
    """
    with opened(path) as files:
        index = read_index(files, path, architecture)
        if index is None:
            raise OptionError(f"{path} is no OCI image layout", code="base-unreadable")
        found = resolve(index, architecture, lambda one, limit: document(files, path, one, limit))
        top = Descriptor(digest=found.digest, size=0)
        manifest, config = (
            document(files, path, one, limit)
            for one, limit in ((top, MAX_DOCUMENT), (found.config, MAX_CONFIG))
        )
        take_layers(files, found.layers, path, cache)
    return Image(
        config=Blob(media_type=CONFIG, data=config),
        manifest=Blob(media_type=MANIFEST, data=manifest),
        layers=tuple(
            Layer(digest=d.digest, diff_id="", size=d.size, unpacked=0, media_type=d.media_type)
            for d in found.layers
        ),
        architecture=architecture,
    )


def document(files: Files, path: Path, one: Descriptor, limit: int) -> bytes:
    """A document of a layout, verified. Raises BuildError."""
    data = read(files, blob_name(one.digest), limit)
    if data is None or f"sha256:{hashlib.sha256(data).hexdigest()}" != one.digest:
        raise damaged(path, one.digest)
    return data


def take_layers(files: Files, layers: Iterable[Descriptor], path: Path, cache: BlobCache) -> None:
    """Copy the layers of a layout into the cache, verified. Raises BuildError."""
    for layer in layers:
        if cache.find(layer.digest, layer.size):
            continue
        source = files.open(blob_name(layer.digest))
        if source is None:
            raise damaged(path, layer.digest)
        with source, cache.writing() as file:
            sha, size = hashlib.sha256(), 0
            while piece := source.read(PIECE):
                sha.update(piece)
                size += len(piece)
                file.write(piece)
            if (f"sha256:{sha.hexdigest()}", size) != (layer.digest, layer.size):
                raise damaged(path, layer.digest)
            cache.keep(file, layer.digest)


def from_docker(
    files: Files, listing: bytes, path: Path, cache: BlobCache, architecture: str, python: str
) -> Base:
    """The base in an archive of docker save, whose layers are not compressed."""
    images: list[DockerManifest] = decode(listing, list[DockerManifest])
    if len(images) != 1:
        raise several(path, len(images))
    image = images[0]
    config = read(files, image.config, MAX_CONFIG)
    if config is None or not 0 < len(image.layers) <= MAX_LAYERS:
        raise damaged(path, "its manifest.json")
    layers = [compressed(files, name, path, cache) for name in image.layers]
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    found = Resolved(
        digest="",
        config=Descriptor(digest=digest, size=len(config)),
        layers=tuple(
            Descriptor(digest=one.digest, size=one.size, media_type=one.media_type)
            for one in layers
        ),
    )
    tags = image.tags or [path.name]
    return make_base(
        found,
        config,
        cache,
        name=tags[0][:255],
        architecture=architecture,
        python=python,
        reason=f"the archive {path.name}",
    )


def compressed(files: Files, name: str, path: Path, cache: BlobCache) -> Layer:
    """A layer of docker save as a gzip blob, made once."""
    source = files.open(name)
    if source is None:
        raise damaged(path, name)
    with source:
        diff_id = f"sha256:{hashlib.file_digest(source, 'sha256').hexdigest()}"  # type: ignore[arg-type]
        known = cache.fact(f"gzip/2/{diff_id}", Layer)
        if known is not None and cache.find(known.digest, known.size):
            return known
        source.seek(0)
        with cache.writing() as file:
            sha, size, unpacked, crc = hashlib.sha256(), 0, 0, 0
            encoder = deflate.compressor()

            def put(data: bytes) -> None:
                nonlocal size
                sha.update(data)
                size += len(data)
                file.write(data)

            put(deflate.GZIP_HEADER)
            while piece := source.read(PIECE):
                crc, unpacked = zlib.crc32(piece, crc), unpacked + len(piece)
                put(encoder.compress(piece))
            put(encoder.flush() + deflate.gzip_trailer(crc, unpacked))
            digest = f"sha256:{sha.hexdigest()}"
            cache.keep(file, digest)
    layer = Layer(digest=digest, diff_id=diff_id, size=size, unpacked=unpacked, media_type=GZIP)
    cache.remember(f"gzip/2/{diff_id}", layer)
    return layer


def damaged(path: Path, what: str) -> BuildError:
    """The error for an archive that lacks a part, or holds a wrong one."""
    return BuildError(
        f"{path} is damaged: {what[:200]} is missing or has a wrong hash",
        code="base-damaged",
        hint="make it again; it may have been cut short",
    )
