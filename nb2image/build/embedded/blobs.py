"""The local blob cache: bytes by their sha256, shared by all images, and facts about them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from nb2image.build.embedded.layers.layer import Layer, disk_errors
from nb2image.errors import BuildError

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MAX_BYTES = 20 * 1000**3
PRUNE_EVERY_SECONDS = 24 * 3600
ABANDONED_SECONDS = 24 * 3600
BUFFER = 1 << 18
Record = TypeVar("Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobCache:
    """Blobs below one folder; processes may share it.

    A blob is written under a temporary name, verified, and then renamed: under its digest there
    is the whole blob or nothing. Nothing waits for the disk, so that a power cut may leave a name
    without (all of) its bytes: such a file is shorter, and none for ``find``. Facts are small
    records by a key that holds all they depend on.
    """

    root: Path
    max_bytes: int = MAX_BYTES

    def path(self, digest: str) -> Path:
        """Where a blob lies. Raises BuildError when ``digest`` is none."""
        if DIGEST.fullmatch(digest) is None:
            raise BuildError(f"{digest[:100]!r} is not a sha256 digest", code="digest-invalid")
        return self.root / "blobs" / digest[7:9] / digest[7:]

    def find(self, digest: str, size: int | None = None) -> Path | None:
        """The blob's file; None when it is not there whole, which its ``size`` tells."""
        path = self.path(digest)
        try:
            there = path.stat().st_size
            if not there or (size is not None and there != size):
                return None
            os.utime(path)
        except OSError:
            return None
        return path

    def put(self, data: bytes) -> str:
        """Keep bytes; their digest."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if self.find(digest, len(data)) is None:
            with self.writing() as file:
                file.write(data)
                self.keep(file, digest)
        return digest

    @contextlib.contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """A temporary file; ``keep`` gives it its name, else it vanishes."""
        folder = self.root / "partial"
        with disk_errors("the blob cache"):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / secrets.token_hex(16)
            try:
                with path.open("x+b", buffering=BUFFER) as file:
                    yield file
            finally:
                path.unlink(missing_ok=True)

    def keep(self, file: BinaryIO, digest: str) -> Path:
        """Put what was written in its place. The caller has computed ``digest`` on the way."""
        path = self.path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        file.flush()
        Path(file.name).rename(path)
        return path

    def partial(self, digest: str) -> Path:
        """Where a transfer keeps what it has so far, to go on from there later."""
        folder = self.root / "partial"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / self.path(digest).name

    def layer(self, key: str, make: Callable[[BinaryIO], Layer]) -> Layer:
        """The layer that ``make`` writes, made once for each ``key``."""
        known = self.fact(key, Layer)
        if known is not None and self.find(known.digest, known.size):
            return known
        with self.writing() as file:
            layer = make(file)
            self.keep(file, layer.digest)
        self.remember(key, layer)
        return layer

    def fact(self, key: str, kind: type[Record]) -> Record | None:
        """What was remembered under the key."""
        try:
            return msgspec.json.decode(self._fact_path(key).read_bytes(), type=kind)
        except (OSError, msgspec.DecodeError):
            return None

    def remember(self, key: str, record: object) -> None:
        """Keep a record under the key."""
        path = self._fact_path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.writing() as file:
            file.write(msgspec.json.encode(record))
            file.flush()
            Path(file.name).rename(path)

    def prune_sometimes(self) -> None:
        """Remove what was not used longest until the cache is within its bound; once a day."""
        marker = self.root / "pruned"
        with contextlib.suppress(OSError):
            if marker.exists() and time.time() - marker.stat().st_mtime < PRUNE_EVERY_SECONDS:
                return
            marker.touch()
            self.prune()

    def prune(self) -> None:
        """Remove abandoned transfers and the blobs that were not used longest."""
        for path in (self.root / "partial").glob("*"):
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                path.unlink(missing_ok=True)
        found = [(p.stat().st_mtime, p.stat().st_size, p) for p in self.root.glob("blobs/*/*")]
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.max_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size

    def _fact_path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self.root / "facts" / name[:2] / name[2:]
