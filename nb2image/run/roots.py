"""Images unpacked to be run without an engine: each once, kept for the next run, within a bound.

A folder is there whole or not at all. Who uses one holds a shared lock on it, which ends with the
process however that ends; nothing that is held is removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nb2image.build.embedded.bases.archive import Files, document, opened, read_index
from nb2image.build.embedded.bases.base import opened as opened_layer
from nb2image.build.embedded.bases.resolve import (
    MAX_CONFIG,
    Descriptor,
    Resolved,
    decode,
    resolve,
)
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.layout import blob_name
from nb2image.caching import MAX_ROOT_BYTES, file_sizes, remove
from nb2image.errors import RunError
from nb2image.image.contract import APP, OUTPUTS
from nb2image.image.quote import printable
from nb2image.run.outputs import CHUNK
from nb2image.run.unpack import apply, hostile

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
VARIABLE = re.compile(r"[^=-][^=]*=")
SCRATCH = ".run-"
"""How the names of folders begin that belong to one run alone."""
ABANDONED_SECONDS = 60
"""Between the making of such a folder and its lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """An image's files, and how it is started."""

    root: Path
    entrypoint: tuple[str, ...]
    env: tuple[str, ...]
    workdir: str


@contextmanager
def unpacked(path: Path, cache: Path) -> Iterator[Unpacked]:
    """The image's files below the cache, unpacked once; they stay as long as they are used.

    Raises RunError.
    """
    architecture = ARCHITECTURES.get(platform.machine(), platform.machine())
    with ExitStack() as stack:
        with opened(path) as files:
            resolved, config = documents(files, path, architecture)
            root = cache / resolved.config.digest.removeprefix("sha256:")
            image = started(config.get("config") or {}, root)
            new = False
            while not stack.enter_context(held(root)):
                unpack_layers(files, resolved.layers, root, path)
                new = True
        if new:
            prune(cache)
        yield image


def documents(files: Files, path: Path, architecture: str) -> tuple[Resolved, dict[str, Any]]:
    """The manifest and the config of a layout's image. Raises RunError when it is none."""
    index = read_index(files, path, architecture)
    if index is None:
        raise RunError(
            f"{path} is no OCI image layout",
            code="image-unreadable",
            hint="write one with: nb2image convert NOTEBOOK --archive image.tar",
        )
    found = resolve(index, architecture, lambda one, limit: document(files, path, one, limit))
    config: dict[str, Any] = decode(document(files, path, found.config, MAX_CONFIG), dict[str, Any])
    return found, config


def unpack_layers(files: Files, layers: tuple[Descriptor, ...], root: Path, path: Path) -> None:
    """Unpack every layer into ``root``, which appears whole or not at all."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with scratch(root.parent) as folder, full_disk(path):
        blobs = BlobCache(root=folder / "blobs")
        new = folder / "root"
        new.mkdir(mode=0o755)
        for layer in layers:
            source = files.open(blob_name(layer.digest))
            if source is None:
                raise damaged(path)
            with source, blobs.writing() as file:
                sha = hashlib.sha256()
                while piece := source.read(CHUNK):
                    sha.update(piece)
                    file.write(piece)
                if f"sha256:{sha.hexdigest()}" != layer.digest:
                    raise damaged(path)
                kept = blobs.keep(file, layer.digest)
            with opened_layer(kept, layer.media_type) as (tar, _):
                apply(new, ((m, tar.extractfile(m) if m.isreg() else None) for m in tar))
            kept.unlink()
        for place in ("proc", "dev", APP[1:], OUTPUTS[1:], "tmp"):
            # never a link: folders of the host are mounted there
            if (new / place).is_symlink() or (new / place).is_file():
                raise hostile(f"a /{place} that is no folder")
            (new / place).mkdir(exist_ok=True)
        try:
            new.rename(root)
        except OSError:
            if not root.is_dir():  # another run has just made it
                raise


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Turn what keeps files from being written into a RunError."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"cannot unpack {path}: {error.strerror or error}",
            code="disk",
            hint="check the disk's space; nb2image cache clear roots makes room, and "
            "NB2IMAGE_CACHE names another folder",
        ) from error


def started(config: Any, root: Path) -> Unpacked:
    """How the image is started. Raises RunError for a config that is none."""
    if not isinstance(config, dict):
        raise RunError("the image's config is none", code="image-unreadable")
    lists = (config.get("Entrypoint") or [], config.get("Cmd") or [], config.get("Env") or [])
    if any(not isinstance(one, list) or not all(isinstance(s, str) for s in one) for one in lists):
        raise RunError("the image's config is none", code="image-unreadable")
    entrypoint, cmd, env = lists
    workdir = str(config.get("WorkingDir") or "/")
    if not (entrypoint or cmd) or not workdir.startswith("/") or ".." in workdir.split("/"):
        raise RunError("the image does not say what it runs", code="image-unreadable")
    if any("\0" in text for text in (*entrypoint, *cmd, *env, workdir)):
        raise hostile("a NUL in what it runs")
    # a sandbox may be entered through env(1), to which other words are options or a program
    strange = [line for line in env if VARIABLE.match(line) is None]
    if strange:
        raise hostile(f"{printable(strange[0][:100])}, which sets no variable")
    return Unpacked(root=root, entrypoint=(*entrypoint, *cmd), env=tuple(env), workdir=workdir)


@contextmanager
def scratch(parent: Path) -> Iterator[Path]:
    """A folder that is gone afterwards, whatever modes were set in it."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=parent))
    try:
        with held(folder):
            yield folder
    finally:
        remove(folder)


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Keep a folder from being pruned; False when there is none."""
    try:
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(number, fcntl.LOCK_SH)
        there = is_still(folder, number)
        if there:
            with contextlib.suppress(OSError):
                os.utime(folder)  # its last use
        yield there
    finally:
        os.close(number)


def is_still(folder: Path, number: int) -> bool:
    """Whether the open folder still has its name: it may have been pruned meanwhile."""
    try:
        return os.path.samestat(folder.stat(), os.fstat(number))
    except FileNotFoundError:
        return False


def prune(cache: Path, max_bytes: int = MAX_ROOT_BYTES) -> None:
    """Remove what was not used longest until the cache is within its bound.

    What a run uses now is left, and what a run that was killed has left behind is removed.
    """
    found = []
    for folder in cache.iterdir():
        with contextlib.suppress(OSError):
            age = folder.stat().st_mtime
            if not folder.name.startswith("."):
                found.append((age, sum(file_sizes(folder)), folder))
            elif time.time() - age > ABANDONED_SECONDS:
                discard(folder)
    total = sum(size for _, size, _ in found)
    for _, size, folder in sorted(found):
        if total <= max_bytes:
            return
        if discard(folder):
            total -= size


def discard(folder: Path) -> bool:
    """Remove a folder unless it is held; whether it is gone."""
    try:
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # first without its name, so that nobody finds half of it
        gone = folder.with_name(f"{SCRATCH}{secrets.token_hex(8)}")
        folder.rename(gone)
        remove(gone)
    except OSError:
        return False
    finally:
        os.close(number)
    return True


def damaged(path: Path) -> RunError:
    """The error for a layout that lacks a part, or holds a wrong one."""
    return RunError(
        f"{path} is damaged", code="image-unreadable", hint="build it again; it may be cut short"
    )
