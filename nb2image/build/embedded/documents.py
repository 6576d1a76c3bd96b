"""The JSON documents of an image: config, manifest, index. Pure.

https://github.com/opencontainers/image-spec
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from nb2image.build.embedded.bases.base import Base, search_path
from nb2image.build.embedded.layers.layer import Layer
from nb2image.image import contract
from nb2image.model import BuildPlan

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
VARIANTS = {"arm64": "v8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A document by its digest."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        """``sha256:…``"""
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"

    def descriptor(self, **more: Any) -> dict[str, Any]:
        """How another document names it."""
        return {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": len(self.data),
            **more,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image put together: its documents, and its layers in the blob cache."""

    config: Blob
    manifest: Blob
    layers: tuple[Layer, ...]
    architecture: str
    origin: str = ""
    """The repository that the base's layers came from."""
    base_layers: int = 0

    @property
    def platform(self) -> dict[str, str]:
        """As an index names it."""
        found = {"architecture": self.architecture, "os": "linux"}
        if self.architecture in VARIANTS:
            found["variant"] = VARIANTS[self.architecture]
        return found


def canonical(value: object) -> bytes:
    """JSON, the same bytes every time."""
    return msgspec.json.encode(value, order="deterministic")


def make_image(plan: BuildPlan, base: Base, layers: Sequence[Layer]) -> Image:
    """The image of a plan: ``layers`` upon those of the base."""
    everything = (*base.layers, *layers)
    config = Blob(media_type=CONFIG, data=canonical(image_config(plan, base, layers)))
    annotations = {"org.opencontainers.image.base.name": base.name}
    if base.digest:
        annotations["org.opencontainers.image.base.digest"] = base.digest
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.descriptor(),
        "layers": [
            {"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size}
            for layer in everything
        ],
        "annotations": annotations,
    }
    return Image(
        config=config,
        manifest=Blob(media_type=MANIFEST, data=canonical(manifest)),
        layers=everything,
        architecture=base.architecture,
        origin=base.origin,
        base_layers=len(base.layers),
    )


def image_config(plan: BuildPlan, base: Base, layers: Sequence[Layer]) -> dict[str, Any]:
    """The image's config: the base's settings with those of the image contract upon them."""
    created = datetime.fromtimestamp(plan.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    former = base.settings
    settings = {
        "Env": environment(former, plan),
        "Entrypoint": list(contract.entrypoint(plan)),
        "WorkingDir": contract.workdir(plan),
        "User": contract.USER,
        "StopSignal": contract.stop_signal(plan),
        "Labels": {**(former.get("Labels") or {}), **dict(labels(plan, base))},
        "Volumes": {**(former.get("Volumes") or {}), **{v: {} for v in contract.VOLUMES}},
    }
    exposed: dict[str, dict[str, str]] = {f"{port}/tcp": {} for port in contract.ports(plan)}
    if former.get("ExposedPorts") or exposed:
        settings["ExposedPorts"] = {**(former.get("ExposedPorts") or {}), **exposed}
    history = [*base.history, *({"created": created, "created_by": lay.what} for lay in layers)]
    config = {
        "architecture": base.architecture,
        "os": "linux",
        "created": created,
        "config": settings,
        "rootfs": {
            "type": "layers",
            "diff_ids": [layer.diff_id for layer in (*base.layers, *layers)],
        },
        "history": history,
    }
    if base.architecture in VARIANTS:
        config["variant"] = VARIANTS[base.architecture]
    return config


def environment(former: Mapping[str, Any], plan: BuildPlan) -> list[str]:
    """The base's variables with ours: replaced in their place, or appended."""
    known = dict(str(line).partition("=")[::2] for line in former.get("Env") or ())
    known["PATH"] = f"{contract.VENV}/bin:{search_path(former)}"
    known |= {name: value for _, name, value in contract.settings(plan)}
    known |= dict(plan.env)
    return [f"{name}={value}" for name, value in known.items()]


def labels(plan: BuildPlan, base: Base) -> Iterable[tuple[str, str]]:
    """The labels of the contract, with the base that was taken in fact."""
    found = dict(contract.labels(plan))
    if base.name != plan.base.reference.partition("@")[0]:
        found["org.opencontainers.image.base.name"] = base.name
    if base.digest:
        found["org.opencontainers.image.base.digest"] = base.digest
    return sorted(found.items())


def make_index(images: Sequence[Image], tag: str = "") -> Blob:
    """An index of images, one for each platform; ``tag`` names them for who loads a layout."""
    named = {}
    if tag:
        named = {
            "annotations": {
                "org.opencontainers.image.ref.name": tag.rpartition(":")[2],
                "io.containerd.image.name": full_name(tag),
            }
        }
    manifests = [image.manifest.descriptor(platform=image.platform, **named) for image in images]
    return Blob(
        media_type=INDEX,
        data=canonical({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}),
    )


def full_name(tag: str) -> str:
    """A reference with the registry and the tag that engines add to it."""
    first, _, rest = tag.partition("/")
    if not rest:
        tag = f"docker.io/library/{tag}"
    elif "." not in first and ":" not in first and first != "localhost":
        tag = f"docker.io/{tag}"
    return tag if ":" in tag.rpartition("/")[2] else f"{tag}:latest"
