"""Brings files out of a container: the engine's tar is as hostile as the image that filled it.

Only plain files and folders with plain names come out, and links that stay inside; everything
else is left behind and said. Nothing is written through a link, outside the target or beyond
the limits.
"""

from __future__ import annotations

import hashlib
import io
import os
import posixpath
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nb2image.errors import RunError
from nb2image.model import OutputFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

MAX_BYTES = 20 * 1000**3
MAX_FILES = 100_000
CHUNK = 1 << 20
IGNORED_FOLDERS = frozenset({"__pycache__", ".ipynb_checkpoints"})

Skipped = Callable[[str, str], None]
"""Told the name and the reason of everything that is left behind."""


@dataclass(slots=True)
class Outputs:
    """The folder that files are brought to, and what has come so far."""

    folder: Path
    owner: tuple[int, int] | None
    """uid and gid for what is written; None for the running user's own."""
    skipped: Skipped
    max_bytes: int = MAX_BYTES
    files: dict[str, OutputFile] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    """Symbolic links by path, made at the end so that nothing is written through them."""
    taken: int = 0
    """Bytes so far."""

    def take(self, chunks: Iterable[bytes], place: Callable[[str], str]) -> None:
        """Unpack one tar stream.

        ``place`` gives each member's path in the folder, "" for one that is not wanted. Raises
        RunError when there is more than the limits allow, when the stream breaks off, or when
        the files cannot be written.
        """
        stream = io.BufferedReader(Chunks(chunks), CHUNK)
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    self._member(archive, member, place)
        except tarfile.TarError as error:
            raise RunError(
                f"the engine stopped sending outputs: {error}",
                code="outputs-cut",
                hint=f"what came before is in {self.folder}; run again",
            ) from error

    def finish(self) -> tuple[OutputFile, ...]:
        """Make the links and return every file, sorted by path."""
        for path, target in sorted(self.links.items()):
            self._link(path, target)
        return tuple(self.files[path] for path in sorted(self.files))

    def _member(
        self, archive: tarfile.TarFile, member: tarfile.TarInfo, place: Callable[[str], str]
    ) -> None:
        if fault := bad_name(member.name):
            self.skipped(member.name, fault)
            return
        path = place(posixpath.normpath(member.name))
        if not path or member.isdir() or IGNORED_FOLDERS & set(path.split("/")):
            return  # folders are made for the files that they hold
        if path in self.files or path in self.links:
            self.skipped(path, "another output has that name")
        elif member.issym():
            self.links[path] = member.linkname
        elif member.isreg():
            self._file(archive, member, path)
        else:
            kind = "a hard link" if member.islnk() else "no plain file"
            self.skipped(path, f"it is {kind}")

    def _file(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        self.taken += member.size
        if self.taken > self.max_bytes or len(self.files) >= MAX_FILES:
            raise RunError(
                f"the outputs are more than {self.max_bytes / 1e9:.0f} GB or {MAX_FILES} files",
                code="outputs-too-large",
                hint=f"what came before is in {self.folder}; write less, or mount a folder",
            )
        parent = self._parent(path)
        content = archive.extractfile(member)
        if parent is None or content is None:
            return
        target = self.folder / path
        if target.is_dir() and not target.is_symlink():
            self.skipped(path, "a folder of that name is there")
            return
        made = parent / f".{os.getpid()}.part"
        try:
            digest = hashlib.sha256()
            with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as out:
                while chunk := content.read(CHUNK):
                    digest.update(chunk)
                    out.write(chunk)
                if member.mode & stat.S_IXUSR:
                    os.fchmod(out.fileno(), os.fstat(out.fileno()).st_mode | 0o111)
                self._own(out.fileno())
            made.replace(target)  # replaces a link of that name instead of following it
        except OSError as error:
            raise cannot_write(target, error) from error
        finally:
            made.unlink(missing_ok=True)
        self.files[path] = OutputFile(path=path, size=member.size, sha256=digest.hexdigest())

    def _parent(self, path: str) -> Path | None:
        """The folder of ``path``, made where missing; None when a link stands in the way."""
        folder = self.folder
        for part in ["", *path.split("/")[:-1]]:
            folder = folder / part
            try:
                if folder.is_symlink() and part:
                    self.skipped(path, f"{folder} is a link")
                    return None
                if not folder.is_dir():
                    folder.mkdir(parents=not part)
                    self._own(folder)
            except OSError as error:
                raise cannot_write(folder, error) from error
        return folder

    def _link(self, path: str, target: str) -> None:
        joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        inside = not target.startswith("/") and not bad_name(joined)
        parent = self._parent(path)
        place = self.folder / path
        if not inside or target != target.strip() or not (self.folder / joined).exists():
            self.skipped(path, "it is a link that leads out")
        elif parent is None or (place.exists() and not place.is_symlink()):
            self.skipped(path, "a file of that name is there")
        elif (self.folder / joined).resolve().is_relative_to(self.folder.resolve()):
            place.unlink(missing_ok=True)
            place.symlink_to(target)
            if self.owner:
                os.chown(place, *self.owner, follow_symlinks=False)

    def _own(self, file: int | Path) -> None:
        if self.owner:
            os.chown(file, *self.owner)


def bad_name(name: str) -> str:
    """Why a member's name is not taken; empty when it is good."""
    parts = name.split("/")
    if name.startswith("/") or ".." in parts:
        return "its path leads out"
    if any(not c.isprintable() for c in name):
        return "its name holds control characters or is no Unicode"
    return "its name is too long" if any(len(p.encode()) > 255 for p in parts) else ""


def cannot_write(path: Path, error: OSError) -> RunError:
    """The disk is full, or the folder may not be written."""
    free = shutil.disk_usage(path.anchor or "/").free
    return RunError(
        f"cannot write {path}: {error.strerror or error}",
        code="outputs-unwritable",
        hint=f"choose another folder with --output ({free / 1e9:.1f} GB are free here)",
    )


def owner() -> tuple[int, int] | None:
    """Who runs nb2image: behind sudo the user who called it, else None for nobody else."""
    if os.geteuid() == 0 and os.environ.get("SUDO_UID", "").isdigit():
        return int(os.environ["SUDO_UID"]), int(os.environ.get("SUDO_GID") or -1)
    return None


class Chunks(io.RawIOBase):
    """The chunks of an HTTP response as the file that tarfile reads."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """It can only be read."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Fill the buffer with what there is; 0 at the end."""
        into = memoryview(buffer)
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        size = min(len(into), len(self._rest))
        into[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
