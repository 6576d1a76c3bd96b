"""Which parts of an archive make up its image, by its manifest or index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from nb2image.archive.blobs import Blobs
from nb2image.archive.documents import Descriptor, DockerManifest, Manifest
from nb2image.errors import ArchiveError

MAX_INDEX_DEPTH = 4
NOT_AN_IMAGE = "name an image, a tar made by docker save, or an OCI image layout (folder or tar)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The names of an image's parts in its archive."""

    config: str
    layers: tuple[str, ...]
    """Lowest first."""
    tag: str = ""


def find_parts(blobs: Blobs, platform: str) -> Parts:
    """Which parts make up the image, by the archive's manifest."""
    raw = blobs.json("manifest.json")
    if raw is not None:
        images = parse(raw, list[DockerManifest], blobs, "manifest.json")
        if not images:
            raise not_an_image(blobs.name)
        if len(images) > 1:
            tags = ", ".join((image.tags or [image.config])[0] for image in images[:8])
            raise ArchiveError(
                f"{blobs.name} holds {len(images)} images: {tags}",
                code="archive-several-images",
                hint="save the one to look at by itself: docker save NAME -o FILE",
            )
        image = images[0]
        return Parts(config=image.config, layers=tuple(image.layers), tag=(image.tags or [""])[0])
    raw = blobs.json("index.json")
    if raw is None:
        raise not_an_image(blobs.name)
    return find_oci_parts(blobs, parse(raw, Manifest, blobs, "index.json"), platform)


def find_oci_parts(blobs: Blobs, index: Manifest, platform: str) -> Parts:
    """Follow an OCI index to the manifest for the platform."""
    tag = ""
    for _ in range(MAX_INDEX_DEPTH):
        if index.config is not None:
            layers = tuple(blob_name(layer, blobs) for layer in index.layers or [])
            return Parts(config=blob_name(index.config, blobs), layers=layers, tag=tag)
        chosen = choose(index.manifests or [], platform, blobs)
        tag = tag or (chosen.annotations or {}).get("io.containerd.image.name", "")
        name = blob_name(chosen, blobs)
        index = parse(blobs.json(name), Manifest, blobs, name)
    raise not_an_image(blobs.name)


def choose(manifests: list[Descriptor], platform: str, blobs: Blobs) -> Descriptor:
    """The manifest for the platform, or the only one; attestations (unknown/unknown) are none."""
    images = [m for m in manifests if m.platform is None or m.platform.os != "unknown"]
    if len(images) == 1:
        return images[0]
    for manifest in images:
        if manifest.platform and platform == (
            f"{manifest.platform.os}/{manifest.platform.architecture}"
        ):
            return manifest
    held = ", ".join(
        f"{m.platform.os}/{m.platform.architecture}" for m in images[:16] if m.platform
    )
    raise ArchiveError(
        f"{blobs.name} holds no image for {platform}" + (f", only {held}" if held else ""),
        code="archive-no-platform",
        hint="choose one with --platform" if held else NOT_AN_IMAGE,
    )


def blob_name(descriptor: Descriptor, blobs: Blobs) -> str:
    """The path of a blob in a layout. Raises ArchiveError when the digest is no digest."""
    algorithm, _, value = descriptor.digest.partition(":")
    if not (algorithm in ("sha256", "sha512") and value.isalnum() and value.isascii()):
        raise ArchiveError(
            f"{blobs.name} names a blob {descriptor.digest[:100]!r}, which is no digest",
            code="archive-damaged",
            hint="make the archive again",
        )
    return f"blobs/{algorithm}/{value}"


def parse(raw: bytes | None, kind: Any, blobs: Blobs, name: str) -> Any:
    """A JSON part as the record ``kind``. Raises ArchiveError when it is missing or wrong."""
    if raw is None:
        raise ArchiveError(
            f"{blobs.name} lacks {name}, which its manifest names",
            code="archive-incomplete",
            hint="make the archive again",
        )
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ArchiveError(
            f"{name} of {blobs.name} cannot be read: {error}",
            code="archive-damaged",
            hint="make the archive again",
        ) from error


def not_an_image(name: str) -> ArchiveError:
    """The error for something that is no image archive."""
    return ArchiveError(
        f"{name} is no image archive", code="archive-not-an-image", hint=NOT_AN_IMAGE
    )
