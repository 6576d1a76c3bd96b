"""The CUDA majors that the packages of a lock bring.

Packages of two majors overwrite each other's files: nvidia-cudnn, -nccl, -nvshmem and -cusparselt
of cu12 and cu13 install to the same paths (28, 57, 82 and 3 of them; the wheels' file lists).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nb2image.errors import PlanError
from nb2image.gpu.packages import is_cuda_library
from nb2image.gpu.table import Row, table
from nb2image.model import LockedPackage

SUFFIX = re.compile(r"-cu(?:da)?(?P<major>\d{2})\d?x?$")
"""``nvidia-cudnn-cu12``, ``cupy-cuda12x``, ``xgboost-cu12``, ``mxnet-cu112``."""
INFIX = re.compile(r"^jax-cuda(?P<major>\d{2})-(?:plugin|pjrt)$")
LOCAL = re.compile(r"\+cu(?P<major>\d{2})(?P<minor>\d)")
"""Of a version from torch's own index, ``2.10.0+cu126``."""
NUMBERED_AS_CUDA = frozenset(
    {
        "cuda-toolkit",
        "nvidia-cublas",
        "nvidia-cuda-cccl",
        "nvidia-cuda-cupti",
        "nvidia-cuda-nvcc",
        "nvidia-cuda-nvrtc",
        "nvidia-cuda-runtime",
        "nvidia-nvjitlink",
        "nvidia-nvtx",
        "nvidia-nvvm",
    }
)
"""From CUDA 13 on NVIDIA's packages have no suffix; of these the version's major is CUDA's."""
RUNTIME = re.compile(r"^nvidia-cuda-runtime(?:-cu\d\d)?$")


def named_major(package: LockedPackage) -> int:
    """The CUDA major that a package's own name or version tells; 0 when neither does."""
    for pattern, text in ((SUFFIX, package.name), (INFIX, package.name), (LOCAL, package.version)):
        if match := pattern.search(text):
            return int(match["major"])
    if package.name in NUMBERED_AS_CUDA:
        return int(package.version.partition(".")[0])
    return 0


def is_nvidia(name: str) -> bool:
    """Whether it is one of the packages that CUDA itself comes in, or a plugin for it."""
    return is_cuda_library(name) or bool(INFIX.match(name))


def askers(package: LockedPackage, locked: Sequence[LockedPackage]) -> tuple[LockedPackage, ...]:
    """Who brings one of NVIDIA's packages: the first on each way up that is none of NVIDIA's."""
    by_name = {p.name: p for p in locked}
    found: dict[str, LockedPackage] = {}
    seen: set[str] = set()
    waiting = [package]
    while waiting:
        current = waiting.pop()
        if current.name in seen:
            continue
        seen.add(current.name)
        if not is_nvidia(current.name):
            found[current.name] = current
        else:
            waiting += [by_name[name] for name in current.via if name in by_name]
    return tuple(found[name] for name in sorted(found)) or (package,)


def cuda_majors(locked: Sequence[LockedPackage]) -> dict[int, tuple[LockedPackage, ...]]:
    """CUDA major → the packages that bring it: frameworks rather than NVIDIA's own.

    What the packages' names and requirements tell; the table for those whose CUDA is inside the
    wheel or is the system's.
    """
    found: dict[int, dict[str, LockedPackage]] = {}
    told: set[str] = set()
    for package in locked:
        major = named_major(package)
        for asker in askers(package, locked) if major else ():
            found.setdefault(major, {})[asker.name] = asker
            told.add(asker.name)
    for package in locked:
        rows = [row for row in table().at(package.name, package.version) if row.major]
        if package.name not in told and len(rows) == 1:
            found.setdefault(rows[0].major, {})[package.name] = package
    return {
        major: tuple(found[major][name] for name in sorted(found[major]))
        for major in sorted(found, reverse=True)
    }


def system_rows(locked: Sequence[LockedPackage]) -> tuple[Row, ...]:
    """The builds among the locked packages that take CUDA from the base image."""
    names = {package.name for package in locked}
    found = []
    for package in locked:
        rows = table().at(package.name, package.version)
        brought = any(
            named_major(p) and is_nvidia(p.name) and package.name in p.via for p in locked
        )
        if rows and rows[0].delivery == "system" and not brought and package.name in names:
            found.append(rows[0])
    return tuple(found)


def cuda_version(locked: Sequence[LockedPackage], major: int) -> str:
    """``12.8`` where a package tells it, else the major alone."""
    for package in locked:
        if RUNTIME.match(package.name) and named_major(package) == major:
            return ".".join(package.version.split(".")[:2])
        if (match := LOCAL.search(package.version)) and int(match["major"]) == major:
            return f"{major}.{match['minor']}"
    for package in locked:
        for row in table().at(package.name, package.version):
            if row.major == major and "." in row.cuda:
                return row.cuda
    return str(major)


def check_one_major(locked: Sequence[LockedPackage]) -> None:
    """Raise PlanError when the packages bring CUDA of more than one major."""
    found = cuda_majors(locked)
    if len(found) < 2:
        return
    parts = [
        f"{', '.join(f'{p.name} {p.version}' for p in packages)} (CUDA {major})"
        for major, packages in found.items()
    ]
    raise PlanError(
        f"{' and '.join(parts)} cannot be in one image: their CUDA packages overwrite each "
        "other's files, and no releases of one CUDA go together with the rest",
        code="cuda-mixed",
        hint="bound one of them to releases for the other's CUDA (a requirements file with "
        "--requirements), or leave one out",
    )
