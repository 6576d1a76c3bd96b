"""Builds a context again and says whether the image is the same."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nb2image.build.choose import BuildOptions
from nb2image.errors import OptionError
from nb2image.events import Emit
from nb2image.model import Report
from nb2image.model.layer import Entry, StoredImage
from nb2image.services import Services

if TYPE_CHECKING:
    import docker

MAX_LISTED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """An image beside the one that was built again from its context."""

    image: str
    before: str
    """``sha256:…`` of the image that was there."""
    after: str
    same_image: bool
    """The two have one id: not a byte differs."""
    same_files: bool
    """Every file has the same path, content, mode and owner."""
    layers: int
    same_layers: int
    differences: tuple[str, ...] = ()
    """Paths that differ, each with what differs; the first ``MAX_LISTED``."""


def rebuild(folder: Path, image: str, services: Services, emit: Emit) -> Rebuilt:
    """Build the context in ``folder`` from nothing and hold it against ``image``.

    An empty ``image`` stands for the one that the context's report names. What is built here is
    removed again. Raises OptionError when there is nothing to compare with, and the errors of
    the build.
    """
    from nb2image import pipeline
    from nb2image.archive.export import export
    from nb2image.engine import connect, engine_address
    from nb2image.project.context import read_context

    plan, report = read_context(folder), read_report(folder)
    name = image or (report.image.reference if report and report.image else "")
    if not name:
        raise OptionError(
            f"{folder} does not say which image was built of it",
            code="image-missing",
            hint="name the image to compare with: --image NAME",
        )
    builder = report.image.builder if report and report.image else "docker"
    how = BuildOptions(builder="embedded" if builder == "embedded" else "docker")
    tag = f"nb2image-rebuild:{secrets.token_hex(6)}"
    address = engine_address(services.environ)
    with contextlib.closing(connect(services.environ)) as engine:
        before = export(engine, name, address, keep_none)
        try:
            pipeline.build_plan(plan, folder, services, emit, tag=tag, no_cache=True, how=how)
            after = export(engine, tag, address, keep_none)
        finally:
            remove(engine, tag)
    return compare(name, before, after)


def compare(name: str, before: StoredImage, after: StoredImage) -> Rebuilt:
    """Hold two images against each other: ids, layers, files."""
    old, new = [{layer.digest for layer in image.layers} for image in (before, after)]
    same = len([layer for layer in after.layers if layer.digest in old])
    differences: list[str] = []
    if old != new:
        differences = list(differing(files(before), files(after)))
        if not differences:
            differences = ["times of files, or the content of files below 4 kB"]
    return Rebuilt(
        image=name,
        before=before.id,
        after=after.id,
        same_image=before.id == after.id,
        same_files=not differences,
        layers=len(after.layers),
        same_layers=same,
        differences=tuple(differences[:MAX_LISTED]),
    )


def files(image: StoredImage) -> dict[str, Entry]:
    """The image's files as its layers leave them, whiteouts heeded."""
    found: dict[str, Entry] = {}
    for layer in image.layers:
        for entry in layer.files.entries:
            if entry.kind in ("whiteout", "opaque"):
                below = f"{entry.path}/"
                gone = [p for p in found if p.startswith(below) or p == entry.path]
                for path in (
                    gone if entry.kind == "whiteout" else [p for p in gone if p != entry.path]
                ):
                    del found[path]
            else:
                found[entry.path] = entry
    return found


def differing(before: dict[str, Entry], after: dict[str, Entry]) -> list[str]:
    """What differs, path by path."""
    lines = []
    for path in sorted(before.keys() | after.keys()):
        one, other = before.get(path), after.get(path)
        if one is None or other is None:
            lines.append(f"{path}: only in the {'new' if one is None else 'old'} image")
            continue
        what = [
            words
            for words, a, b in (
                ("kind", one.kind, other.kind),
                ("size", one.size, other.size),
                ("mode", one.mode, other.mode),
                ("owner", (one.uid, one.gid), (other.uid, other.gid)),
                ("target", one.target, other.target),
                ("content", one.digest, other.digest),
            )
            if a != b
        ]
        if what:
            lines.append(f"{path}: {', '.join(what)}")
    return lines


def read_report(folder: Path) -> Report | None:
    """The report beside a context; None without one."""
    try:
        return msgspec.json.decode((folder / "report.json").read_bytes(), type=Report)
    except (OSError, msgspec.DecodeError, RecursionError):
        return None


def keep_none(path: str) -> bool:
    """No file's content is kept."""
    return False


def remove(engine: docker.DockerClient, tag: str) -> None:
    """Remove what was built for the comparison."""
    from docker.errors import APIError

    api: Any = engine.api
    with contextlib.suppress(APIError, ConnectionError):  # the build may have failed
        api.remove_image(tag, force=True)
