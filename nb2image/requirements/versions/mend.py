"""Resolves where uv alone refuses: packages without wheels, and old releases' broken metadata."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from packaging.metadata import parse_email
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.index.release import choose_release, releases, wheel_days
from nb2image.requirements.target import Target
from nb2image.requirements.versions.conflicts import Diagnosis, diagnose
from nb2image.requirements.versions.resolver import (
    Refusal,
    Resolution,
    ResolveRequest,
)
from nb2image.requirements.versions.stub import Stub, repaired, stubs_of
from nb2image.requirements.versions.uv_config import StatedMetadata

MAX_MENDS = 12
OLDER_STUBS = 4
MOST_STUBS = 9
"""Of one project: each is a download, and the older it is the less it goes with the rest."""
STATED_RELEASES = 8
"""Releases of one project whose metadata is stated at a time, the newest first."""


def resolve_mended(
    request: ResolveRequest,
    resolve: Callable[[ResolveRequest], Resolution | Refusal],
    index: PackageIndex,
    tell: Callable[[str], None] = lambda line: None,
) -> Resolution | Refusal:
    """The answer to a request after its mendable troubles are mended.

    ``tell`` hears of sources that are fetched. Raises RequirementsError when the index does not
    answer.
    """
    found = resolve(request)
    for _ in range(MAX_MENDS):
        if isinstance(found, Resolution):
            return found
        refused = diagnose(found.message)
        if refused.kind == "no-wheel":
            tell(f"no wheel: reading what {', '.join(refused.packages)} asks for in its source")
        mended = mend(request, refused, index)
        if mended is None:
            return found
        request = mended
        found = resolve(request)
    return found


def limited(
    resolve: Callable[[ResolveRequest], Resolution | Refusal], most: int
) -> Callable[[ResolveRequest], Resolution | Refusal]:
    """``resolve``, which is asked no more after so many refusals: the last one is the answer."""
    refusals: list[Refusal] = []

    def ask(request: ResolveRequest) -> Resolution | Refusal:
        if len(refusals) == most:
            return refusals[-1]
        found = resolve(request)
        if isinstance(found, Refusal):
            refusals.append(found)
        return found

    return ask


def mend(request: ResolveRequest, refused: Diagnosis, index: PackageIndex) -> ResolveRequest | None:
    """The request with what the refusal lacks; None when nothing can be added."""
    target = Target(python=request.python, platform=request.platform)
    if refused.kind == "no-wheel":
        bounds = dict(refused.bounds)
        made = [
            stub
            for name in refused.packages
            for stub in stubs_for(name, request, index, target, bounds.get(name, ""))
            if stub not in request.stubs
        ]
        return replace(request, stubs=(*request.stubs, *made)) if made else None
    if refused.kind == "broken-metadata":
        stated = [
            entry
            for name in refused.packages
            for entry in metadata_of(name, request, index, target)
        ]
        return replace(request, metadata=(*request.metadata, *stated)) if stated else None
    if refused.kind == "too-new":
        known = {name for name, _ in request.later}
        later = [
            (name, day)
            for name in refused.packages
            if name not in known
            and (day := first_day(name, request, index, target)) > request.as_of
        ]
        return replace(request, later=(*request.later, *later)) if later else None
    return None


def stubs_for(
    name: str, request: ResolveRequest, index: PackageIndex, target: Target, bounds: str
) -> list[Stub]:
    """Stand-ins for a package without wheels within the bounds that other packages set.

    One that needs a compiler is built only when no release at all has a wheel for the target:
    else another date costs less, and works more often.
    """
    specifier = ",".join(filter(None, (specifier_of(name, request), bounds)))
    project = index.project(name)
    if project is None:
        return []
    chosen = choose_release(project, target, specifier)
    has_wheel = chosen is not None and chosen.fits and chosen.file.is_wheel
    # the newest first; older ones when that one does not go with the rest
    there = sum(stub.name == name for stub in request.stubs)
    count = min(OLDER_STUBS, MOST_STUBS - there) if there else 1
    found = stubs_of(name, index, target, specifier=specifier, as_of=request.as_of, pure=has_wheel)
    return list(islice(found, count))


def first_day(name: str, request: ResolveRequest, index: PackageIndex, target: Target) -> str:
    """The day since when a project has something for the target; empty when it has nothing.

    A package that was elsewhere before (on conda) is taken as it first was on the index.
    """
    project = index.project(name)
    days = wheel_days(project, target, specifier_of(name, request)) if project else None
    return days[0] if days else ""


def specifier_of(name: str, request: ResolveRequest) -> str:
    """The bounds that the request itself sets for a package."""
    found = []
    for line in (*request.requirements, *request.constraints):
        parsed = Requirement(line)
        if canonicalize_name(parsed.name) == name:
            found.append(str(parsed.specifier))
    return ",".join(s for s in found if s)


def metadata_of(
    name: str, request: ResolveRequest, index: PackageIndex, target: Target
) -> list[StatedMetadata]:
    """The repaired metadata of the next few releases that are not stated yet."""
    project = index.project(name)
    if project is None:
        return []
    known = {(m.name, m.version) for m in request.metadata}
    found: list[StatedMetadata] = []
    for version, files in releases(project, specifier_of(name, request), request.as_of):
        if (project.name, str(version)) in known:
            continue
        single = replace(project, files=tuple(files))
        chosen = choose_release(single, target)
        if chosen is None or not chosen.fits or not chosen.file.is_wheel:
            continue
        raw, _ = parse_email(index.contents(chosen.file).metadata)
        requires = [r for r in map(repaired, raw.get("requires_dist", [])) if r]
        found.append(
            StatedMetadata(
                name=project.name,
                version=str(version),
                requires=tuple(requires),
                requires_python=chosen.file.requires_python,
            )
        )
        if len(found) == STATED_RELEASES:
            break
    return found
