"""From a document of a registry or a layout to the base that it describes. Hostile input.

An index is followed to the image of one platform; every size is bounded and every digest checked
by those who read the blobs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from nb2image.build.embedded.bases.base import Base, read_facts, search_path
from nb2image.build.embedded.blobs import DIGEST, BlobCache
from nb2image.build.embedded.layers.layer import Layer
from nb2image.errors import BuildError

MAX_DOCUMENT = 4 * 1000 * 1000
"""Bytes of a manifest; registries take no larger ones (distribution spec, "Manifests")."""
MAX_CONFIG = 16 * 1000 * 1000
MAX_LAYERS = 127
MAX_DEPTH = 3
MAX_LAYER_BYTES = 50 * 1000**3
INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
LAYER_TYPES = {
    "application/vnd.oci.image.layer.v1.tar": "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip": (
        "application/vnd.oci.image.layer.v1.tar+gzip"
    ),
}


class Descriptor(msgspec.Struct, rename="camel"):
    """How one document names another."""

    digest: str
    size: int
    media_type: str = ""
    platform: dict[str, Any] = {}
    annotations: dict[str, str] | None = None


class Document(msgspec.Struct, rename="camel"):
    """An index or a manifest."""

    media_type: str = ""
    manifests: list[Descriptor] = []
    config: Descriptor | None = None
    layers: list[Descriptor] = []


class Settings(msgspec.Struct, rename="pascal"):
    """What is taken over of a config's ``config``."""

    env: list[str] | None = None
    labels: dict[str, str] | None = None
    volumes: dict[str, Any] | None = None
    exposed_ports: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The manifest of one platform."""

    digest: str
    config: Descriptor
    layers: tuple[Descriptor, ...]


Read = Callable[[Descriptor, int], bytes]
"""The verified bytes of a document, at most so many."""


def resolve(data: bytes, architecture: str, read: Read, *, depth: int = 0) -> Resolved:
    """Follow a document to the manifest for ``architecture``. Raises BuildError."""
    document = decode(data, Document)
    if document.config is not None:
        if not 0 < len(document.layers) <= MAX_LAYERS:
            raise hostile(f"an image with {len(document.layers)} layers")
        for one in (document.config, *document.layers):
            check(one)
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        return Resolved(digest=digest, config=document.config, layers=tuple(document.layers))
    if depth >= MAX_DEPTH:
        raise hostile("an index of indexes without end")
    fitting = [d for d in document.manifests if fits(d, architecture)]
    if not fitting and len(document.manifests) == 1 and not document.manifests[0].platform:
        fitting = document.manifests
    if not fitting:
        found = sorted({str(d.platform.get("architecture", "?")) for d in document.manifests})
        raise BuildError(
            f"the base has no image for linux/{architecture}, only for: {', '.join(found)[:200]}",
            code="base-platform",
            hint="choose another base or another --platform",
        )
    check(fitting[0])
    return resolve(read(fitting[0], MAX_DOCUMENT), architecture, read, depth=depth + 1)


def fits(one: Descriptor, architecture: str) -> bool:
    """Whether the descriptor is of an image, or an index, for Linux on this architecture."""
    platform = one.platform
    return platform.get("architecture") == architecture and platform.get("os") == "linux"


def check(one: Descriptor) -> None:
    """Raise BuildError for a descriptor that cannot be true."""
    if DIGEST.fullmatch(one.digest) is None or not 0 <= one.size <= MAX_LAYER_BYTES:
        raise hostile("a descriptor without a digest or a sane size")


def decode(data: bytes, kind: type[Any]) -> Any:
    """JSON as a record. Raises BuildError."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise hostile(f"a document that cannot be read ({error})") from error


def make_base(
    resolved: Resolved,
    config: bytes,
    cache: BlobCache,
    *,
    name: str,
    architecture: str,
    python: str,
    origin: str = "",
    reason: str = "",
) -> Base:
    """The base whose config is here and whose layers lie in the cache. Raises BuildError."""
    known = decode(config, dict[str, Any])
    rootfs = known.get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, Mapping) else None
    if not isinstance(diff_ids, list) or len(diff_ids) != len(resolved.layers):
        raise hostile("a config whose layers are not those of its manifest")
    if known.get("architecture") != architecture or known.get("os") != "linux":
        raise BuildError(
            f"the base is for {known.get('os')}/{known.get('architecture')}, not for "
            f"linux/{architecture}",
            code="base-platform",
            hint="choose another base or another --platform",
        )
    settings = known.get("config") or {}
    history = known.get("history") or []
    try:
        msgspec.convert(settings, Settings)
    except msgspec.ValidationError as error:
        raise hostile(f"a config that is none ({error})") from error
    if not isinstance(history, list):
        raise hostile("a config that is none")
    layers = tuple(
        Layer(
            digest=one.digest,
            diff_id=str(diff_id),
            size=one.size,
            unpacked=0,
            media_type=layer_type(one),
        )
        for one, diff_id in zip(resolved.layers, diff_ids, strict=True)
    )
    return Base(
        name=name,
        digest=resolved.digest,
        architecture=architecture,
        settings=settings,
        history=tuple(h for h in history if isinstance(h, dict)),
        layers=layers,
        facts=read_facts(cache, layers, python, search_path(settings)),
        origin=origin,
        reason=reason,
    )


def layer_type(one: Descriptor) -> str:
    """The layer's media type as OCI names it. Raises BuildError for one that cannot be copied."""
    found = LAYER_TYPES.get(one.media_type)
    if found is None:
        raise BuildError(
            f"a layer of the base has the media type {one.media_type[:100]!r}",
            code="base-layer-type",
            hint="build upon it with Docker (--builder docker)",
        )
    return found


def hostile(what: str) -> BuildError:
    """The error for a document that makes no sense."""
    return BuildError(f"the base holds {what}", code="manifest-invalid", hint="do not use it")
