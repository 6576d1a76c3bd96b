"""Keeps CUDA out of what an image for the CPU asks for, and takes PyTorch's builds without it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from packaging.utils import canonicalize_name

from nb2image.gpu.packages import CPU_NAMES, CUDA_BUILD, GPU_EXTRA, is_cuda_library
from nb2image.model import DirectRequirement, Evidence, Finding, LockedPackage, Place
from nb2image.network import redact
from nb2image.requirements.accelerator.torch_cpu import FAMILY, has_cpu_builds, listing
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.index.listing import IndexFile, Project
from nb2image.requirements.index.local import local_path
from nb2image.requirements.index.release import choose_release
from nb2image.requirements.target import Target
from nb2image.requirements.versions.resolver import Refusal, Resolution, ResolveRequest

NAME = re.compile(r"[A-Za-z0-9._-]+")

Hash = Callable[[IndexFile], str]
"""The hex SHA-256 of a file that its index does not tell."""


def without_cuda(
    direct: Sequence[DirectRequirement],
) -> tuple[tuple[DirectRequirement, ...], tuple[Finding, ...]]:
    """What is asked for, without extras, builds and libraries that are for a GPU."""
    kept, findings = [], []
    for wanted in direct:
        place = next((e.place for e in wanted.evidence if e.won), None)
        if is_cuda_library(wanted.name) and not wanted.modules and not wanted.url:
            findings.append(left_out(f"{wanted.name} is not installed: it is for a GPU", place))
            continue
        extras = tuple(e for e in wanted.extras if not GPU_EXTRA.fullmatch(e))
        name = CPU_NAMES.get(wanted.name, wanted.name)
        if name != wanted.name or extras != wanted.extras:
            was, now = written(wanted.name, wanted.extras), written(name, extras)
            findings.append(left_out(f"{now} takes the place of {was}, which is for a GPU", place))
        kept.append(
            replace(
                renamed(wanted, name) if name != wanted.name else wanted,
                extras=extras,
                specifier=CUDA_BUILD.sub("", wanted.specifier),
                preferred=CUDA_BUILD.sub("", wanted.preferred),
            )
        )
    return tuple(kept), tuple(findings)


def left_out(message: str, place: Place | None) -> Finding:
    """A note about something that an image for the CPU is made without."""
    return Finding(severity="note", code="cpu-build", message=message, place=place)


def written(name: str, extras: tuple[str, ...]) -> str:
    """``tensorflow[and-cuda]``."""
    return f"{name}[{','.join(extras)}]" if extras else name


def renamed(wanted: DirectRequirement, name: str) -> DirectRequirement:
    """The requirement under the name of its twin for the CPU."""
    won = next((e for e in wanted.evidence if e.won), None)
    told = Evidence(
        rule=won.rule if won else "catalogue",
        candidate=name,
        won=True,
        detail=f"{name} is {wanted.name} for the CPU",
        place=won.place if won else None,
    )
    return replace(wanted, name=name, evidence=(*wanted.evidence, told))


def resolve_lean(
    request: ResolveRequest,
    resolve: Callable[[ResolveRequest], Resolution | Refusal],
    index: PackageIndex,
    sha256_of: Hash,
) -> Resolution | Refusal:
    """The answer to a request in which PyTorch's packages are builds for the CPU.

    They may come in by way of others: what was found without looking for them is resolved again.
    Raises what ``resolve`` and the index raise.
    """
    target = Target(python=request.python, platform=request.platform)
    lines = {name_of(line): line for line in request.requirements}
    named = {name for name, line in lines.items() if name in FAMILY and "@" not in line}
    added: set[str] = set()
    while True:
        projects = cpu_projects(named | added, index)
        asked = replace(
            request,
            requirements=(*request.requirements, *sorted(added)),
            listed=tuple(listing(hashed(p, target, sha256_of), target) for p in projects),
        )
        found = resolve(asked)
        if isinstance(found, Refusal):
            return found
        more = {p.name for p in found.packages if p.name in FAMILY and not p.url} - named - added
        more = {project.name for project in cpu_projects(more, index)}
        if not more:
            return replace(found, packages=addressed(found.packages, projects, added))
        added |= more


def cpu_projects(names: Iterable[str], index: PackageIndex) -> list[Project]:
    """Those that have builds for the CPU, by name."""
    found = (index.project(name) for name in sorted(names))
    return [project for project in found if project is not None and has_cpu_builds(project)]


def hashed(project: Project, target: Target, sha256_of: Hash) -> Project:
    """The project with the hashes of its local files, so that the lock has them."""
    fits = choose_release(project, target)
    if fits is None or all(f.sha256 or local_path(f.url) is None for f in project.files):
        return project
    files = tuple(f if f.sha256 else replace(f, sha256=sha256_of(f)) for f in project.files)
    return replace(project, files=files)


def addressed(
    packages: Sequence[LockedPackage], projects: Sequence[Project], added: set[str]
) -> tuple[LockedPackage, ...]:
    """The lock with the addresses of files that no configured index has."""
    files = {(p.name, f.name): f for p in projects for f in p.files}
    found = []
    for package in packages:
        file = files.get((package.name, package.wheel))
        if file is not None and file.direct:
            package = replace(package, url=redact(file.url))
        if file is not None and package.size is None:
            package = replace(package, size=file.size)
        found.append(replace(package, direct=False) if package.name in added else package)
    return tuple(found)


def name_of(line: str) -> str:
    """The canonical name that a PEP 508 line begins with."""
    match = NAME.match(line)
    return str(canonicalize_name(match[0])) if match else ""
