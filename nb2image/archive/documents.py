"""The JSON documents of an image archive, as far as they are read. Hostile until decoded.

Formats: the docker-archive (manifest.json: moby image/spec/spec.md) and the OCI image layout,
index, manifest and config (opencontainers/image-spec 1.1).
"""

from __future__ import annotations

import msgspec


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
