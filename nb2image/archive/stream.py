"""Bytes from anywhere, read once and in order, in bounded memory; and their decompression."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Literal

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from nb2image.errors import ArchiveError

CHUNK = 1 << 18
GZIP_INPUT = 1 << 16
"""Small, because what follows a gzip member is copied: spliced layers have thousands."""
ZSTD_WINDOW_LOG = 27
"""128 MiB, zstd's own limit without ``--long``: a frame that asks for more is refused."""
MAX_PADDING = 1 << 26
"""Tars are padded to a record, usually 10 KiB; 64 MiB is no padding."""

Form = Literal["gzip", "zstd", "tar", "json", "other"]


class Stream:
    """A forward-only reader over a source of chunks.

    ``more`` returns the next chunk, empty at the end. ``jump``, where the source can seek,
    moves forward by a number of bytes and returns how many it moved.
    """

    __slots__ = ("_chunk", "_jump", "_more", "_position", "name", "offset")

    def __init__(
        self,
        more: Callable[[], bytes],
        *,
        name: str,
        jump: Callable[[int], int] | None = None,
    ) -> None:
        self._more = more
        self._jump = jump
        self._chunk = b""
        self._position = 0
        self.name = name
        """What errors call it: ``layer 3 of image.tar``."""
        self.offset = 0
        """Bytes handed out or passed over so far."""

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; fewer only at the end."""
        end = self._position + size
        if end <= len(self._chunk):
            data = self._chunk[self._position : end]
            self._position = end
            self.offset += size
            return data
        return b"".join(self.pieces(size))

    def exactly(self, size: int) -> bytes:
        """``size`` bytes. Raises ArchiveError when the stream ends before."""
        data = self.read(size)
        if len(data) < size:
            raise self.truncated()
        return data

    def pieces(self, size: int) -> Iterator[bytes]:
        """The next ``size`` bytes in pieces of whatever length; fewer only at the end."""
        while size > 0:
            available = len(self._chunk) - self._position
            if not available:
                self._chunk = self._more()
                self._position = 0
                if not self._chunk:
                    return
                continue
            count = min(size, available)
            if count == len(self._chunk):
                piece = self._chunk
            else:
                piece = self._chunk[self._position : self._position + count]
            self._position += count
            self.offset += count
            size -= count
            yield piece

    def skip(self, size: int) -> None:
        """Pass over ``size`` bytes. Raises ArchiveError when there are fewer."""
        available = len(self._chunk) - self._position
        if size <= available:
            self._position += size
            self.offset += size
            return
        if self._jump is None:
            size -= sum(len(piece) for piece in self.pieces(size))
        else:
            self._chunk, self._position = b"", 0
            size -= available
            moved = self._jump(size)
            self.offset += available + moved
            size -= moved
        if size:
            raise self.truncated()

    def drain(self) -> None:
        """Read on to the end, so that a truncated or damaged compression is found.

        Used behind a tar's end marker, where only padding follows. Raises ArchiveError when
        there is more of it than any tar writes.
        """
        if sum(len(piece) for piece in self.pieces(MAX_PADDING)) == MAX_PADDING:
            raise damaged(self, "much follows after the end of the tar")

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes without consuming them; fewer only at the end."""
        if len(self._chunk) - self._position < size:
            held = self._chunk[self._position :]
            while len(held) < size and (more := self._more()):
                held += more
            self._chunk, self._position = held, 0
        return self._chunk[self._position : self._position + size]

    def part(self, size: int, name: str = "") -> Stream:
        """The next ``size`` bytes as a stream of their own, which must be read before the rest."""
        left = size

        def more() -> bytes:
            nonlocal left
            data = next(self.pieces(min(left, CHUNK)), b"")
            left -= len(data)
            if left and not data:
                raise self.truncated()
            return data

        return Stream(more, name=name or self.name)

    def truncated(self) -> ArchiveError:
        """The error for a stream that ends too early."""
        return ArchiveError(
            f"{self.name} ends in the middle: the file is truncated",
            code="archive-truncated",
            hint="make the archive again, or copy it again and compare the sizes",
        )


def from_file(file: IO[bytes], size: int, name: str) -> Stream:
    """``size`` bytes of an open, seekable, unbuffered file from where it stands."""
    left = size

    def more() -> bytes:
        nonlocal left
        data = file.read(min(left, CHUNK))
        left -= len(data)
        return data

    def jump(count: int) -> int:
        nonlocal left
        count = min(count, left)
        file.seek(count, 1)
        left -= count
        return count

    return Stream(more, name=name, jump=jump)


def from_chunks(chunks: Iterator[bytes], name: str) -> Stream:
    """A stream over an iterator of chunks, such as an engine's export."""
    return Stream(lambda: next((chunk for chunk in chunks if chunk), b""), name=name)


def form(stream: Stream) -> Form:
    """What the stream looks like by its first bytes; consumes nothing."""
    start = stream.peek(512)
    if start[:2] == b"\x1f\x8b":
        return "gzip"
    if start[:4] == b"\x28\xb5\x2f\xfd":
        return "zstd"
    if start[257:262] == b"ustar" or (start and not start.strip(b"\0")):
        return "tar"
    if start.lstrip()[:1] in (b"{", b"["):
        return "json"
    return "other"


def decompressed(stream: Stream) -> Stream:
    """The stream itself, or what its gzip or zstd compression holds."""
    match form(stream):
        case "gzip":
            return gunzip(stream)
        case "zstd":
            return unzstd(stream)
        case _:
            return stream


def gunzip(source: Stream) -> Stream:
    """The contents of a gzip stream of one or more members, at most a chunk at a time."""
    inflate = zlib.decompressobj(wbits=31)
    pending = b""

    def more() -> bytes:
        nonlocal inflate, pending
        while True:
            if not pending:
                pending = source.read(GZIP_INPUT)
            if inflate.eof:
                # zero bytes after the last member are padding; another member goes on
                pending = pending.lstrip(b"\0")
                if not pending:
                    if not source.peek(1):
                        return b""
                    continue
                inflate = zlib.decompressobj(wbits=31)
            if not pending:
                raise source.truncated()
            try:
                data = inflate.decompress(pending, CHUNK)
            except zlib.error as error:
                raise damaged(source, str(error)) from error
            pending = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            if data:
                return data

    return Stream(more, name=source.name)


def unzstd(source: Stream) -> Stream:
    """The contents of a zstd stream of one or more frames, at most a chunk at a time."""
    options = {int(zstd.DecompressionParameter.window_log_max): ZSTD_WINDOW_LOG}
    inflate = zstd.ZstdDecompressor(options=options)

    def more() -> bytes:
        nonlocal inflate
        pending = b""
        while True:
            if inflate.eof:
                pending = inflate.unused_data or source.read(CHUNK)
                if not pending:
                    return b""
                inflate = zstd.ZstdDecompressor(options=options)
            elif inflate.needs_input and not pending:
                pending = source.read(CHUNK)
                if not pending:
                    raise source.truncated()
            try:
                data = inflate.decompress(pending, CHUNK)
            except zstd.ZstdError as error:
                raise damaged(source, str(error)) from error
            pending = b""
            if data:
                return data

    return Stream(more, name=source.name)


def damaged(stream: Stream, detail: str) -> ArchiveError:
    """The error for bytes that are not what they should be."""
    return ArchiveError(
        f"{stream.name} is damaged: {detail}",
        code="archive-damaged",
        hint="make the archive again, or copy it again and compare the sizes",
    )
