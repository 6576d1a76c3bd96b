"""Asks for the newest releases first, then lets go step by step.

uv may not build, so where one package of a tree has no wheel it goes back in the history of
those above it until one does without: to a release of ten years ago, if need be, after reading
the metadata of hundreds. With lower bounds it says at once what is missing, and that can often be
mended; where it cannot, another day or Python serves better than a release of ten years ago.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from nb2image.model import DirectRequirement
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.index.release import choose_release, releases
from nb2image.requirements.target import Target
from nb2image.requirements.versions.conflicts import LACKING, depended_on, diagnose, mentioned
from nb2image.requirements.versions.resolver import Refusal, Resolution, ResolveRequest

RECENT = timedelta(days=730)
"""The second lower bound is this much older than the newest release."""
MAX_LETTING_GO = 8

Bounds = dict[str, tuple[str, ...]]
"""By distribution its lower bounds, the strictest first."""


def resolve_newest(
    request: ResolveRequest,
    bounds: Bounds,
    resolve: Callable[[ResolveRequest], Resolution | Refusal],
    *,
    floor: bool,
) -> Resolution | Refusal:
    """The answer with the strictest lower bounds that go together.

    With ``floor`` the last bound of each stays where wheels are what is missing: another day has
    them. Raises what ``resolve`` raises.
    """
    left = {name: list(steps) for name, steps in bounds.items()}
    for _ in range(MAX_LETTING_GO):
        lines = tuple(f"{name}>={steps[0]}" for name, steps in sorted(left.items()) if steps)
        found = resolve(replace(request, constraints=(*request.constraints, *lines)))
        if isinstance(found, Resolution) or not lines:
            return found
        refused = diagnose(found.message)
        if not refused.passing:
            return found
        part = {*mentioned(refused.explanation, left), *refused.packages}
        bound = [name for name, steps in left.items() if steps and (name in part or not part)]
        movable = [name for name in bound if len(left[name]) > floor]
        if not bound or (not movable and refused.kind in LACKING):
            return found  # without the other bounds it is the same
        pointed = movable or bound
        first = depended_on(refused.explanation)
        for name in [name for name in pointed if name in first] or pointed:
            del left[name][:1]
    lines = tuple(f"{name}>={steps[-1]}" for name, steps in sorted(bounds.items()) if floor)
    return resolve(replace(request, constraints=(*request.constraints, *lines)))


def lower_bounds(
    direct: Sequence[DirectRequirement], index: PackageIndex, target: Target, as_of: str
) -> Bounds:
    """The newest release of each requirement, the newest with a wheel, that of two years before.

    A project without one of two years before ends with 0, which binds nothing. Raises
    RequirementsError when the index does not answer.
    """
    found: Bounds = {}
    for wanted in direct:
        project = None if wanted.url or "==" in wanted.specifier else index.project(wanted.name)
        if project is None:
            continue
        newest = choose_release(project, target, wanted.specifier, as_of)
        if newest is None or not newest.fits or newest.version.is_prerelease:
            continue
        wheels = replace(project, files=tuple(f for f in project.files if f.is_wheel))
        built = choose_release(wheels, target, wanted.specifier, as_of)
        day = long_before(newest.file.upload_time)
        old = next((v for v, _ in releases(project, wanted.specifier, day)), None) if day else None
        steps = {newest.version.public: None}
        if built and built.fits and (old or built.version) <= built.version <= newest.version:
            steps[built.version.public] = None
        steps[old.public if old and old <= newest.version else "0"] = None
        found[wanted.name] = tuple(steps)
    return found


def long_before(uploaded: str) -> str:
    """The day two years before an upload; empty when that is not known."""
    return (date.fromisoformat(uploaded[:10]) - RECENT).isoformat() if uploaded else ""
