"""The builds that there are of a lock's packages, and how those of one CUDA major are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nb2image.gpu.limits import bounds
from nb2image.gpu.majors import cuda_majors
from nb2image.gpu.packages import CPU_TWINS
from nb2image.gpu.table import Row, table
from nb2image.model import DirectRequirement, Evidence, Limits, LockedPackage, Need

GPU_TWINS = {lean: name for name, lean in CPU_TWINS.items()} | {"tensorflow-gpu": "tensorflow"}
"""Distributions for the CPU alone, and those of the same modules that can use a GPU; and a former
name (tensorflow-gpu has had the files of tensorflow since 2.1)."""
RENAMED = {"xgboost": "xgboost-cu12"}
"""What is for CUDA 13 under its own name has another for CUDA 12 (doc/install.rst of xgboost)."""
SOURCES = {"cupy": "cupy-cuda{}x"}
"""Distributions that would be compiled, and their builds."""


def sibling(name: str) -> str:
    """``cudf-cu{}`` of ``cudf-cu12``; empty for a distribution that is one for every CUDA."""
    for pattern, majors in table().siblings.items():
        if name in {pattern.format(major) for major in (11, *majors)}:
            return pattern
    return SOURCES.get(name, "")


def with_gpu_twins(direct: Sequence[DirectRequirement]) -> tuple[DirectRequirement, ...]:
    """The requirements, each that is for the CPU alone under the name that can use a GPU."""
    return tuple(
        d if d.name not in GPU_TWINS or d.url else under_name(d, GPU_TWINS[d.name], "can use a GPU")
        for d in direct
    )


def without_cpu_twins(locked: Sequence[LockedPackage]) -> tuple[LockedPackage, ...]:
    """The lock without what is there a second time as its GPU twin: their files are the same.

    Others may ask for the twin without CUDA by name; its modules are there.
    """
    names = {package.name for package in locked}
    gone = {lean: name for lean, name in GPU_TWINS.items() if {lean, name} <= names}
    askers = {gone[p.name]: p.via for p in locked if p.name in gone}
    return tuple(
        replace(p, via=tuple(sorted({*p.via, *askers.get(p.name, ())})))
        for p in locked
        if p.name not in gone
    )


def under_name(wanted: DirectRequirement, name: str, why: str) -> DirectRequirement:
    """The requirement under another distribution's name, and the evidence for it."""
    evidence = Evidence(rule="gpu", candidate=name, won=True, detail=f"{name} {why}")
    return replace(wanted, name=name, evidence=(*wanted.evidence, evidence))


def open_majors(
    locked: Sequence[LockedPackage], direct: Iterable[DirectRequirement]
) -> dict[str, frozenset[int]]:
    """Each package of the lock that brings CUDA, and the majors that there are builds of it for.

    What the notebook asks for itself can be asked for in another build; what comes with something
    else is as it is.
    """
    named = {d.name for d in direct}
    found: dict[str, frozenset[int]] = {}
    for major, packages in cuda_majors(locked).items():
        for package in packages:
            found[package.name] = found.get(package.name, frozenset()) | {major}
    for package in locked:
        name = package.name
        rows = table().at(name, package.version)
        if pattern := sibling(name) if name in named else "":
            found[name] = frozenset(table().siblings[pattern])
        elif len(rows) > 1:
            found[name] = frozenset(row.major for row in rows)
        if name in RENAMED and is_for_13(package) and may_be_renamed(package, named):
            found[name] = frozenset({12, 13})
    return found


def is_for_13(package: LockedPackage) -> bool:
    """Whether the release is for CUDA 13."""
    rows = table().at(package.name, package.version)
    return bool(rows) and rows[0].major == 13


def may_be_renamed(package: LockedPackage, named: set[str]) -> bool:
    """Whether the notebook alone asks for it: nothing else would bring it a second time."""
    return package.name in named and not package.via


def common_major(found: Mapping[str, frozenset[int]], allowed: Sequence[int]) -> int:
    """The first allowed major that every package has a build for; 0 when there is none."""
    return next((m for m in allowed if all(m in majors for majors in found.values())), 0)


def asked_for(
    direct: Sequence[DirectRequirement],
    needs: Sequence[Need],
    locked: Sequence[LockedPackage],
    limits: Limits,
    major: int,
    *,
    rename: bool,
) -> tuple[DirectRequirement, ...]:
    """The requirements with what brings the CUDA of a major: extras, other names.

    ``rename`` allows other names; a requirements file of the user's keeps its own.
    Raises PlanError when no release of a new name goes with the limits.
    """
    by_name = {package.name: package for package in locked}
    named = {d.name for d in direct}
    made = []
    for wanted in direct:
        package = by_name.get(wanted.name)
        if package is None or wanted.url:
            made.append(wanted)
            continue
        name = renamed(package, named, major) if rename else wanted.name
        made.append(changed(wanted, name, extras(name, package.version, major), limits, major))
    for package in locked:
        brings = extras(package.name, package.version, major)
        if package.name not in named and brings:
            came = DirectRequirement(name=package.name)
            made.append(changed(came, package.name, brings, limits, major))
    if uses_numba_cuda(needs) and "numba-cuda" not in {*named, *by_name}:
        extra = table().extras["numba-cuda"].get(str(major))
        if extra:
            came = DirectRequirement(name="numba-cuda")
            made.append(changed(came, "numba-cuda", (extra,), limits, major))
    return tuple(made)


def renamed(package: LockedPackage, named: set[str], major: int) -> str:
    """The name of the package's build for a CUDA major."""
    pattern = sibling(package.name)
    if pattern and major in table().siblings[pattern]:
        return pattern.format(major)
    if not may_be_renamed(package, named):
        return package.name
    if package.name in RENAMED and major == 12 and is_for_13(package):
        return RENAMED[package.name]
    return package.name


def extras(name: str, version: str, major: int) -> tuple[str, ...]:
    """The extras that bring CUDA to a release; none where the wheel or the base has it."""
    rows: tuple[Row, ...] = table().at(name, version)
    return next(
        (tuple(row.extra.split(",")) for row in rows if row.extra and row.major == major), ()
    )


def changed(
    wanted: DirectRequirement, name: str, brings: tuple[str, ...], limits: Limits, major: int
) -> DirectRequirement:
    """The requirement under its name for the CUDA and with the extras, and the evidence for it."""
    new = tuple(extra for extra in brings if extra not in wanted.extras)
    if name == wanted.name and not new:
        return wanted
    text = f"[{','.join(brings)}]" if brings else ""
    made = under_name(wanted, name, f"{text} brings CUDA {major}".strip())
    limit = bounds(name, limits) if name != wanted.name else ""
    specifier = ",".join(part for part in (wanted.specifier, limit) if part)
    return replace(made, specifier=specifier, extras=(*wanted.extras, *new))


def uses_numba_cuda(needs: Sequence[Need]) -> bool:
    """Whether the code imports numba's CUDA part, which needs NVIDIA's own package today."""
    return any(
        need.module.startswith("numba.cuda") or (need.module == "numba" and "cuda" in need.names)
        for need in needs
    )
