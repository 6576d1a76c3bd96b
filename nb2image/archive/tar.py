"""Reads a tar's headers as a stream, safe on hostile input.

The standard library's tarfile reads extended headers whole, whatever size they claim, and keeps
every member in memory: neither is bearable for an archive from a stranger. Format: POSIX.1-2017
pax (ustar and extended headers) and the GNU extensions for long names, large numbers and old
sparse files. Nothing here ever writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from nb2image.archive.stream import Stream, damaged

BLOCK = 512
ZEROS = bytes(BLOCK)
MAX_EXTENDED = 1 << 20
"""Bytes of one extended header at most; real ones are below a few KiB."""
MAX_SIZE = 1 << 60
"""Bytes that a member may claim; beyond it the number is a lie and sums would overflow JSON."""

REGULAR = b"0"
HEADER_ONLY = frozenset(b"123456")
"""Links, devices, folders and FIFOs have no content, whatever size their header claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a tar, as written: its names are not cleaned."""

    name: str
    kind: bytes
    """The type flag, one byte; ``0`` for every way to say a regular file."""
    size: int
    """Bytes that follow in the archive; 0 for kinds that have no content."""
    mode: int
    uid: int
    gid: int
    target: str


class TarReader:
    """The members of a tar, one after another, each with its content."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._end = stream.offset

    def __iter__(self) -> Iterator[Member]:
        """Every member. Raises ArchiveError when the tar is damaged or truncated."""
        stream = self.stream
        extended: dict[str, str] = {}
        while (header := self._header()) is not None:
            kind = header[156:157]
            size = size_of(header, stream)
            if kind in (b"x", b"g", b"L", b"K"):
                if size > MAX_EXTENDED:
                    raise damaged(stream, f"an extended header claims {size} bytes")
                data = stream.exactly(size)
                stream.skip(-size % BLOCK)
                match kind:
                    case b"x":
                        extended |= pax_records(data, stream)
                    case b"L":
                        extended["path"] = text(data.rstrip(b"\0"))
                    case b"K":
                        extended["linkpath"] = text(data.rstrip(b"\0"))
                continue
            if kind == b"S":
                self._skip_sparse_map(header)
            member = make_member(header, size, extended, stream)
            extended = {}
            self._end = stream.offset + member.size
            yield member
            stream.skip(self._end - stream.offset)
            stream.skip(-member.size % BLOCK)

    def pieces(self) -> Iterator[bytes]:
        """The current member's content. Raises ArchiveError when the tar ends in it."""
        yield from self.stream.pieces(self._end - self.stream.offset)
        if self.stream.offset < self._end:
            raise self.stream.truncated()

    def read(self) -> bytes:
        """The current member's whole content."""
        return b"".join(self.pieces())

    def part(self, name: str) -> Stream:
        """The current member's content as a stream."""
        return self.stream.part(self._end - self.stream.offset, name)

    def _header(self) -> bytes | None:
        """The next header; None at the end, which is a block of zeros or the stream's."""
        header = self.stream.read(BLOCK)
        if not header or header == ZEROS:
            return None
        if len(header) < BLOCK:
            raise self.stream.truncated()
        verify(header, self.stream)
        return header

    def _skip_sparse_map(self, header: bytes) -> None:
        """Pass over the extension blocks of an old GNU sparse file."""
        more = header[482]
        while more:
            more = self.stream.exactly(BLOCK)[504]


def size_of(header: bytes, stream: Stream) -> int:
    """The size that a header states. Raises ArchiveError."""
    try:
        return number(header[124:136])
    except ValueError as error:
        raise damaged(stream, str(error)) from error


def make_member(header: bytes, size: int, extended: Mapping[str, str], stream: Stream) -> Member:
    """A member from its header and the extended headers before it."""
    kind = header[156:157]
    if kind in (b"\0", b"7", b""):
        kind = REGULAR
    name = extended.get("GNU.sparse.name") or extended.get("path")
    if name is None:
        name = text(header[:100].split(b"\0", 1)[0])
        # GNU's old format keeps times where ustar keeps the prefix
        if header[257:263] == b"ustar\0" and header[345]:
            name = text(header[345:500].split(b"\0", 1)[0]) + "/" + name
    if kind == REGULAR and name.endswith("/"):
        kind = b"5"
    if "size" in extended:
        size = decimal(extended["size"], stream)
    if kind[0] in HEADER_ONLY:
        size = 0
    if not 0 <= size <= MAX_SIZE:
        raise damaged(stream, f"{name!r} claims {size} bytes")
    target = extended.get("linkpath")
    if target is None:
        target = text(header[157:257].split(b"\0", 1)[0])
    try:
        mode, uid, gid = permissions(header[100:124])
    except ValueError as error:
        raise damaged(stream, str(error)) from error
    return Member(
        name=name,
        kind=kind,
        size=size,
        mode=mode,
        uid=decimal(extended["uid"], stream) if "uid" in extended else uid,
        gid=decimal(extended["gid"], stream) if "gid" in extended else gid,
        target=target,
    )


@lru_cache(maxsize=256)
def permissions(fields: bytes) -> tuple[int, int, int]:
    """Mode, user and group; cached, because most members of a tar share them."""
    return number(fields[:8]), number(fields[8:16]), number(fields[16:24])


def number(field: bytes) -> int:
    """A numeric field: octal text, or GNU's base 256 when its first bit is set.

    Raises ValueError when it is neither.
    """
    if field[0] & 0x80:
        value = int.from_bytes(field, "big", signed=True)
        return value if field[0] == 0xFF else value & ((1 << (8 * len(field) - 1)) - 1)
    digits = field.partition(b"\0")[0].strip()
    if not digits:
        return 0
    if not digits.isdigit():  # int() would take a sign or an underscore
        raise ValueError(f"a header holds {field!r} for a number")
    return int(digits, 8)


def decimal(value: str, stream: Stream) -> int:
    """A number of an extended header."""
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        raise damaged(stream, f"an extended header holds {value[:40]!r} for a number")
    return int(value)


def verify(header: bytes, stream: Stream) -> None:
    """Raises ArchiveError when the header's check sum is wrong."""
    field = header[148:156]
    # the sum is made with spaces in its own place
    found = sum(header) - sum(field) + 8 * ord(" ")
    try:
        stated = number(field)
    except ValueError:
        stated = -1
    if stated != found:
        # old programs added up signed bytes
        negative = sum(byte >> 7 for byte in header) - sum(byte >> 7 for byte in field)
        if stated != found - 256 * negative:
            raise damaged(stream, f"no tar header at byte {stream.offset - BLOCK}")


def pax_records(data: bytes, stream: Stream) -> dict[str, str]:
    """The records of a pax header: ``length key=value\\n``, length counting itself."""
    records = {}
    position = 0
    while position < len(data) and data[position] != 0:
        space = data.find(b" ", position, position + 10)
        length = data[position:space] if space > 0 else b""
        end = position + int(length) if length.isdigit() else 0
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if not (space < end <= len(data) and equals):
            raise damaged(stream, "an extended header cannot be read")
        records[text(key)] = text(value)
        position = end
    return records


def text(raw: bytes) -> str:
    """A name as text; bytes that are not UTF-8 stand as ``\\xNN``, so that JSON can hold it."""
    return raw.decode("utf-8", "backslashreplace")
