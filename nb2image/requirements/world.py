"""What the steps of this folder need beyond the notebook, put together once a run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Literal

from nb2image.events import Emit, Noticed
from nb2image.image.base import base_for
from nb2image.model import BaseImage, Finding
from nb2image.network import NetworkConfig, read_network
from nb2image.options import Options
from nb2image.requirements.accelerator.torch_cpu import cpu_index
from nb2image.requirements.index.cache import DiskCache, index_cache
from nb2image.requirements.index.client import Index
from nb2image.requirements.index.listing import IndexFile
from nb2image.requirements.index.local import local_path
from nb2image.requirements.target import Target
from nb2image.requirements.versions.resolver import Refusal, Resolution, ResolveRequest
from nb2image.requirements.versions.resolver import default_index as ask_default_index
from nb2image.requirements.versions.resolver import resolve as ask_uv
from nb2image.services import Services

ARCHITECTURES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
UNKNOWN_GLIBC = "2.28"
"""For a base whose release is not known: what wheels are commonly made for."""
KNOWN_TO_UV = (17, 28, *range(31, 41))
"""The glibc levels that uv has a platform for; a newer base runs the wheels of an older one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The host, its package sources, and what the user asked for."""

    services: Services
    network: NetworkConfig
    cache: DiskCache
    index: Index
    options: Options
    emit: Emit
    kind: Literal["cpu", "cuda"] = "cuda"
    """``cpu`` takes builds without CUDA where there are some."""
    base: BaseImage | None = None
    """The base, where it is not Python's own or the one that the user names."""

    @property
    def today(self) -> date:
        """The day that "newest" and "end of life" refer to."""
        return self.services.today()

    def base_of(self, python: str) -> BaseImage:
        """The image's base. Raises PlanError when there is none."""
        return self.base or base_for(python, self.options)

    def platform(self, python: str) -> str:
        """uv's name of the image's platform: architecture and the base's glibc."""
        glibc = self.base_of(python).glibc or UNKNOWN_GLIBC
        level = int(glibc.partition(".")[2])
        known = max((k for k in KNOWN_TO_UV if k <= level), default=KNOWN_TO_UV[0])
        return f"{ARCHITECTURES[self.options.platform]}-manylinux_2_{known}"

    def suite(self, python: str) -> str:
        """The base's Debian release; empty when it is not known."""
        return self.base_of(python).suite

    def target(self, python: str) -> Target:
        """The Python and platform of the image."""
        return Target(python=python, platform=self.platform(python))

    def resolve(self, request: ResolveRequest) -> Resolution | Refusal:
        """Ask uv, or the cache. Raises RequirementsError when uv cannot be run."""
        offline = self.options.offline
        return ask_uv(request, self.services, self.network, self.cache, offline=offline)

    def sha256_of(self, file: IndexFile) -> str:
        """The hash of a local file, read once; empty for a file that is not here."""
        path = local_path(file.url)
        if path is None or not path.is_file():
            return ""
        state = path.stat()
        key = f"{path} {state.st_size} {state.st_mtime_ns}"
        kept = self.cache.get("sha256", key)
        if kept is None:
            with path.open("rb") as opened:
                kept = hashlib.file_digest(opened, "sha256").hexdigest().encode()
            self.cache.put("sha256", key, kept)
        return kept.decode()

    def tell(self, finding: Finding) -> None:
        """Say something as soon as it is known."""
        self.emit(Noticed(stage="require", finding=finding))


def make_world(
    options: Options,
    services: Services,
    emit: Emit,
    *,
    kind: Literal["cpu", "cuda"] = "cuda",
    cpu_everywhere: bool = False,
) -> World:
    """The world of one run. Raises RequirementsError when uv cannot be run."""
    network = read_network(services.environ)
    cache = index_cache(services.cache)
    default = network.index_url or ask_default_index(services, cache)
    index = Index(
        network,
        cache,
        default_index=default,
        cpu_index=cpu_index(services.environ) if kind == "cpu" else "",
        cpu_everywhere=cpu_everywhere,
        offline=options.offline,
    )
    return World(
        services=services,
        network=network,
        cache=cache,
        index=index,
        options=options,
        emit=emit,
        kind=kind,
    )


def with_cuda(world: World) -> World:
    """The same world, in which PyTorch's packages are what the index has."""
    return make_world(world.options, world.services, world.emit)


def with_more_cpu_builds(world: World) -> World:
    """The same world, in which PyTorch's index is asked though the host's own have builds."""
    return make_world(
        world.options, world.services, world.emit, kind=world.kind, cpu_everywhere=True
    )
