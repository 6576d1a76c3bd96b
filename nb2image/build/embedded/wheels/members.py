"""Members of a zip archive as they lie in the file: compressed bytes beside plain ones.

Nothing in the archive is believed: names, sizes and checksums come from whoever made the wheel.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nb2image.errors import BuildError
from nb2image.image.quote import printable

PIECE = 1 << 18
MAX_MEMBERS = 500_000
LOCAL_HEADER = b"PK\x03\x04"
LOCAL_HEADER_SIZE = 30
"""APPNOTE 4.3.7, without the name and the extra field."""
EXTRA_ROOM = 64
"""Bytes of a local header's extra field: most have none."""
WHOLE = 8 * PIECE
"""Bytes of a member that is unpacked at once."""
MAX_UNPACKED = 64 * 1000**3
ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of an archive."""

    name: str
    crc: int
    size: int
    packed: int
    """Bytes in the archive."""
    deflated: bool
    """Compressed with DEFLATE; else it lies there plain."""
    executable: bool
    offset: int
    """Of its local header."""


class Archive:
    """A zip file on disk, open for reading.

    Raises BuildError, here and while members are read, when it is not what it says.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._file: BinaryIO = path.open("rb")
        try:
            self.members = tuple(self._listed())
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def pieces(self, member: Member) -> Iterator[tuple[bytes, bytes]]:
        """(compressed, plain) bytes of a member, a piece at a time; all is verified at the end."""
        if member.packed <= PIECE and member.size <= WHOLE:
            return self._whole(member)
        return self._parts(member)

    def _whole(self, member: Member) -> Iterator[tuple[bytes, bytes]]:
        """Of a small member: one piece."""
        raw = self._data(member)
        if len(raw) != member.packed:
            raise self.broken(f"{printable(member.name)} is cut short")
        plain, whole = raw, True
        if member.deflated:
            inflate = zlib.decompressobj(-15)
            try:
                plain = inflate.decompress(raw, member.size + 1)
            except zlib.error as error:
                raise self.broken(f"{printable(member.name)}: {error}") from error
            if not inflate.eof and len(plain) == member.size:
                # an empty last block is read only when there is room for more
                plain += inflate.decompress(inflate.unconsumed_tail, 1)
            whole = inflate.eof and not inflate.unused_data
        self._check(member, whole, len(plain), zlib.crc32(plain))
        yield raw, plain

    def _parts(self, member: Member) -> Iterator[tuple[bytes, bytes]]:
        self._file.seek(self._start(member))
        inflate = zlib.decompressobj(-15) if member.deflated else None
        left, size, crc = member.packed, 0, 0
        while left:
            raw = self._file.read(min(left, PIECE))
            if not raw:
                raise self.broken(f"{printable(member.name)} is cut short")
            left -= len(raw)
            try:
                plain = inflate.decompress(raw, PIECE) if inflate else raw
            except zlib.error as error:
                raise self.broken(f"{printable(member.name)}: {error}") from error
            size, crc = size + len(plain), zlib.crc32(plain, crc)
            yield raw, plain
            # a piece may unpack to a thousand times its size: never all of it at once
            while inflate and inflate.unconsumed_tail:
                plain = inflate.decompress(inflate.unconsumed_tail, PIECE)
                size, crc = size + len(plain), zlib.crc32(plain, crc)
                yield b"", plain
                if size > member.size:
                    break
            if size > member.size:
                raise self.broken(f"{printable(member.name)} is larger than it says")
        whole = inflate is None or (inflate.eof and not inflate.unused_data)
        self._check(member, whole, size, crc)

    def _check(self, member: Member, whole: bool, size: int, crc: int) -> None:
        if not whole or size != member.size or crc != member.crc:
            raise self.broken(f"{printable(member.name)} is damaged")

    def read(self, member: Member, limit: int) -> bytes:
        """A small member's plain bytes."""
        if member.size > limit:
            raise self.broken(f"{printable(member.name)} is too large ({member.size} bytes)")
        return b"".join(plain for _, plain in self.pieces(member))

    def broken(self, why: str) -> BuildError:
        """The error for this archive."""
        return BuildError(
            f"{self.name} is not a sound archive: {why}",
            code="wheel-broken",
            hint="an index or a proxy serves a broken file; the wheel's publisher may know",
        )

    def _listed(self) -> Iterator[Member]:
        try:
            with zipfile.ZipFile(self._file) as listing:
                found = listing.infolist()
        except (zipfile.BadZipFile, struct.error, ValueError, OSError, NotImplementedError) as e:
            raise self.broken(str(e)) from e
        if len(found) > MAX_MEMBERS:
            raise self.broken(f"{len(found)} members")
        if sum(info.file_size for info in found) > MAX_UNPACKED:
            raise self.broken("it unpacks to an absurd size")
        for info in found:
            if info.is_dir():
                continue
            if info.flag_bits & ENCRYPTED:
                raise self.broken(f"{printable(info.filename)} is encrypted")
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise self.broken(f"{printable(info.filename)} is neither stored nor deflated")
            yield Member(
                name=info.orig_filename,
                crc=info.CRC,
                size=info.file_size,
                packed=info.compress_size,
                deflated=info.compress_type == zipfile.ZIP_DEFLATED,
                executable=bool(info.external_attr >> 16 & 0o111),
                offset=info.header_offset,
            )

    def _start(self, member: Member) -> int:
        """Where the member's bytes begin: its local header has a length of its own."""
        head = os.pread(self._file.fileno(), LOCAL_HEADER_SIZE, member.offset)
        return member.offset + self._header_size(member, head)

    def _data(self, member: Member) -> bytes:
        """A small member's bytes as they lie there: with its header in one read, mostly."""
        guess = LOCAL_HEADER_SIZE + len(member.name.encode()) + EXTRA_ROOM
        found = os.pread(self._file.fileno(), guess + member.packed, member.offset)
        start = self._header_size(member, found)
        if start <= guess:
            return found[start : start + member.packed]
        return os.pread(self._file.fileno(), member.packed, member.offset + start)

    def _header_size(self, member: Member, head: bytes) -> int:
        if len(head) < LOCAL_HEADER_SIZE or not head.startswith(LOCAL_HEADER):
            raise self.broken(f"{printable(member.name)} is not where the archive says")
        name, extra = struct.unpack_from("<HH", head, 26)
        return LOCAL_HEADER_SIZE + int(name) + int(extra)
