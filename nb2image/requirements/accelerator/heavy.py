"""What of CUDA is left in a lock for the CPU, what it costs, and why it is there."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from nb2image.errors import RequirementsError
from nb2image.gpu.packages import is_cuda_library
from nb2image.model import LockedPackage
from nb2image.requirements.accelerator.torch_cpu import FAMILY, has_cpu_builds
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.target import Target
from nb2image.sizes import amount

THREADS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Heavy:
    """CUDA that is left in a lock for the CPU."""

    packages: tuple[LockedPackage, ...]
    asking: tuple[str, ...]
    """The packages that NVIDIA's libraries are there for."""

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
        file = project.file(package.wheel) if project else None
        return replace(package, size=index.contents(file).packed if file else None)
    except RequirementsError:
        return package


def cuda_left(locked: Sequence[LockedPackage], index: PackageIndex, target: Target) -> Heavy | None:
    """The CUDA in a lock; None when there is none. Raises RequirementsError."""
    libraries = [p for p in locked if is_cuda_library(p.name)]
    builds = cuda_builds(locked, index, target)
    if not libraries and not builds:
        return None
    asking = {via for p in libraries for via in p.via if not is_cuda_library(via)}
    with ThreadPoolExecutor(THREADS) as threads:
        found = tuple(threads.map(lambda p: weighed(p, index), (*builds, *libraries)))
    return Heavy(packages=found, asking=tuple(sorted(asking)))


def cuda_builds(
    locked: Sequence[LockedPackage], index: PackageIndex, target: Target
) -> list[LockedPackage]:
    """PyTorch's packages in a lock that are linked with CUDA.

    Those of the public index are on x86-64 in every release, elsewhere where NVIDIA's libraries
    come with them. Raises RequirementsError.
    """
    asking = {via for p in locked if is_cuda_library(p.name) for via in p.via}
    return [
        p
        for p in locked
        if p.name in FAMILY
        and not p.url
        and not has_cpu_builds(index.project(p.name))
        and (target.architecture == "x86_64" or p.name in asking)
    ]
