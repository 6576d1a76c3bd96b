"""Writes one layer: a tar archive, compressed, with the digests of both forms, in one pass."""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, Protocol

from nb2image.build.embedded.layers import deflate, tarhead
from nb2image.build.embedded.layers.tarhead import ROOT, Owner
from nb2image.errors import BuildError

Compression = Literal["gzip", "zstd"]
Kind = Literal["head", "text", "bulk"]
"""What plain bytes are: tar headers, a small file, or one of very many."""
MEDIA_TYPES = {
    "gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
}
ZSTD_LEVEL = 3
ENOUGH = 1 << 18
"""Bytes that are hashed and written at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A finished layer."""

    digest: str
    """``sha256:…`` of the compressed bytes."""
    diff_id: str
    """``sha256:…`` of the tar archive."""
    size: int
    """Bytes compressed."""
    unpacked: int
    """Bytes of the tar archive."""
    media_type: str
    content: int = 0
    """Bytes of its files, which is how engines count an image; 0 where it was not read."""
    what: str = ""
    """In words, for the image's history."""


class Encoder(Protocol):
    """Compresses the tar stream; all writing goes through ``LayerWriter``."""

    def plain(self, data: bytes, kind: Kind) -> bytes: ...
    def splice(
        self, pieces: Iterable[tuple[bytes, bytes]], deflated: bool, crc: int | None
    ) -> Iterator[bytes]: ...
    def end(self) -> bytes: ...


class LayerWriter:
    """A tar stream under construction.

    Entries come in the caller's order; owner and mode are as given, times are all ``time``.
    """

    def __init__(self, sink: BinaryIO, *, time: int, compression: Compression = "gzip") -> None:
        self._sink = sink
        self._time = time
        self._compression: Compression = compression
        self._encoder: Encoder = Gzip() if compression == "gzip" else Zstd()
        self._diff, self._digest = hashlib.sha256(), hashlib.sha256()
        self._size = self._unpacked = self._content = 0
        self._waiting: list[bytes] = []
        self._plain, self._packed = Gathered(), Gathered()
        self._folders: set[str] = set()

    def folder(self, path: str, *, mode: int = 0o755, owner: Owner = ROOT) -> None:
        """A folder; those above it must have been written (``parents``)."""
        if path not in self._folders:
            self._folders.add(path)
            self._head(path, kind=tarhead.FOLDER, mode=mode, owner=owner)

    def parents(self, path: str, *, owner: Owner = ROOT, below: str = "") -> None:
        """The folders above ``path`` that are not there yet; ``owner`` for those in ``below``."""
        above = path.rpartition("/")[0]
        if above and above not in self._folders:
            self.parents(above, owner=owner, below=below)
            inside = not below or above == below or above.startswith(f"{below}/")
            self.folder(above, owner=owner if inside else ROOT)

    def symlink(self, path: str, target: str) -> None:
        """A symbolic link."""
        self._head(path, kind=tarhead.SYMLINK, mode=0o777, target=target)

    def hard_link(self, path: str, target: str, *, mode: int = 0o644, owner: Owner = ROOT) -> None:
        """A further name of a file that this layer holds already, whose mode and owner it has."""
        self._head(path, kind=tarhead.LINK, target=target, mode=mode, owner=owner)

    def file(
        self,
        path: str,
        data: bytes,
        *,
        mode: int = 0o644,
        owner: Owner = ROOT,
        bulk: bool = False,
    ) -> None:
        """A file from its bytes; ``bulk`` where there are too many for the fixed encoder."""
        self._content += len(data)
        self._head(path, mode=mode, owner=owner, size=len(data))
        if data:
            self._flush()
            self._count(data)
            self._put(self._encoder.plain(data, "bulk" if bulk else "text"))
            self._pad(len(data))

    def stream(
        self,
        path: str,
        pieces: Iterable[tuple[bytes, bytes]],
        *,
        size: int,
        deflated: bool,
        crc: int | None = None,
        mode: int = 0o644,
        owner: Owner = ROOT,
    ) -> None:
        """A file from (compressed, plain) pieces: DEFLATE bytes are copied as they are.

        ``pieces`` must hold ``size`` plain bytes, whose CRC-32 is ``crc`` where it is given, and
        one whole DEFLATE stream: it raises the error itself when what it reads is not that.
        """
        self._content += size
        self._head(path, mode=mode, owner=owner, size=size)
        if not size:
            for _ in pieces:
                pass
            return
        self._flush()

        def counted() -> Iterator[tuple[bytes, bytes]]:
            for raw, plain in pieces:
                self._count(plain)
                yield raw, plain

        for packed in self._encoder.splice(counted(), deflated, crc):
            self._put(packed)
        self._pad(size)

    def finish(self, what: str = "") -> Layer:
        """End the archive."""
        self._waiting.append(tarhead.END_OF_ARCHIVE)
        self._flush()
        self._put(self._encoder.end())
        self._diff.update(self._plain.taken())
        self._write(self._packed.taken())
        return Layer(
            digest=f"sha256:{self._digest.hexdigest()}",
            diff_id=f"sha256:{self._diff.hexdigest()}",
            size=self._size,
            unpacked=self._unpacked,
            content=self._content,
            media_type=MEDIA_TYPES[self._compression],
            what=what,
        )

    def _head(self, path: str, **fields: Any) -> None:
        self._waiting.append(tarhead.header(path, time=self._time, **fields))

    def _pad(self, size: int) -> None:
        self._waiting.append(tarhead.padding(size))

    def _flush(self) -> None:
        data = b"".join(self._waiting)
        self._waiting.clear()
        if data:
            self._count(data)
            self._put(self._encoder.plain(data, "head"))

    def _count(self, plain: bytes) -> None:
        self._unpacked += len(plain)
        if self._plain.add(plain):
            self._diff.update(self._plain.taken())

    def _put(self, packed: bytes) -> None:
        self._size += len(packed)
        if self._packed.add(packed):
            self._write(self._packed.taken())

    def _write(self, packed: bytes) -> None:
        self._digest.update(packed)
        self._sink.write(packed)


class Gathered:
    """Bytes that wait to be worth a call: each one lets another thread in, and has to wait then."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> bool:
        """Take bytes in; whether there are enough of them now."""
        self._parts.append(data)
        self._size += len(data)
        return self._size >= ENOUGH

    def taken(self) -> bytes:
        """All of them; there are none afterwards."""
        data = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        return data


class Gzip:
    """Gzip members one after the other: together they are one gzip file (RFC 1952, 2.2)."""

    def plain(self, data: bytes, kind: Kind) -> bytes:
        """One member."""
        body = (
            deflate.deflate_runs(data)
            if kind == "head"
            else deflate.deflate(data, bulk=kind == "bulk")
        )
        trailer = deflate.gzip_trailer(zlib.crc32(data), len(data))
        return b"".join((deflate.GZIP_HEADER, body, trailer))

    def splice(
        self, pieces: Iterable[tuple[bytes, bytes]], deflated: bool, crc: int | None
    ) -> Iterator[bytes]:
        """One member around bytes that are compressed already, or that stay plain."""
        yield deflate.GZIP_HEADER
        found = size = 0
        for raw, plain in pieces:
            found = found if crc is not None else zlib.crc32(plain, found)
            size += len(plain)
            yield raw if deflated else deflate.stored(plain)
        trailer = deflate.gzip_trailer(found if crc is None else crc, size)
        yield (b"" if deflated else deflate.LAST) + trailer

    def end(self) -> bytes:
        """Nothing is open."""
        return b""


class Zstd:
    """One zstd stream; its bytes depend on the release of the library."""

    def __init__(self) -> None:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        self._encoder: Any = zstd.ZstdCompressor(level=ZSTD_LEVEL)

    def plain(self, data: bytes, kind: Kind) -> bytes:
        """The next bytes of the stream."""
        return bytes(self._encoder.compress(data))

    def splice(
        self, pieces: Iterable[tuple[bytes, bytes]], deflated: bool, crc: int | None
    ) -> Iterator[bytes]:
        """The plain bytes, compressed anew."""
        for _, plain in pieces:
            yield bytes(self._encoder.compress(plain))

    def end(self) -> bytes:
        """What the encoder still holds."""
        return bytes(self._encoder.flush())


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turn a full or unwritable disk into a BuildError."""
    try:
        yield
    except OSError as error:
        raise BuildError(
            f"cannot write {what}: {error.strerror or error}",
            code="disk",
            hint="check the disk's space and the permissions of the cache folder (NB2IMAGE_CACHE)",
        ) from error
