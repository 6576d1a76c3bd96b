"""Puts packages without CUDA in the place of those with it: xgboost-cpu for xgboost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from packaging.utils import canonicalize_name

from nb2image.gpu.packages import CPU_TWINS, OPENED_LATE, is_cuda_library
from nb2image.model import LockedPackage
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.index.release import choose_release
from nb2image.requirements.naming.verify import requirements_of
from nb2image.requirements.target import Target


def with_twins(
    packages: Sequence[LockedPackage], index: PackageIndex, target: Target
) -> tuple[tuple[LockedPackage, ...], dict[str, LockedPackage]]:
    """The lock with the CPU twins of its packages, and those by the name that they replace.

    A twin is the same release, and needs nothing that the lock does not have. Raises
    RequirementsError when the index does not answer.
    """
    locked = tuple(packages)
    swapped: dict[str, LockedPackage] = {}
    for package in packages:
        lean = CPU_TWINS.get(package.name, "")
        found = twin(lean, package, locked, index, target) if lean and not package.url else None
        if found is not None:
            swapped[package.name] = found
            locked = tuple(found if p.name == package.name else p for p in locked)
            locked = tuple(renamed_via(p, package.name, found.name) for p in locked)
    done_without = OPENED_LATE | set(swapped) | {s.name for s in swapped.values()}
    return without_orphans(locked, done_without), swapped


def twin(
    lean: str,
    package: LockedPackage,
    locked: Sequence[LockedPackage],
    index: PackageIndex,
    target: Target,
) -> LockedPackage | None:
    """The package's release under its CPU name; None where there is none that fits."""
    project = index.project(lean)
    version = package.version.partition("+")[0]
    chosen = choose_release(project, target, f"=={version}") if project else None
    if chosen is None or not chosen.fits or not chosen.file.is_wheel or not chosen.file.sha256:
        return None
    versions = {p.name: p.version for p in locked}
    for need in requirements_of(index.contents(chosen.file), target):
        held = versions.get(canonicalize_name(need.name))
        if held is None or not need.specifier.contains(held, prereleases=True):
            return None
    return replace(
        package,
        name=lean,
        version=str(chosen.version),
        hashes=(f"sha256:{chosen.file.sha256}",),
        wheel=chosen.file.name,
        size=chosen.file.size,
    )


def renamed_via(package: LockedPackage, old: str, new: str) -> LockedPackage:
    """The package with one of those that ask for it under its new name."""
    if old not in package.via:
        return package
    return replace(package, via=tuple(sorted({new if v == old else v for v in package.via})))


def without_orphans(
    locked: tuple[LockedPackage, ...], done_without: set[str] | frozenset[str]
) -> tuple[LockedPackage, ...]:
    """The lock without CUDA's libraries that only packages which do without them ask for."""
    gone: set[str] = set()
    while True:
        more = {
            p.name
            for p in locked
            if is_cuda_library(p.name)
            and not p.direct
            and p.name not in gone
            and set(p.via) <= done_without | gone
        }
        if not more:
            return tuple(p for p in locked if p.name not in gone)
        gone |= more
