"""Where the base comes from: an archive on disk, a registry, or Debian's packages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from nb2image.build.embedded.bases.base import Base
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.debian.upon import PackagesUpon
from nb2image.events import Emit
from nb2image.model import BuildPlan
from nb2image.requirements.target import Target


class BaseSource(Protocol):
    """Gives the base of a plan."""

    @property
    def described(self) -> str:
        """In a few words."""

    def target(self, plan: BuildPlan, planned: Target) -> Target:
        """Which wheels run on it."""

    def get(self, plan: BuildPlan, architecture: str, emit: Emit) -> Base:
        """The base, its layers in the blob cache. Raises PlanError and BuildError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveBase:
    """A layout or archive on disk."""

    path: Path
    cache: BlobCache
    packages: PackagesUpon

    @property
    def described(self) -> str:
        """In a few words."""
        return self.path.name

    def target(self, plan: BuildPlan, planned: Target) -> Target:
        """As planned."""
        return planned

    def get(self, plan: BuildPlan, architecture: str, emit: Emit) -> Base:
        """See ``BaseSource``."""
        from nb2image.build.embedded.bases.archive import read_base

        python = plan.requirements.python
        base = read_base(self.path, self.cache, architecture=architecture, python=python)
        return self.packages.added(named(base), plan)


def named(base: Base) -> Base:
    """The base as its label names it: a reference without its tag's default registry."""
    return replace(base, name=base.name.removeprefix("docker.io/library/"))
