"""Finds what a user names as an image, reads it and inspects it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from nb2image.analysis.inspect import BASE_NAME, inspect
from nb2image.analysis.owners import wanted
from nb2image.archive.export import export, layers_of
from nb2image.archive.read import read_path
from nb2image.errors import Nb2ImageError
from nb2image.model.analysis import Inspection
from nb2image.model.layer import StoredImage
from nb2image.services import Services


def inspect_named(name: str, services: Services, *, platform: str = "linux/amd64") -> Inspection:
    """Inspect an image of the engine, a tar, or an OCI layout.

    A file, and a folder that is a layout, is read as one. Raises ArchiveError and EngineError.
    """
    path = Path(name)
    if path.is_file() or (path / "index.json").is_file() or is_path(name):
        image = read_path(path, keep=wanted, platform=platform)
        return inspect(image, base_layers(image, services))
    from nb2image.engine import connect, engine_address

    address = engine_address(services.environ)
    with contextlib.closing(connect(services.environ)) as engine:
        image = export(engine, name, address, wanted)
        return inspect(image, layers_of(engine, base_name(image), address))


def image_labels(name: str, services: Services) -> dict[str, str]:
    """The labels of an image of the engine; none when it has no such image.

    Raises EngineError.
    """
    from nb2image.archive.export import inspect_image
    from nb2image.engine import connect, engine_address

    with contextlib.closing(connect(services.environ)) as engine:
        found = inspect_image(engine, name, engine_address(services.environ))
    return dict((found.get("Config") or {}).get("Labels") or {}) if found else {}


def is_path(name: str) -> bool:
    """Whether a name can only mean something on disk; no reference has such a form."""
    return name.startswith((".", "/")) or name.endswith((".tar", ".tar.gz", ".tgz", ".tar.zst"))


def base_layers(image: StoredImage, services: Services) -> tuple[str, ...]:
    """The base's layers for an archive, where an engine answers that has the base."""
    from nb2image.engine import connect, engine_address

    name = base_name(image)
    if not name:
        return ()
    try:
        with contextlib.closing(connect(services.environ)) as engine:
            return layers_of(engine, name, engine_address(services.environ))
    except Nb2ImageError:
        return ()  # without an engine the base's share stays unknown


def base_name(image: StoredImage) -> str:
    """The base image that the labels name."""
    return dict(image.labels).get(BASE_NAME, "")
