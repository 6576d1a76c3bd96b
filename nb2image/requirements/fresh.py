"""Asks for the newest releases first, then lets go step by step.

uv may not build, so where one package of a tree has no wheel it goes back in the history of
those above it until one does without: to a release of ten years ago, if need be, after reading
the metadata of hundreds. With lower bounds it says at once what is missing, and that can often be
mended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from nb2image.model import DirectRequirement
from nb2image.requirements.conflicts import diagnose, mentioned
from nb2image.requirements.index import PackageIndex
from nb2image.requirements.release import Release, choose_release
from nb2image.requirements.resolver import Refusal, Resolution, ResolveRequest
from nb2image.requirements.target import Target

RECENT = timedelta(days=730)
"""The second lower bound is this much older than the newest release."""
MAX_LETTING_GO = 6

Bounds = dict[str, tuple[str, ...]]
"""By distribution its lower bounds, the strictest first."""


def resolve_newest(
    request: ResolveRequest,
    bounds: Bounds,
    resolve: Callable[[ResolveRequest], Resolution | Refusal],
) -> Resolution | Refusal:
    """The answer with the strictest lower bounds that go together.

    Raises what ``resolve`` raises.
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
        named = {*mentioned(refused.explanation, left), *refused.packages}
        again = [name for name in left if name in named and left[name]] or list(left)
        for name in again:
            del left[name][:1]
    return resolve(request)


def lower_bounds(
    direct: Sequence[DirectRequirement], index: PackageIndex, target: Target, as_of: str
) -> Bounds:
    """The newest release of each requirement that has a wheel, then one of two years before.

    Raises RequirementsError when the index does not answer.
    """
    found: Bounds = {}
    for wanted in direct:
        project = None if wanted.url or "==" in wanted.specifier else index.project(wanted.name)
        if project is None:
            continue
        newest = with_wheel(choose_release(project, target, wanted.specifier, as_of))
        if newest is None:
            continue
        steps = [str(newest.version)]
        uploaded = newest.file.upload_time[:10]
        if uploaded:
            day = (date.fromisoformat(uploaded) - RECENT).isoformat()
            older = with_wheel(choose_release(project, target, wanted.specifier, day))
            steps += [str(older.version)] if older and older.version < newest.version else []
        found[wanted.name] = tuple(steps)
    return found


def with_wheel(release: Release | None) -> Release | None:
    """The release when a wheel of it can be installed."""
    good = release is not None and release.fits and release.file.is_wheel
    return release if good else None
