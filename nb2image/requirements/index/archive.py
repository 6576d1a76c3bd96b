"""What lies inside a wheel, read over HTTP without downloading it whole."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from nb2image.errors import RequirementsError
from nb2image.requirements.index.web import Web

TAIL_BYTES = 64 * 1024
"""A wheel's list of files is at its end; for most wheels this much holds it and METADATA."""
BLOCK_BYTES = 64 * 1024
MAX_WHOLE_BYTES = 100_000_000
"""Of a wheel whose server cannot serve parts of a file."""
MAX_MEMBERS = 200_000
MAX_MEMBER_BYTES = 64_000_000

BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The inside of a wheel or sdist."""

    members: tuple[str, ...]
    """Paths of all files; of an sdist without its outer folder."""
    metadata: str
    """METADATA of a wheel or PKG-INFO of an sdist; empty when there is none."""
    packed_sizes: bytes = field(default=b"", repr=False)
    """Unpacked bytes of each member as 8-byte numbers; empty for an sdist."""

    packed: int = 0
    """Bytes of the members as packed in a wheel, about those of the file; 0 for an sdist."""

    @property
    def sizes(self) -> Sequence[int]:
        """Unpacked bytes of each member, in the order of ``members``; empty when not known."""
        return array("Q", self.packed_sizes)


class RemoteFile(io.RawIOBase):
    """A file behind HTTP that is fetched in the parts that are read; zipfile reads from it."""

    def __init__(self, web: Web, url: str) -> None:
        self._web = web
        self._url = url
        self._position = 0
        self._parts: list[tuple[int, bytes]] = []
        self.size = self._fetch_tail()

    def _fetch_tail(self) -> int:
        answer = self._web.get(
            self._url, headers={"Range": f"bytes=-{TAIL_BYTES}"}, limit=MAX_WHOLE_BYTES
        )
        if answer.status == 206:
            size = total_size(answer.headers.get("content-range", ""))
            self._parts.append((size - len(answer.body), answer.body))
            return size
        if answer.status == 200:  # ranges are not served: this is the whole file
            self._parts.append((0, answer.body))
            return len(answer.body)
        if answer.status in {400, 416, 501}:  # no ranges counted from the end
            probe = self._web.get(self._url, headers={"Range": "bytes=0-0"}, limit=MAX_WHOLE_BYTES)
            if probe.status == 206:
                size = total_size(probe.headers.get("content-range", ""))
                self._fetch(max(0, size - TAIL_BYTES), size)
                return size
        raise missing(self._url, answer.status)

    def _fetch(self, start: int, end: int) -> bytes:
        answer = self._web.get(
            self._url, headers={"Range": f"bytes={start}-{end - 1}"}, limit=MAX_WHOLE_BYTES
        )
        if answer.status == 200:
            self._parts.append((0, answer.body))
            return answer.body[start:end]
        if answer.status != 206:
            raise missing(self._url, answer.status)
        self._parts.append((start, answer.body))
        return answer.body

    def prefetch(self, start: int, end: int) -> None:
        """Fetch a part at once that will be read piece by piece."""
        start, end = max(0, start), min(self.size, end)
        if not any(at <= start and end <= at + len(data) for at, data in self._parts):
            self._fetch(start, end)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, length: int = -1) -> bytes:
        start = self._position
        end = self.size if length < 0 else min(self.size, start + length)
        if start >= end:
            return b""
        for at, data in self._parts:
            if at <= start and end <= at + len(data):
                found = data[start - at : end - at]
                break
        else:
            found = self._fetch(start, min(self.size, max(end, start + BLOCK_BYTES)))
            found = found[: end - start]
        self._position = start + len(found)
        return found


def total_size(content_range: str) -> int:
    """The file's size out of ``bytes 0-9/1234``. Raises RequirementsError when it is not there."""
    try:
        return int(content_range.rpartition("/")[2])
    except ValueError:
        raise RequirementsError(
            f"the package index answers a range with {content_range!r}", code="index-answer"
        ) from None


def missing(url: str, status: int) -> RequirementsError:
    """The error for a file that the index lists and does not serve."""
    return RequirementsError(
        f"the package index lists a file that it does not serve: {url} (HTTP {status})",
        code="index-file-missing",
        hint="try again later; an index that is being changed can be out of step with itself",
    )


def open_wheel(file: io.RawIOBase | io.BufferedIOBase, name: str) -> zipfile.ZipFile:
    """The zip archive in ``file``. Raises RequirementsError when it is none or absurd."""
    try:
        archive = zipfile.ZipFile(file)
    except (*BROKEN, ValueError, OSError) as error:
        raise broken(name, error) from error
    if len(archive.filelist) > MAX_MEMBERS:
        raise broken(name, ValueError(f"{len(archive.filelist)} members"))
    return archive


def read_member(archive: zipfile.ZipFile, member: str, name: str) -> bytes:
    """One file out of a wheel, at most 64 MB. Raises RequirementsError."""
    try:
        if archive.getinfo(member).file_size > MAX_MEMBER_BYTES:
            raise broken(name, ValueError(f"{member} is too large"))
        return archive.read(member)
    except (*BROKEN, KeyError, RuntimeError, OSError) as error:
        raise broken(name, error) from error


def wheel_contents(archive: zipfile.ZipFile, name: str) -> Contents:
    """The inside of a wheel."""
    files = [i for i in archive.filelist if is_file_name(i.filename)]
    members = tuple(i.filename for i in files)
    sizes = array("Q", (i.file_size for i in files))
    metadata = next(
        (m for m in members if m.endswith(".dist-info/METADATA") and m.count("/") == 1), ""
    )
    text = read_member(archive, metadata, name).decode("utf-8", "replace") if metadata else ""
    return Contents(
        members=members,
        metadata=text,
        packed_sizes=sizes.tobytes(),
        packed=sum(i.compress_size for i in files),
    )


def is_file_name(member: str) -> bool:
    """Whether an archive's entry is a file with a name that can be kept in a list."""
    return bool(member) and not member.endswith("/") and "\n" not in member


def broken(name: str, error: Exception) -> RequirementsError:
    """The error for an archive that cannot be read."""
    return RequirementsError(f"{name} is not a readable archive: {error}", code="archive-broken")
