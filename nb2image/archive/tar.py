"""Reads a tar's headers as a stream, safe on hostile input.

The standard library's tarfile reads extended headers whole, whatever size they claim, and keeps
every member in memory: neither is bearable for an archive from a stranger. Format: POSIX.1-2017
pax (ustar and extended headers) and the GNU extensions for long names, large numbers and old
sparse files. Nothing here ever writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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
            size = number(header[124:136], stream)
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
    return Member(
        name=name,
        kind=kind,
        size=size,
        mode=number(header[100:108], stream),
        uid=owner("uid", header[108:116], extended, stream),
        gid=owner("gid", header[116:124], extended, stream),
        target=target,
    )


def number(field: bytes, stream: Stream) -> int:
    """A numeric field: octal text, or GNU's base 256 when its first bit is set."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big", signed=True)
        return value if field[0] == 0xFF else value & ((1 << (8 * len(field) - 1)) - 1)
    digits = field.split(b"\0", 1)[0].strip()
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        raise damaged(stream, f"a header holds {field!r} for a number") from None


def owner(key: str, field: bytes, extended: Mapping[str, str], stream: Stream) -> int:
    """A user's or group's number, from the extended header when it has one."""
    return decimal(extended[key], stream) if key in extended else number(field, stream)


def decimal(value: str, stream: Stream) -> int:
    """A number of an extended header."""
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        raise damaged(stream, f"an extended header holds {value[:40]!r} for a number")
    return int(value)


def verify(header: bytes, stream: Stream) -> None:
    """Raises ArchiveError when the header's check sum is wrong."""
    stated = number(header[148:156], stream)
    rest = header[:148] + b" " * 8 + header[156:]
    # old programs added up signed bytes
    if stated != sum(rest) and stated != sum(byte - (byte >> 7) * 256 for byte in rest):
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
