"""What nb2image keeps on this machine to be faster next time: how much, and forgetting it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nb2image.build.embedded.blobs import MAX_BYTES as MAX_IMAGE_BYTES
from nb2image.requirements.index.cache import MAX_BYTES as MAX_INDEX_BYTES

MAX_ROOT_BYTES = 20 * 1000**3
PARTS = {
    "index": ("what package indexes say, lists of files, resolutions", MAX_INDEX_BYTES),
    "images": ("bases, wheels and layers of images built without an engine", MAX_IMAGE_BYTES),
    "roots": ("images that were unpacked to be run without an engine", MAX_ROOT_BYTES),
}
"""Each part's folder: (what it holds, how large it may grow)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePart:
    """One folder of the cache."""

    name: str
    path: str
    holds: str
    """In words."""
    files: int
    size: int
    """Bytes of the files."""
    limit: int
    """Bytes that it is pruned to, the least recently used first: now and then, once a day at most,
    or when an image is unpacked."""


def cache_parts(folder: Path) -> tuple[CachePart, ...]:
    """What lies in the cache folder, part by part."""
    found = []
    for name, (holds, limit) in PARTS.items():
        sizes = list(file_sizes(folder / name))
        found.append(
            CachePart(
                name=name,
                path=str(folder / name),
                holds=holds,
                files=len(sizes),
                size=sum(sizes),
                limit=limit,
            )
        )
    return tuple(found)


def clear_cache(folder: Path, names: Iterable[str]) -> int:
    """Forget these parts; the bytes that came free.

    Safe beside other runs as far as the index goes: they ask again. What cannot be removed is
    left.
    """
    chosen = set(names)
    before = sum(part.size for part in cache_parts(folder) if part.name in chosen)
    for name in chosen:
        remove(folder / name)
    return before - sum(part.size for part in cache_parts(folder) if part.name in chosen)


def file_sizes(folder: Path) -> Iterator[int]:
    """The bytes of every file below a folder; what goes meanwhile is left out."""
    for above, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                yield Path(above, name).lstat().st_size


def remove(folder: Path) -> None:
    """Remove a folder, whatever modes its folders have."""
    for above, folders, _ in os.walk(folder):
        for path in (Path(above, name) for name in folders):
            with contextlib.suppress(OSError):
                if not path.is_symlink() and not os.access(path, os.R_OK | os.W_OK | os.X_OK):
                    path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
