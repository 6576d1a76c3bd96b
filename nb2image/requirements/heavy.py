"""What of CUDA is left in a lock for the CPU, what it costs, and why it is there."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from nb2image.errors import RequirementsError
from nb2image.gpu.packages import is_cuda_library
from nb2image.model import LockedPackage
from nb2image.requirements.index import PackageIndex
from nb2image.requirements.target import Target
from nb2image.requirements.torch_cpu import FAMILY, has_cpu_builds
from nb2image.sizes import amount

THREADS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Heavy:
    """CUDA that is left in a lock for the CPU."""

    packages: tuple[LockedPackage, ...]
    why: str
    mixed: bool = False
    """Others of PyTorch's packages are builds for the CPU: the two do not go together."""

    @property
    def told(self) -> str:
        """``3.0 GB of CUDA (torch 2.15.0 and 22 more packages)``."""
        first = max(self.packages, key=lambda p: (p.name in FAMILY, p.size or 0))
        more = len(self.packages) - 1
        rest = f" and {more} more package{'s' if more > 1 else ''}" if more else ""
        size = sum(p.size or 0 for p in self.packages)
        return f"{amount(size)} of CUDA ({first.name} {first.version}{rest})"


def weighed(package: LockedPackage, index: PackageIndex) -> LockedPackage:
    """The package with its wheel's bytes, also where the index does not tell them."""
    if package.size is not None or not package.wheel:
        return package
    try:
        project = index.project(package.name)
        file = (
            next((f for f in project.files if f.name == package.wheel), None) if project else None
        )
        return replace(package, size=index.contents(file).packed if file else None)
    except RequirementsError:
        return package


def cuda_left(
    locked: Sequence[LockedPackage],
    index: PackageIndex,
    target: Target,
    trouble: RequirementsError | None,
) -> Heavy | None:
    """The CUDA in a lock, and why it is there; None when there is none.

    PyTorch's packages of the public index have it on x86-64 in every release, elsewhere where
    NVIDIA's libraries come with them.
    """
    libraries = [p for p in locked if is_cuda_library(p.name)]
    asking = {via for p in libraries for via in p.via}
    builds = [
        p
        for p in locked
        if p.name in FAMILY
        and not p.url
        and not has_cpu_builds(index.project(p.name))
        and (target.architecture == "x86_64" or p.name in asking)
    ]
    if not libraries and not builds:
        return None
    lean = [p for p in locked if p.name in FAMILY and p not in builds]
    if builds and trouble is not None:
        why = f"builds without CUDA are not to be had: {trouble.message}"
    elif builds:
        why = f"no index has a build of {builds[0].name} without CUDA"
    else:
        why = f"{', '.join(sorted(asking - {p.name for p in libraries})[:3])} asks for it"
    with ThreadPoolExecutor(THREADS) as threads:
        found = tuple(threads.map(lambda p: weighed(p, index), (*builds, *libraries)))
    return Heavy(packages=found, why=why, mixed=bool(builds and lean))
