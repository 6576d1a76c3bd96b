"""Where a finished image goes: a layout on disk, an engine, a registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.documents import Image
from nb2image.build.embedded.http import Http
from nb2image.build.embedded.layout import write_layout
from nb2image.events import Emit


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The places that an image is delivered to."""

    layout: Path | None = None
    """A folder, or a file that ends with .tar."""

    @property
    def described(self) -> str:
        """In a few words."""
        return f"write {self.layout}" if self.layout else "nothing"


def deliver(
    images: Sequence[Image], tag: str, target: Target, cache: BlobCache, http: Http, emit: Emit
) -> None:
    """Bring images to every place. Raises BuildError and EngineError."""
    if target.layout:
        write_layout(target.layout, images, tag, cache)
