"""Reads an image from wherever it lies: a `docker save` tar, an OCI layout, an export stream.

Formats: the docker-archive (manifest.json: moby image/spec/spec.md) and the OCI image layout,
index, manifest and config (opencontainers/image-spec 1.1). An archive of Docker 25 and newer is
both; its manifest.json is read, since it tells the tags.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from nb2image.archive.blobs import (
    Blobs,
    FolderBlobs,
    Keep,
    StreamedBlobs,
    TarBlobs,
)
from nb2image.archive.layer import Limits
from nb2image.archive.stream import Stream, decompressed, form, from_file
from nb2image.errors import ArchiveError
from nb2image.model.layer import Layer, StoredImage

MAX_LAYERS = 1000
"""Docker stops at 127; others go a little beyond."""
MAX_INDEX_DEPTH = 4

NOT_AN_IMAGE = "name an image, a tar made by docker save, or an OCI image layout (folder or tar)"


class DockerManifest(msgspec.Struct):
    """One image of a docker-archive."""

    config: str = msgspec.field(name="Config")
    layers: list[str] = msgspec.field(name="Layers")
    tags: list[str] | None = msgspec.field(name="RepoTags", default=None)


class Platform(msgspec.Struct):
    """For which machine a manifest is."""

    os: str = ""
    architecture: str = ""


class Descriptor(msgspec.Struct):
    """OCI: where a blob lies."""

    digest: str
    media_type: str = msgspec.field(name="mediaType", default="")
    size: int = 0
    platform: Platform | None = None
    annotations: dict[str, str] | None = None


class Manifest(msgspec.Struct):
    """OCI: an index (``manifests``) or an image manifest (``config`` and ``layers``)."""

    manifests: list[Descriptor] | None = None
    config: Descriptor | None = None
    layers: list[Descriptor] | None = None


class History(msgspec.Struct):
    """How one layer, or none, came about."""

    created: str | None = None
    created_by: str | None = None
    empty_layer: bool | None = None


class RootFs(msgspec.Struct):
    diff_ids: list[str] | None = None


class RunConfig(msgspec.Struct):
    """How a container of the image starts."""

    user: str | None = msgspec.field(name="User", default=None)
    env: list[str] | None = msgspec.field(name="Env", default=None)
    workdir: str | None = msgspec.field(name="WorkingDir", default=None)
    labels: dict[str, str] | None = msgspec.field(name="Labels", default=None)


class Config(msgspec.Struct):
    """The image's config."""

    os: str = ""
    architecture: str = ""
    created: str | None = None
    config: RunConfig | None = None
    rootfs: RootFs | None = None
    history: list[History] | None = None


class Parts(msgspec.Struct):
    """The names of an image's parts in its archive."""

    config: str
    layers: list[str]
    tag: str = ""


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
        id=config_id(parts.config, raw or b""),
        layers=tuple(layers),
        os=config.os,
        architecture=config.architecture,
        created=config.created or "",
        workdir=run.workdir or "",
        user=run.user or "",
        labels=tuple(sorted((run.labels or {}).items())),
        env=tuple(run.env or ()),
    )


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
        return Parts(config=image.config, layers=image.layers, tag=(image.tags or [""])[0])
    raw = blobs.json("index.json")
    if raw is None:
        raise not_an_image(blobs.name)
    return find_oci_parts(blobs, parse(raw, Manifest, blobs, "index.json"), platform)


def find_oci_parts(blobs: Blobs, index: Manifest, platform: str) -> Parts:
    """Follow an OCI index to the manifest for the platform."""
    tag = ""
    for _ in range(MAX_INDEX_DEPTH):
        if index.config is not None:
            layers = [blob_name(layer, blobs) for layer in index.layers or []]
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


def config_id(name: str, raw: bytes) -> str:
    """The image's id: the digest of its config."""
    import hashlib

    return "sha256:" + hashlib.sha256(raw).hexdigest()


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
