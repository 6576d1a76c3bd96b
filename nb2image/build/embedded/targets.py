"""Where a finished image goes: a layout on disk, an engine, a registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.documents import Image
from nb2image.build.embedded.http import Http
from nb2image.build.embedded.layout import write_layout
from nb2image.build.embedded.load import load
from nb2image.build.embedded.registry.client import Registry, parse_reference
from nb2image.build.embedded.registry.credentials import Credentials
from nb2image.build.embedded.registry.push import Push, Pushed
from nb2image.errors import OptionError
from nb2image.events import Emit


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The places that an image is delivered to."""

    layout: Path | None = None
    """A folder, or a file that ends with .tar."""
    engine: bool = False
    """Into the engine that the environment names."""
    push: bool = False
    """To the registry that the tag names."""

    @property
    def described(self) -> str:
        """In a few words."""
        parts = [f"write {self.layout}"] if self.layout else []
        parts += ["load it into the engine"] if self.engine else []
        return ", ".join(parts + (["push it"] if self.push else []))

    def reference(self, tag: str) -> str:
        """What names the image afterwards: the tag, or the file where nothing else has it."""
        return tag if self.engine or self.push or not self.layout else str(self.layout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Brings images to their destination."""

    cache: BlobCache
    http: Http
    credentials: Credentials
    environ: Mapping[str, str]

    def deliver(
        self, images: Sequence[Image], tag: str, destination: Destination, emit: Emit
    ) -> Pushed | None:
        """Bring images to every place; what a push did.

        Raises OptionError, BuildError and EngineError.
        """
        if destination.layout:
            write_layout(destination.layout, images, tag, self.cache)
        if destination.engine:
            if len(images) > 1:
                raise OptionError(
                    "an engine holds images of one platform",
                    code="platforms-engine",
                    hint="write them to a file, or push them",
                )
            load(images[0], tag, self.cache, self.environ)
        if not destination.push:
            return None
        reference = parse_reference(tag)
        registry = Registry(self.http, self.credentials, reference.registry)
        return Push(registry, reference, self.cache, emit).images(images)
