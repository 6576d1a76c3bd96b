"""Unpacks an image's layers into a folder, as any user. The layers are hostile.

Nothing is written outside the folder: every name is followed inside it, link by link, as if it
were the root. Owners are not kept, set-user-id bits and devices are left out.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from nb2image.errors import RunError
from nb2image.image.quote import printable

MAX_LINKS = 40
MAX_BYTES = 64 * 1000**3
MAX_ENTRIES = 2_000_000
WHITEOUT, OPAQUE = ".wh.", ".wh..wh..opq"


def apply(root: Path, members: Iterable[tuple[tarfile.TarInfo, IO[bytes] | None]]) -> None:
    """Put one layer upon what is in ``root``. Raises RunError for names that lead out."""
    taken = 0
    for count, (member, content) in enumerate(members):
        taken += member.size
        if taken > MAX_BYTES or count > MAX_ENTRIES:
            raise hostile("an absurd number of files or bytes")
        name = posixpath.normpath(member.name.lstrip("/"))
        if name in (".", ""):
            continue
        if name.startswith("../") or name == ".." or "\0" in name:
            raise hostile(printable(member.name))
        folder, _, last = name.rpartition("/")
        parent = inside(root, folder)
        parent.mkdir(parents=True, exist_ok=True)
        if last == OPAQUE:
            for path in list(parent.iterdir()):
                remove(path)
        elif last.startswith(WHITEOUT):
            if last[len(WHITEOUT) :] not in ("", ".", ".."):
                remove(parent / last[len(WHITEOUT) :])
        else:
            place(root, parent / last, member, content)


def place(root: Path, path: Path, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
    """Make one entry; what was there of another kind goes."""
    if member.isdir():
        if path.is_symlink() or not path.is_dir():
            remove(path)
            path.mkdir()
        path.chmod(member.mode & 0o777 | 0o700)
        return
    remove(path)
    if member.issym():
        path.symlink_to(member.linkname)
    elif member.islnk():
        source = inside(root, posixpath.normpath(member.linkname.lstrip("/")), last=False)
        if source.is_symlink() or not source.is_file():
            raise hostile(f"a hard link to {printable(member.linkname)}")
        os.link(source, path)
    elif member.isreg() and content is not None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            shutil.copyfileobj(content, file, 1 << 18)
        path.chmod(member.mode & 0o777 | 0o400)
        os.utime(path, (member.mtime, member.mtime))


def inside(root: Path, name: str, *, last: bool = True) -> Path:
    """The real place of a path below ``root`` when ``root`` is the top of everything.

    ``last``: the last part is followed too, when it is a link. Raises RunError for a chain of
    links without end.
    """
    waiting = [part for part in name.split("/") if part not in ("", ".")]
    place, links = root, 0
    while waiting:
        part = waiting.pop(0)
        if part == "..":
            place = place.parent if place != root else root
            continue
        step = place / part
        if step.is_symlink() and (last or waiting):
            links += 1
            if links > MAX_LINKS:
                raise hostile("links that lead in a circle")
            target = str(step.readlink())
            place = root if target.startswith("/") else place
            waiting = [p for p in target.split("/") if p not in ("", ".")] + waiting
        else:
            place = step
    return place


def remove(path: Path) -> None:
    """Remove whatever is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def hostile(what: str) -> RunError:
    """The error for a layer that is not unpacked."""
    return RunError(f"the image holds {what}", code="layer-hostile", hint="do not run it")
