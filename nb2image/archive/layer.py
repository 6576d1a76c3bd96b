"""Reads one layer: what its tar holds, without keeping the files' contents."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from nb2image.archive.sample import Sampler
from nb2image.archive.stream import Stream, damaged, decompressed, form
from nb2image.archive.tar import BLOCK, Member, TarReader
from nb2image.errors import ArchiveError
from nb2image.model.layer import Entry, EntryKind, LayerFiles

SMALL = 4096
"""Files below this many bytes get no digest: two equal ones are no waste worth a line."""
MAX_PATH = 4096
"""Linux takes no longer ones, so no engine could unpack them."""
WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
MARKER = ".wh..wh."
"""What begins so, other than the opaque marker, is a storage driver's own (aufs); no file."""

KINDS: dict[bytes, EntryKind] = {
    b"1": "hardlink",
    b"2": "symlink",
    b"3": "device",
    b"4": "device",
    b"5": "dir",
    b"6": "fifo",
}


@dataclass(slots=True, kw_only=True)
class Limits:
    """What may still be held of one image; counted down while its layers are read."""

    held: int = 800_000_000
    """Estimated bytes of memory for entries: about two million files of usual names."""
    unpacked: int = 1 << 40
    """Bytes of layers, decompressed: a tebibyte takes an hour and no image is so large."""
    text: int = 128_000_000
    """Bytes of the files whose content is kept."""

    one_text: int = 16_000_000
    """Bytes of one such file at most (the RECORD of the largest package has 2 MB)."""

    def take_entry(self, entry: Entry, layer: str) -> None:
        """Count an entry. Raises ArchiveError when the image holds too many."""
        # measured: 280 bytes for the record with a size and a digest
        self.held -= 280 + len(entry.path) + len(entry.target)
        if self.held < 0:
            raise ArchiveError(
                f"{layer} brings the image to more files than can be listed",
                code="archive-too-many-files",
                hint="an image of more than about two million files cannot be inspected",
            )

    def take_bytes(self, count: int, layer: str) -> None:
        """Count unpacked bytes. Raises ArchiveError when there are too many."""
        self.unpacked -= count
        if self.unpacked < 0:
            raise ArchiveError(
                f"{layer} brings the image to more than a tebibyte",
                code="archive-too-large",
                hint="the archive is a decompression bomb or no image",
            )


def read_layer(stream: Stream, keep: Callable[[str], bool], limits: Limits) -> LayerFiles:
    """What a layer holds; ``stream`` may be compressed, ``keep`` chooses the files to keep whole.

    Raises ArchiveError when the layer is damaged, truncated, too large, or names a path outside
    the image (engines refuse such a layer, too).
    """
    sampler = Sampler(stream) if form(stream) == "tar" else None
    reader = TarReader(sampler.stream if sampler else decompressed(stream))
    entries: dict[tuple[str, str], Entry] = {}
    texts: dict[str, bytes] = {}
    for member in reader:
        limits.take_bytes(member.size + BLOCK, stream.name)
        entry = make_entry(member, reader, stream)
        if entry is None:
            continue
        if entry.kind == "file" and keep(entry.path) and 0 < entry.size <= limits.one_text:
            limits.text -= entry.size
            if limits.text >= 0:
                texts[entry.path] = reader.read()
        elif entry.size >= SMALL:
            entry = with_digest(entry, reader)
        limits.take_entry(entry, stream.name)
        marker = entry.kind if entry.kind in ("whiteout", "opaque") else ""
        entries[entry.path, marker] = entry
    reader.stream.drain()
    return LayerFiles(
        entries=tuple(entries.values()),
        texts=tuple(texts.items()),
        tar_size=reader.stream.offset,
        compressed_estimate=sampler.estimate if sampler else None,
    )


def make_entry(member: Member, reader: TarReader, stream: Stream) -> Entry | None:
    """The entry of a member; None for the root itself and a storage driver's own files."""
    path = clean(member.name, stream)
    if not path:
        return None
    folder, _, name = path.rpartition("/")
    kind: EntryKind = KINDS.get(member.kind, "file")
    target = member.target if kind in ("symlink", "hardlink") else ""
    if kind == "hardlink":
        target = clean(target, stream)
    if name == OPAQUE:
        return Entry(path=folder, kind="opaque")
    if MARKER in path and any(part.startswith(MARKER) for part in path.split("/")):
        return None
    if name.startswith(WHITEOUT):
        hidden = name.removeprefix(WHITEOUT)
        if hidden in ("", ".", ".."):
            raise damaged(stream, f"{member.name[:200]!r} deletes no file")
        return Entry(path=f"{folder}/{hidden}" if folder else hidden, kind="whiteout")
    return Entry(
        path=path,
        kind=kind,
        size=member.size if kind == "file" else 0,
        mode=member.mode,
        uid=member.uid,
        gid=member.gid,
        target=target,
    )


def with_digest(entry: Entry, reader: TarReader) -> Entry:
    """The entry with the digest of the current member's content."""
    digest = hashlib.blake2b(digest_size=16)
    for piece in reader.pieces():
        digest.update(piece)
    return Entry(
        path=entry.path,
        kind=entry.kind,
        size=entry.size,
        mode=entry.mode,
        uid=entry.uid,
        gid=entry.gid,
        digest=digest.digest(),
    )


def clean(name: str, stream: Stream) -> str:
    """A member's name as a path below the root; empty for the root itself.

    Raises ArchiveError when it climbs out.
    """
    if len(name) > MAX_PATH:
        raise damaged(stream, f"a path has {len(name)} characters: {name[:80]!r}…")
    if not (name.startswith((".", "/")) or "/." in name or "//" in name or name.endswith("/")):
        return name
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                raise damaged(stream, f"{name[:200]!r} lies outside the image")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
