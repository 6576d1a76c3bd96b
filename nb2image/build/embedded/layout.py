"""Writes images as an OCI image layout, a folder or a tar archive.

The archive also has the ``manifest.json`` of ``docker save``, so that ``docker load`` of every
release takes it. https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import BinaryIO

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.documents import Image, canonical, full_name, make_index
from nb2image.build.embedded.layers import tarhead
from nb2image.build.embedded.layers.layer import Layer, disk_errors
from nb2image.errors import OptionError

COPY = 1 << 20
LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
UNFINISHED = re.compile(r"\.[0-9a-f]{8}$")
ABANDONED = 24 * 3600
"""Seconds after which nobody writes a layout any more."""
Content = bytes | Path


def write_layout(target: Path, images: Sequence[Image], tag: str, cache: BlobCache) -> None:
    """Write the layout under ``target``: a tar archive when it ends with .tar, else a folder.

    It appears whole or not at all; a layout that was there is replaced. Raises OptionError when
    something else is there, BuildError when it cannot be written.
    """
    refuse_foreign(target)
    files = contents(images, tag, cache)
    with disk_errors(str(target)), replacing(target) as new:
        if target.suffix == ".tar":
            with new.open("wb") as file:
                write_tar(file, files)
        else:
            for name, content in files:
                path = new / name
                path.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(content, Path):
                    shutil.copyfile(content, path)
                else:
                    path.write_bytes(content)


def contents(images: Sequence[Image], tag: str, cache: BlobCache) -> Iterator[tuple[str, Content]]:
    """Every file of the layout: documents first, then each blob once."""
    yield "oci-layout", LAYOUT
    yield "index.json", make_index(images, tag).data
    yield "manifest.json", docker_manifest(images[0], tag, images[0].layers)
    seen = set()
    for image in images:
        for blob in (image.manifest, image.config):
            if blob.digest not in seen:
                seen.add(blob.digest)
                yield blob_name(blob.digest), blob.data
        for layer in image.layers:
            if layer.digest not in seen:
                seen.add(layer.digest)
                yield blob_name(layer.digest), cache.path(layer.digest)


def docker_manifest(image: Image, tag: str, layers: Sequence[Layer]) -> bytes:
    """The list of images that ``docker load`` reads."""
    return canonical(
        [
            {
                "Config": blob_name(image.config.digest),
                "RepoTags": [short_name(tag)] if tag else [],
                "Layers": [blob_name(layer.digest) for layer in layers],
            }
        ]
    )


def short_name(tag: str) -> str:
    """The reference with its tag, as ``docker save`` writes it."""
    return full_name(tag).removeprefix("docker.io/library/").removeprefix("docker.io/")


def blob_name(digest: str) -> str:
    """Where a layout keeps a blob."""
    return f"blobs/sha256/{digest[7:]}"


def write_tar(file: BinaryIO, files: Iterator[tuple[str, Content]]) -> None:
    """Write files as a tar archive."""
    for piece in tar_pieces(files):
        file.write(piece)


def tar_pieces(files: Iterator[tuple[str, Content]]) -> Iterator[bytes]:
    """A tar archive of files, a piece at a time."""
    for name, content in files:
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        yield tarhead.header(name, size=size)
        if isinstance(content, Path):
            with content.open("rb") as source:
                while piece := source.read(COPY):
                    yield piece
        else:
            yield content
        yield tarhead.padding(size)
    yield tarhead.END_OF_ARCHIVE


def refuse_foreign(target: Path) -> None:
    """Raise OptionError when ``target`` is something that we did not write."""
    if not target.exists():
        return
    ours = target.is_file() if target.suffix == ".tar" else (target / "oci-layout").is_file()
    if not ours and not (target.is_dir() and not any(target.iterdir())):
        raise OptionError(
            f"{target} exists and is no image layout", code="output-foreign", hint="name another"
        )


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A path beside ``target`` to write to, which then takes its place.

    What a process that was killed has left there goes first.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{escape(target.name)}.*"):
        with suppress(OSError):
            if UNFINISHED.search(left.name) and time.time() - left.stat().st_mtime > ABANDONED:
                discard(left)
    new = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    old = new.with_name(f"{new.name}.old")
    try:
        if target.suffix != ".tar":
            new.mkdir()
        yield new
        if target.is_dir():
            target.rename(old)
        new.rename(target)
    finally:
        if old.exists() and not target.exists():
            old.rename(target)
        for path in (new, old):
            discard(path)


def discard(path: Path) -> None:
    """Remove a file or a folder that is not needed any longer."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
