"""What indexes said, kept on disk: safe for parallel processes, bounded, clearable."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nb2image.requirements.index.store import write_atomically

MAX_BYTES = 512 * 1024 * 1024
PRUNE_EVERY_SECONDS = 24 * 3600
CHECKSUM_BYTES = 4
"""At the beginning of every entry."""


def index_cache(folder: Path) -> DiskCache:
    """The cache of what indexes said, in nb2image's cache folder."""
    return DiskCache(root=folder / "index")


def checksum(data: bytes) -> bytes:
    """What tells a whole entry from a damaged one; it is no protection from anybody."""
    return zlib.crc32(data).to_bytes(CHECKSUM_BYTES, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskCache:
    """Bytes by kind and key below one folder.

    An entry is written whole and renamed into place, so a reader sees the old or the new one.
    Its modification time is its last use: the least recently used go first when the folder
    outgrows ``max_bytes``. A folder that cannot be written is a cache that keeps nothing, and an
    entry that a crash or a broken disk has damaged is none.
    """

    root: Path
    max_bytes: int = MAX_BYTES

    def get(self, kind: str, key: str) -> bytes | None:
        """The entry, None when there is none."""
        path = self.path(kind, key)
        try:
            stored = path.read_bytes()
        except OSError:
            return None
        data = stored[CHECKSUM_BYTES:]
        if stored[:CHECKSUM_BYTES] != checksum(data):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return data

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep an entry, replacing an older one."""
        write_atomically(self.path(kind, key), checksum(data) + data)
        self.prune_sometimes()

    def path(self, kind: str, key: str) -> Path:
        """Where an entry lies; a key may be any text."""
        digest = hashlib.sha256(key.encode()).hexdigest()
        return self.root / kind / digest[:2] / digest[2:]

    def prune_sometimes(self) -> None:
        """Prune, at most once a day."""
        marker = self.root / "pruned"
        try:
            if time.time() - marker.stat().st_mtime < PRUNE_EVERY_SECONDS:
                return
        except OSError:
            pass
        with contextlib.suppress(OSError):
            marker.touch()
            self.prune()

    def prune(self) -> None:
        """Remove the least recently used entries until the folder is within its bound."""
        found = sorted(self.entries())
        total = sum(size for _, size, _ in found)
        for _, size, path in found:
            if total <= self.max_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size

    def entries(self) -> Iterator[tuple[float, int, Path]]:
        """(last use, bytes, path) of every entry; one that goes meanwhile is left out."""
        # os.walk leaves out folders that go meanwhile; glob raises for them
        for above, _, names in os.walk(self.root):
            for path in (Path(above, name) for name in names):
                with contextlib.suppress(OSError):
                    status = path.stat()
                    if path.parents[2] == self.root:
                        yield status.st_mtime, status.st_size, path
