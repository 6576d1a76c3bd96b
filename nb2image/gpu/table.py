"""The table of releases: which CUDA each is built for, and what runs that CUDA."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast

from packaging.version import InvalidVersion, Version

Delivery = Literal["wheels", "extra", "inside", "system", "broken", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One build of one release."""

    dist: str
    release: str
    cuda: str
    """``12.8``, or the major alone; empty when not known."""
    cudnn: str
    delivery: Delivery
    extra: str
    """The extra that brings CUDA, empty when none does."""
    driver: str
    """The oldest driver of Linux that runs it; empty when not known."""
    python: tuple[str, str] | None
    """The first and the last Python that it has wheels for; None for any."""

    @property
    def major(self) -> int:
        """Of its CUDA; 0 when not known."""
        return int(self.cuda.partition(".")[0] or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """``compat.toml``."""

    rows: tuple[Row, ...]
    """Sorted by distribution, release and CUDA."""
    drivers: Mapping[str, str]
    oldest: Mapping[str, str]
    oldest_of: Mapping[str, Mapping[str, str]]
    newest_of: Mapping[str, Mapping[str, str]]
    gpus: Mapping[str, str]
    """A GPU's name → its compute capability."""
    images: Mapping[str, tuple[str, ...]]
    """A CUDA with three numbers → the Ubuntu releases that it has an nvidia/cuda image for."""
    torch_builds: Mapping[str, tuple[str, ...]]
    extras: Mapping[str, Mapping[str, str]]
    """A distribution → CUDA major → the extra that brings that CUDA."""
    siblings: Mapping[str, tuple[int, ...]]
    """``cudf-cu{}`` → the CUDA majors that it exists for."""
    not_found: Mapping[str, str]
    """A distribution → its releases that do not find NVIDIA's wheels by themselves."""

    def of(self, dist: str) -> tuple[Row, ...]:
        """The rows of a distribution, oldest release first."""
        return tuple(row for row in self.rows if row.dist == dist)

    def at(self, dist: str, version: str) -> tuple[Row, ...]:
        """The rows of the release, or of the nearest older one: of its series where that has any.

        The oldest where none is older.
        """
        rows = self.of(dist)
        if not rows:
            return ()
        try:
            wanted = Version(Version(version).public)
        except InvalidVersion:
            return ()
        near = [row for row in rows if as_version(row.release).release[:2] == wanted.release[:2]]
        rows = tuple(near) or rows
        older = [row for row in rows if as_version(row.release) <= wanted]
        release = (older[-1] if older else rows[0]).release
        return tuple(row for row in rows if row.release == release)

    def has_image(self, cuda: str) -> bool:
        """Whether NVIDIA still has an image of a CUDA."""
        newest = max(self.images, key=as_version)
        listed = any(f"{image}.".startswith(f"{cuda}.") for image in self.images)
        return listed or as_version(cuda) > as_version(newest)

    def driver_floor(self, cuda: str) -> str:
        """The oldest driver that runs a CUDA (``12.8`` or ``12``); empty when not known."""
        major = cuda.partition(".")[0]
        return self.drivers.get(major) or self.drivers.get(cuda, "")

    def oldest_gpu(self, dist: str, cuda: str) -> str:
        """The oldest compute capability that a build has code for; empty when not known."""
        found = [since(self.oldest, cuda), since(self.oldest_of.get(dist, {}), cuda)]
        return max((f for f in found if f), key=as_version, default="")

    def newest_gpu(self, dist: str, cuda: str) -> str:
        """The newest compute capability that a build runs on; empty for no limit."""
        return since(self.newest_of.get(dist, {}), cuda).replace("-", "")


def since(steps: Mapping[str, str], cuda: str) -> str:
    """The value of the last step that is not after ``cuda``."""
    if not cuda:
        return ""
    before = [step for step in steps if as_version(step) <= as_version(cuda)]
    return steps[max(before, key=as_version)] if before else ""


@lru_cache(maxsize=4096)
def as_version(text: str) -> Version:
    """A version; reading one is what takes time here."""
    return Version(text)


@lru_cache(maxsize=1)
def table() -> Table:
    """The table that comes with nb2image."""
    text = Path(__file__).with_name("compat.toml").read_text(encoding="utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    lines = [line for block in data["releases"].values() for line in block.splitlines() if line]
    rows = (parse_row(line) for line in lines)
    return Table(
        rows=tuple(sorted(rows, key=lambda row: (row.dist, as_version(row.release), row.major))),
        drivers=data["drivers"],
        oldest=data["oldest_gpu"],
        oldest_of=data["oldest_gpu_of"],
        newest_of=data["newest_gpu_of"],
        gpus=data["gpus"],
        images={cuda: tuple(text.split()) for cuda, text in data["images"].items()},
        torch_builds={release: tuple(t.split()) for release, t in data["torch_builds"].items()},
        extras=data["extras"],
        siblings={name: tuple(found) for name, found in data["siblings"].items()},
        not_found=data["not_found"],
    )


def parse_row(line: str) -> Row:
    """One line of ``[releases]``."""
    dist, release, cuda, cudnn, delivery, extra, driver, pythons = (
        "" if word == "-" else word for word in line.split()
    )
    first, _, last = pythons.partition("-")
    return Row(
        dist=dist,
        release=release,
        cuda=cuda,
        cudnn=cudnn,
        delivery=cast(Delivery, delivery),
        extra=extra,
        driver=driver,
        python=(first, last) if first else None,
    )
