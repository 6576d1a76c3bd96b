"""Adds up what an image will hold, by its plan and what is known of its parts.

The share of guesswork is stated: a wheel's list of files tells its installed bytes exactly, an
engine its base exactly; an apt package or an unbuilt sdist is guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nb2image.image.render import render
from nb2image.image.trim import Trimmed, trimmed
from nb2image.model import BuildPlan, LockedPackage
from nb2image.model.forecast import Forecast, ForecastItem

BASES = {"docker": (130_000_000, 20_000_000), "embedded": (55_000_000, 10_000_000)}
"""Bytes of a base, and how far off that may be, by builder: python:3.X-slim has 110 to 150 MB over
the releases, what the embedded builder makes of Debian's packages about 55 MB."""
BASE_RATIO = 0.37
"""Compressed over unpacked bytes of such a base."""
NVIDIA = re.compile(r"(?:docker\.io/)?nvidia/cuda:(\d+)\.[\d.]+-(cudnn\d*-)?runtime-")
NVIDIA_BASES = {11: 2_400_000_000, 12: 3_200_000_000, 13: 1_900_000_000}
"""Bytes of nvidia/cuda's runtime by CUDA major: published for 11.8, else the sum of the same
libraries in NVIDIA's wheels (12.8, 13.0)."""
CUDNN = 1_000_000_000
NVIDIA_ERROR = 0.2
NVIDIA_RATIO = 0.6
"""Compressed over unpacked bytes: libraries of machine code that are compressed in part already."""
APT_PACKAGE = 8_000_000
"""An apt package with what it needs: the libraries that notebooks need have 0.3 to 60 MB."""
APT_RATIO = 0.33
BYTECODE = 1.22
"""Bytes of bytecode a byte of Python source; four built images had 1.17 to 1.26."""
SDIST_FACTOR = 4.0
"""Installed over packed bytes of what must be built first."""
WHEEL_FACTOR = 3.3
"""Installed over packed bytes of a wheel whose list of files is not at hand; over 18 wheels."""
UNKNOWN = 2_000_000
"""Packed bytes of a package of which nothing is known; the median of 42 popular ones is less."""
EXACT = 0.002
"""RECORD, INSTALLER and console scripts, which are no part of a wheel."""
RECORDED = 3
"""So many earlier forecasts say more about the error than what is computed here."""

Builder = Literal["docker", "embedded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFiles:
    """The files of a wheel."""

    members: tuple[str, ...]
    sizes: Sequence[int]
    """Unpacked bytes of each."""
    packed: int
    """Bytes of them all as packed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What could be found out about the parts of an image."""

    builder: Builder = "docker"
    wheels: Mapping[str, WheelFiles]
    """By package; those that could not be read are absent."""
    base_size: int | None = None
    base_source: str = ""
    base_compressed: int | None = None
    """What the base's registry says of its layers; helps where ``base_size`` is unknown."""
    earlier: tuple[tuple[int, int], ...] = ()
    """(forecast, built size) of earlier builds."""


def forecast(plan: BuildPlan, known: Known) -> Forecast:
    """The image that the plan will give."""
    items = sorted(parts(plan, known), key=lambda item: (-item.size, item.name))
    size = sum(item.size for item in items)
    error = math.sqrt(sum(item.error**2 for item in items))
    shares = [(expected - built) / built for expected, built in known.earlier if built]
    spread = math.sqrt(sum(s * s for s in shares) / len(shares)) if shares else 0.0
    if len(shares) >= RECORDED:
        error = max(error, spread * size)
    return Forecast(
        size=size,
        error=round(error),
        compressed=sum(item.compressed for item in items),
        trimmed=sum(item.trimmed for item in items),
        items=tuple(items),
        earlier=len(shares),
        earlier_error=spread,
    )


def parts(plan: BuildPlan, known: Known) -> Iterator[ForecastItem]:
    """Base, apt packages, Python packages, and the project's own files."""
    yield base_part(plan, known)
    for system in plan.requirements.system:
        if system.stage == "final":
            yield ForecastItem(
                kind="apt",
                name=system.name,
                size=APT_PACKAGE,
                error=APT_PACKAGE,
                guess=True,
                compressed=round(APT_PACKAGE * APT_RATIO),
                source="experience with others",
            )
    left_out = trimmed(plan)
    for package in plan.requirements.locked:
        yield package_part(package, known.wheels.get(package.name), plan, left_out)
    yield project_part(plan)


def base_part(plan: BuildPlan, known: Known) -> ForecastItem:
    """The base image, as the engine or an earlier build tells it."""
    size, ratio = known.base_size, BASE_RATIO
    guess, error = BASES[known.builder]
    source = known.base_source or "experience: no engine has it, no earlier build used it"
    if nvidia := NVIDIA.match(plan.base.reference):
        guess = NVIDIA_BASES.get(int(nvidia[1]), max(NVIDIA_BASES.values()))
        guess += CUDNN if nvidia[2] else 0
        error, ratio = round(NVIDIA_ERROR * guess), NVIDIA_RATIO
    if size is None and known.base_compressed is not None:
        guess = round(known.base_compressed / ratio)
        error, source = guess // 8, "its registry's manifest"
    return ForecastItem(
        kind="base",
        name=plan.base.reference,
        size=guess if size is None else size,
        error=error if size is None else 0,
        guess=size is None,
        compressed=round((guess if size is None else size) * ratio),
        source=source,
    )


def package_part(
    package: LockedPackage, files: WheelFiles | None, plan: BuildPlan, left_out: Trimmed
) -> ForecastItem:
    """One Python package."""
    if files is None:
        packed = package.size or UNKNOWN
        factor = WHEEL_FACTOR if package.wheel else SDIST_FACTOR
        size = round(packed * factor * (1.4 if plan.bytecode else 1))
        return ForecastItem(
            kind="python-package",
            name=package.name,
            version=package.version,
            size=size,
            error=size // 2,
            guess=True,
            compressed=packed,
            source=f"{factor} times its packed bytes" if package.size else "nothing is known of it",
        )
    whole = kept = source = 0
    for member, bytes_ in zip(files.members, files.sizes, strict=True):
        whole += bytes_
        if not left_out.has(member):
            kept += bytes_
            source += bytes_ if member.endswith(".py") else 0
    compiled = round(BYTECODE * source) if plan.bytecode else 0
    return ForecastItem(
        kind="python-package",
        name=package.name,
        version=package.version,
        size=kept + compiled,
        trimmed=whole - kept,
        error=round(EXACT * kept + 0.1 * compiled),
        compressed=round(files.packed * kept / whole if whole else 0) + round(0.4 * compiled),
        source="its wheel's list of files",
    )


def project_part(plan: BuildPlan) -> ForecastItem:
    """The script, the notebook, the data, the plan and the runtime."""
    inside = ("app/", "runtime/", "plan.json", "requirements.txt")
    generated = sum(len(data) for path, data in render(plan) if path.startswith(inside))
    size = generated + sum(file.size for file in plan.files)
    return ForecastItem(
        kind="project",
        name=plan.name,
        size=size,
        error=0,
        compressed=size,
        source="the plan",
    )
