"""Headers of tar entries: POSIX ustar, with a pax header where a name is too long. Pure."""

from __future__ import annotations

from dataclasses import dataclass

BLOCK = 512
FILE, LINK, SYMLINK, FOLDER = b"0", b"1", b"2", b"5"
MAX_OCTAL = 0o77777777777
END_OF_ARCHIVE = bytes(2 * BLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who an entry belongs to."""

    uid: int = 0
    gid: int = 0


ROOT = Owner()


def header(
    path: str,
    *,
    kind: bytes = FILE,
    mode: int = 0o644,
    owner: Owner = ROOT,
    size: int = 0,
    time: int = 0,
    target: str = "",
) -> bytes:
    """The header blocks of one entry; ``path`` is relative, without a leading ``./``."""
    name, link = path.encode(), target.encode()
    if kind == FOLDER:
        name += b"/"
    records = {}
    prefix, short = split_name(name)
    if short is None:
        records["path"] = name
        prefix, short = b"", name[:99]
    if len(link) > 100:
        records["linkpath"] = link
        link = link[:99]
    if size > MAX_OCTAL:
        records["size"] = str(size).encode()
    block = ustar(short, prefix, kind, mode, owner, min(size, MAX_OCTAL), time, link)
    if not records:
        return block
    body = b"".join(pax_record(key, value) for key, value in sorted(records.items()))
    front = ustar(b"PaxHeader", b"", b"x", 0o644, ROOT, len(body), time, b"")
    return front + body + padding(len(body)) + block


def ustar(
    name: bytes,
    prefix: bytes,
    kind: bytes,
    mode: int,
    owner: Owner,
    size: int,
    time: int,
    link: bytes,
) -> bytes:
    """One block of 512 bytes."""
    front = b"%b%07o\0%07o\0%07o\0%011o\0%011o\0" % (
        name.ljust(100, b"\0"),
        mode,
        owner.uid,
        owner.gid,
        size,
        time,
    )
    back = b"%b%bustar\x0000%b%b" % (kind, link.ljust(100, b"\0"), bytes(80), prefix)
    # the checksum is taken with spaces in its own place
    total = sum(front) + sum(back) + 8 * 32
    return b"%b%06o\0 %b" % (front, total, back.ljust(BLOCK - 156, b"\0"))


def split_name(name: bytes) -> tuple[bytes, bytes | None]:
    """The name as ustar's prefix and name; no name where it does not fit."""
    if len(name) <= 100 and name.isascii():
        return b"", name
    if len(name) > 256 or not name.isascii():
        return b"", None
    at = name.find(b"/", len(name) - 101, len(name) - 1)
    return (name[:at], name[at + 1 :]) if 0 < at <= 155 else (b"", None)


def pax_record(key: str, value: bytes) -> bytes:
    """``LENGTH key=value\\n`` with the length counting its own digits."""
    rest = b" %b=%b\n" % (key.encode(), value)
    length = len(rest)
    while len(str(length)) + len(rest) != length:
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def padding(size: int) -> bytes:
    """What fills the last block of ``size`` bytes."""
    return bytes(-size % BLOCK)
