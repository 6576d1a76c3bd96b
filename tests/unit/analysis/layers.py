"""Layers in short: ``layers({"a": 10}, {"-a": 0})`` adds a file and deletes it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from nb2image.model.layer import Entry, Layer, LayerFiles, StoredImage

Short = Mapping[str, int | str | bytes]
"""path → size of a file; ``path/`` a folder, ``-path`` a deletion, ``!path`` an opaque folder;
text is the target of a hard link (``=path``) or of a symbolic one; bytes are a kept file."""


def entry(path: str, value: int | str | bytes) -> Entry:
    if path.startswith("-"):
        return Entry(path=path[1:], kind="whiteout")
    if path.startswith("!"):
        return Entry(path=path[1:], kind="opaque")
    if path.endswith("/"):
        return Entry(path=path[:-1], kind="dir")
    if isinstance(value, str):
        if value.startswith("="):
            return Entry(path=path, kind="hardlink", target=value[1:])
        return Entry(path=path, kind="symlink", target=value)
    if isinstance(value, bytes):
        digest = hashlib.blake2b(value, digest_size=16).digest()
        return Entry(path=path, kind="file", size=len(value), digest=digest)
    return Entry(path=path, kind="file", size=value)


def layers(*shorts: Short) -> tuple[Layer, ...]:
    """Layers from short descriptions, lowest first."""
    return tuple(
        Layer(
            number=number,
            digest=f"sha256:{number:064x}",
            command=f"step {number}",
            files=LayerFiles(
                entries=tuple(entry(path, value) for path, value in short.items()),
                texts=tuple((p, v) for p, v in short.items() if isinstance(v, bytes)),
            ),
        )
        for number, short in enumerate(shorts, start=1)
    )


def image(*shorts: Short, labels: Mapping[str, str] | None = None) -> StoredImage:
    """An image of such layers."""
    return StoredImage(
        reference="test:1",
        id="sha256:" + "0" * 64,
        layers=layers(*shorts),
        os="linux",
        architecture="amd64",
        labels=tuple(sorted((labels or {}).items())),
    )
