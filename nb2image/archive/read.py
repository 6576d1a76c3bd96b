"""Reads an image from wherever it lies: a `docker save` tar, an OCI layout, an export stream.

An archive of Docker 25 and newer is both a docker-archive and an OCI layout; its manifest.json is
read, since it tells the tags.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from nb2image.archive.blobs import Blobs, FolderBlobs, Keep, StreamedBlobs, TarBlobs
from nb2image.archive.documents import Config, History, RunConfig
from nb2image.archive.layer import Limits
from nb2image.archive.parts import find_parts, not_an_image, parse
from nb2image.archive.stream import Stream, decompressed, form, from_file
from nb2image.errors import ArchiveError
from nb2image.model.layer import Layer, StoredImage

MAX_LAYERS = 1000
"""Docker stops at 127; others go a little beyond."""


def read_path(
    path: Path, *, keep: Keep, platform: str = "linux/amd64", limits: Limits | None = None
) -> StoredImage:
    """The image in a tar (compressed or not) or in an OCI layout folder.

    Raises ArchiveError when it is no image, damaged, or hostile.
    """
    limits = limits or Limits()
    try:
        if path.is_dir():
            return assemble(FolderBlobs(path, keep, limits), platform)
        with path.open("rb", buffering=0) as file:
            size = path.stat().st_size
            stream = from_file(file, size, str(path))
            if form(stream) in ("gzip", "zstd"):
                return read_stream(stream, keep=keep, platform=platform, limits=limits)
            if form(stream) != "tar":
                raise not_an_image(str(path))
            return assemble(TarBlobs(file, size, str(path), keep, limits), platform)
    except OSError as error:
        raise ArchiveError(
            f"cannot read {path}: {error.strerror or error}",
            code="archive-unreadable",
            hint="check the path and its permissions",
        ) from error


def read_stream(
    stream: Stream, *, keep: Keep, platform: str = "linux/amd64", limits: Limits | None = None
) -> StoredImage:
    """The image in a tar that arrives as a stream. Raises ArchiveError as ``read_path`` does."""
    return assemble(StreamedBlobs(decompressed(stream), keep, limits or Limits()), platform)


def assemble(blobs: Blobs, platform: str) -> StoredImage:
    """The image that an archive's manifest describes."""
    parts = find_parts(blobs, platform)
    if len(parts.layers) > MAX_LAYERS:
        raise not_an_image(blobs.name)
    raw = blobs.json(parts.config)
    config = parse(raw, Config, blobs, parts.config)
    run = config.config or RunConfig()
    diff_ids = (config.rootfs.diff_ids if config.rootfs else None) or []
    history = [h for h in config.history or [] if not h.empty_layer]
    if len(history) != len(parts.layers):
        history = []  # optional, and of no use when it does not fit
    layers = []
    for index, name in enumerate(parts.layers):
        files = blobs.layer(name)
        stored = blobs.size(name)
        told = history[index] if history else History()
        layers.append(
            Layer(
                number=index + 1,
                digest=diff_ids[index] if len(diff_ids) == len(parts.layers) else "",
                command=told.created_by or "",
                created=told.created or "",
                compressed_size=None if stored == files.tar_size else stored,
                files=files,
            )
        )
    return StoredImage(
        reference=parts.tag or blobs.name,
        id="sha256:" + hashlib.sha256(raw or b"").hexdigest(),
        layers=tuple(layers),
        os=config.os,
        architecture=config.architecture,
        created=config.created or "",
        workdir=run.workdir or "",
        user=run.user or "",
        labels=tuple(sorted((run.labels or {}).items())),
        env=tuple(run.env or ()),
    )
