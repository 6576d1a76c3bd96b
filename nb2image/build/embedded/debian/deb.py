"""Reads a .deb: its control files, and its files ready for a layer. Runs nothing of it.

https://manpages.debian.org/deb.5
"""

from __future__ import annotations

import gzip
import io
import lzma
import posixpath
import re
import sys
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

from nb2image.build.embedded.layers import deflate
from nb2image.errors import BuildError
from nb2image.image.quote import printable

MAGIC = b"!<arch>\n"
MAX_FILE = 2 * 1000**3
MAX_UNPACKED = 8 * 1000**3
PIECE = 1 << 18
LARGE = 1 << 16
"""Bytes of files that are kept compressed alone where memory is scarce."""
MAX_CONTROL = 64 * 1000 * 1000
MERGED = re.compile(r"(bin|sbin|lib|lib32|lib64|libx32)(/|$)")
"""Top folders that are links into /usr in every release here (usrmerge)."""
LEFT_OUT = re.compile(
    r"usr/share/(man|info|locale|lintian|doc-base|bash-completion|zsh)(/|$)"
    r"|usr/share/doc/(?![^/]+/copyright$)[^/]+/."
    r"|usr/share/python3(/runtime\.d)?/"
)
"""As in the official slim images: documentation but for the copyright notices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """One file, link or folder of a package."""

    path: str
    """In the image, no leading slash, merged into /usr."""
    kind: bytes
    mode: int
    uid: int = 0
    gid: int = 0
    target: str = ""
    data: bytes = b""
    packed: bytes = b""
    """``data`` compressed with DEFLATE."""
    size: int = 0
    """Of a file whose ``data`` are not kept."""

    def pieces(self) -> Iterator[tuple[bytes, bytes]]:
        """The parts of a compressed file, each with what it unpacks to."""
        if not self.size:
            yield self.packed, self.data
            return
        decoder = zlib.decompressobj(-zlib.MAX_WBITS)
        for start in range(0, len(self.packed), PIECE):
            part = self.packed[start : start + PIECE]
            yield part, decoder.decompress(part)

    def content(self) -> bytes:
        """The bytes of a file."""
        return b"".join(plain for _, plain in self.pieces()) if self.size else self.data


@dataclass(frozen=True, slots=True, kw_only=True)
class Deb:
    """What a package holds."""

    files: tuple[Unpacked, ...]
    control: dict[str, bytes]
    """Its control files: control, md5sums, postinst, …"""


def read_deb(path: Path, name: str, *, merged: bool = True, frugal: bool = False) -> Deb:
    """Read a package; ``merged``: its old top folders become those of /usr.

    ``frugal``: large files are kept compressed alone. Raises BuildError when it is broken or
    leads out of the image.
    """
    files: tuple[Unpacked, ...] = ()
    control: dict[str, bytes] = {}
    with opened(path, name) as parts:
        for member, stream in parts:
            if member.startswith("control.tar"):
                control = read_control(unpacked(member, stream, name))
            elif member.startswith("data.tar"):
                data = read_data(unpacked(member, stream, name), name, merged=merged)
                files = tuple(slimmed(one) if frugal else one for one in data)
    if not control:
        raise broken(name, "it has no control files")
    return Deb(files=files, control=control)


@contextmanager
def opened(path: Path, name: str) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """The members of a package. Raises BuildError when it is broken, there and while read."""
    try:
        with path.open("rb") as file:
            yield members(file, name)
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError, ValueError) as error:
        raise broken(name, str(error)) from error


def members(file: IO[bytes], name: str) -> Iterator[tuple[str, IO[bytes]]]:
    """The members of the ar archive, each as a stream of its own bytes."""
    if file.read(len(MAGIC)) != MAGIC:
        raise broken(name, "it is no ar archive")
    while head := file.read(60):
        size = head[48:58].strip()
        if len(head) != 60 or not size.isdigit():
            raise broken(name, "a header is cut short")
        start = file.tell()
        part = cast(IO[bytes], Part(file, int(size)))
        yield head[:16].decode("ascii", "replace").strip().rstrip("/"), part
        file.seek(start + int(size) + int(size) % 2)


class Part(io.RawIOBase):
    """So many bytes of a file from where it stands."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        """It can only be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """The next bytes."""
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


def unpacked(member: str, stream: IO[bytes], name: str) -> IO[bytes]:
    """A member without its compression."""
    if member.endswith(".xz"):
        return lzma.open(stream)
    if member.endswith(".gz"):
        return cast(IO[bytes], gzip.open(stream))
    if member.endswith(".zst"):
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        return cast(IO[bytes], zstd.open(stream))
    if member.endswith(".tar"):
        return stream
    raise broken(name, f"{printable(member)} is compressed in an unknown way")


def read_control(stream: IO[bytes]) -> dict[str, bytes]:
    """The control files by name."""
    found: dict[str, bytes] = {}
    total = 0
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        for member in tar:
            total += member.size
            if total > MAX_CONTROL:
                raise ValueError("its control files are absurdly large")
            file = tar.extractfile(member) if member.isreg() else None
            if file is not None:
                found[posixpath.basename(member.name)] = file.read()
    return found


def read_data(stream: IO[bytes], name: str, *, merged: bool = True) -> Iterator[Unpacked]:
    """The package's files, compressed one by one."""
    total = 0
    with tarfile.open(fileobj=stream, mode="r|", bufsize=PIECE) as tar:
        for member in tar:
            path = image_path(member.name, name, merged=merged)
            total += member.size
            if member.size > MAX_FILE or total > MAX_UNPACKED:
                raise ValueError("it unpacks to an absurd size")
            if not path or LEFT_OUT.match(path):
                continue
            if member.issym() and member.linkname.lstrip("/") == path:
                continue  # trixie ships the links of the merged /usr: we make them
            common: dict[str, Any] = {
                "path": path,
                "mode": member.mode,
                "uid": member.uid,
                "gid": member.gid,
            }
            if member.isdir():
                yield Unpacked(kind=tarfile.DIRTYPE, **common)
            elif member.issym():
                target = link(member.linkname) if merged else member.linkname
                yield Unpacked(kind=tarfile.SYMTYPE, target=target, **common)
            elif member.islnk():
                target = image_path(member.linkname, name, merged=merged)
                yield Unpacked(kind=tarfile.LNKTYPE, target=target, **common)
            elif member.isreg():
                file = tar.extractfile(member)
                data = file.read() if file else b""
                encoder = deflate.compressor()
                packed = encoder.compress(data) + encoder.flush()
                yield Unpacked(kind=tarfile.REGTYPE, data=data, packed=packed, **common)
            else:
                raise broken(name, f"{printable(path)} is a device")


def slimmed(one: Unpacked) -> Unpacked:
    """An entry, without the plain bytes of a large file."""
    return replace(one, data=b"", size=len(one.data)) if len(one.data) > LARGE else one


def image_path(member: str, name: str, *, merged: bool) -> str:
    """Where a member goes, below the root."""
    parts = [part for part in member.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in member:
        raise broken(name, f"{printable(member)} leads out of the image")
    path = "/".join(parts)
    return f"usr/{path}" if merged and MERGED.match(path) else path


def link(target: str) -> str:
    """A link's target; an absolute one into a merged folder names it below /usr."""
    if target.startswith("/") and MERGED.match(target[1:]):
        return f"/usr{target}"
    return target


def broken(name: str, why: str) -> BuildError:
    """The error for a package that cannot be read."""
    return BuildError(
        f"the package {name} is broken: {why}",
        code="deb-broken",
        hint="try another mirror with --mirror",
    )
