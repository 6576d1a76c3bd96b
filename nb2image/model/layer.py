"""An image as it is stored: its layers and every entry in them, without the files' contents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EntryKind = Literal["file", "dir", "symlink", "hardlink", "device", "fifo", "whiteout", "opaque"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a layer's tar."""

    path: str
    """Relative to the image's root, POSIX, cleaned: no ``.``, ``..``, leading or double slash.

    Bytes that are not UTF-8 stand as ``\\xNN``. For a whiteout the path that it deletes, for
    an opaque marker the folder whose lower contents it hides.
    """
    kind: EntryKind
    size: int = 0
    """Bytes of a file as stored in the tar; 0 for everything else."""
    mode: int = 0
    uid: int = 0
    gid: int = 0
    target: str = ""
    """Where a symbolic link points, as written; for a hard link the cleaned path it shares."""
    digest: bytes = b""
    """BLAKE2b-128 of a file's content; empty for files too small to matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFiles:
    """What one layer's tar holds."""

    entries: tuple[Entry, ...]
    """In the tar's order; of two entries with one path only the last is kept, as on disk."""
    texts: tuple[tuple[str, bytes], ...] = ()
    """(path, content) of the few files that tell who owns what (RECORD, dpkg's lists, plan)."""
    tar_size: int = 0
    """Bytes of the uncompressed tar."""
    compressed_estimate: int | None = None
    """About what a registry would store, by samples; None where the layer was compressed."""

    @property
    def size(self) -> int:
        """Bytes of its files, as Docker counts a layer that it built.

        For a layer that it unpacked (a pull, a load, an import) Docker adds the lengths of the
        symbolic links' targets: some ten kB for a distribution.
        """
        return sum(entry.size for entry in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of an image."""

    number: int
    """1 for the lowest."""
    digest: str = ""
    """The diff id: ``sha256:…`` of the uncompressed tar; empty when the config has none."""
    command: str = ""
    """The history's ``created_by``, as found; hostile."""
    created: str = ""
    compressed_size: int | None = None
    """Bytes as a registry stores it; None where the archive keeps the layer uncompressed."""
    files: LayerFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """An image as read from an archive, a layout or an engine."""

    reference: str
    """What the user named, or the tag that the archive carries."""
    id: str
    """``sha256:…`` of the config."""
    layers: tuple[Layer, ...]
    os: str = ""
    architecture: str = ""
    created: str = ""
    workdir: str = ""
    user: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    env: tuple[str, ...] = ()
    """``KEY=value``, as found."""
