"""One set of versions for a GPU: within what the machine runs, and of one CUDA major."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nb2image.errors import PlanError
from nb2image.gpu.bases import planned_base
from nb2image.gpu.limits import bounds, check_wish, majors
from nb2image.gpu.majors import check_one_major
from nb2image.gpu.table import table
from nb2image.gpu.variants import (
    RENAMED,
    asked_for,
    common_major,
    open_majors,
    with_gpu_twins,
    without_cpu_twins,
)
from nb2image.model import Accelerator, Finding, Limits, LockedPackage
from nb2image.requirements.age.dates import not_before
from nb2image.requirements.index.release import wheel_days
from nb2image.requirements.versions.joint import climb_without_drift
from nb2image.requirements.versions.ladder import Climb
from nb2image.requirements.wanted import Wanted
from nb2image.requirements.world import World

MAX_REQUESTS = 3
"""What a build is called and which extras it has is known once its release is."""


def climb_for_gpu(
    wanted: Wanted, uses: dict[str, tuple[str, ...]], world: World, limits: Limits
) -> tuple[Climb, Wanted, World]:
    """The versions as without a GPU, with CUDA, all of one major that the machine runs.

    The world that comes back has the base that the packages need. Raises PlanError when no
    releases do, RequirementsError when the index does not answer.
    """
    allowed = majors(limits)
    if not wanted.given:
        wanted = replace(wanted, direct=with_gpu_twins(wanted.direct))
    wanted = not_before_bounds(within(wanted, limits), world)
    climbed, wanted = climb_without_drift(wanted, uses, world)
    if climbed.found is None:
        return climbed, wanted, world
    major = common_major(open_majors(climbed.found.packages, wanted.direct), allowed)
    if not major:
        climbed, wanted, major = climb_to_agree(climbed, wanted, uses, world, limits)
    for _ in range(MAX_REQUESTS):
        if climbed.found is None:
            return climbed, wanted, world
        locked = climbed.found.packages
        asked = asked_for(
            wanted.direct, wanted.needs, locked, limits, major, rename=not wanted.given
        )
        if asked == wanted.direct:
            break
        climbed, wanted = climb_again(climbed, replace(wanted, direct=asked), uses, world)
    if climbed.found is None:
        return climbed, wanted, world
    check_one_major(climbed.found.packages)
    python = climbed.rung.python
    base = planned_base(Accelerator(kind="cuda"), python, climbed.found.packages, world.options)
    based = replace(world, base=base)
    if based.platform(python) != world.platform(python):
        climbed, wanted = climb_again(climbed, wanted, uses, based)
    if climbed.found is not None:
        found = replace(climbed.found, packages=without_cpu_twins(climbed.found.packages))
        climbed = replace(climbed, found=found)
    return climbed, wanted, based


def climb_again(
    climbed: Climb, wanted: Wanted, uses: dict[str, tuple[str, ...]], world: World
) -> tuple[Climb, Wanted]:
    """Another climb, where the former ended; the steps of both."""
    again, wanted = climb_without_drift(wanted, uses, world)
    return replace(again, steps=(*climbed.steps, *again.steps)), wanted


def climb_to_agree(
    climbed: Climb,
    wanted: Wanted,
    uses: dict[str, tuple[str, ...]],
    world: World,
    limits: Limits,
) -> tuple[Climb, Wanted, int]:
    """Releases that have a CUDA major in common, the newest major that has some.

    Raises PlanError, naming the packages that do not agree, when there are none.
    """
    assert climbed.found is not None
    locked = climbed.found.packages
    names = sorted(open_majors(locked, wanted.direct))
    for major in majors(limits):
        exact = limits if limits.cuda else replace(limits, cuda=str(major))
        try:
            bounded = not_before_bounds(within(wanted, exact, names), world)
        except PlanError:
            continue  # one of them has no release for this major
        found, held = climb_without_drift(bounded, uses, world)
        if found.found is None:
            continue
        packages = found.found.packages
        if common_major(open_majors(packages, held.direct), (major,)):
            steps = (*climbed.steps, *found.steps)
            note = agreement(locked, packages, major)
            return (
                replace(found, steps=steps),
                replace(held, findings=(*held.findings, note)),
                major,
            )
    check_one_major(locked)
    raise no_common_build(locked, wanted, limits)


def within(wanted: Wanted, limits: Limits, names: Iterable[str] = ()) -> Wanted:
    """The requirements with bounds to the releases that go with the limits.

    What the table knows is bounded, asked for or brought by something else. Raises PlanError when
    a requirement asks for releases that do not go with them.
    """
    known = {row.dist for row in table().rows}
    if not names and not wanted.given and 12 in majors(limits):
        known -= RENAMED.keys()  # whichever release it is, there is a build for CUDA 12
    for direct in wanted.direct:
        if direct.name in known and not direct.url:
            check_wish(direct.name, direct.specifier, limits)
    bounded = tuple(
        replace(d, specifier=",".join(s for s in (d.specifier, limit) if s))
        if d.name in known and not d.url and (limit := bounds(d.name, limits))
        else d
        for d in wanted.direct
    )
    named = {d.name for d in wanted.direct}
    lines = []
    for name in sorted(known - named):
        try:
            limit = bounds(name, limits)
        except PlanError:
            if name in names:
                raise
            continue  # it is refused when it is there
        if limit:
            lines.append(f"{name}{limit}")
    return replace(wanted, direct=bounded, constraints=(*wanted.constraints, *lines))


def not_before_bounds(wanted: Wanted, world: World) -> Wanted:
    """The wish with its date moved up to where what is bounded from below is there.

    Releases of the notebook's time may all be for a CUDA that no machine has any more; the ladder
    would find the day too, after many tries. Raises RequirementsError when the index does not
    answer.
    """
    if wanted.policy.kind != "as-of" or wanted.policy.fixed:
        return wanted
    known = {row.dist for row in table().rows}
    days = {}
    for direct in wanted.direct:
        if direct.name not in known or direct.url or ">" not in direct.specifier:
            continue
        project = world.index.project(direct.name)
        target = world.target(wanted.python.version)
        found = wheel_days(project, target, direct.specifier) if project else None
        if found:
            days[f"a {direct.name} whose CUDA can be had"] = found[0]
    return replace(wanted, policy=not_before(wanted.policy, days, ""))


def agreement(
    before: tuple[LockedPackage, ...], after: tuple[LockedPackage, ...], major: int
) -> Finding:
    """What was changed so that all packages have one CUDA major."""
    versions = {p.name: p.version for p in after}
    names = {row.dist for row in table().rows}
    changed = [
        f"{p.name} {versions[p.name]} instead of {p.version}"
        for p in before
        if p.name in names and versions.get(p.name, p.version) != p.version
    ]
    return Finding(
        severity="note",
        code="cuda-agreed",
        message=f"{' and '.join(changed) or 'other releases'}, so that all have CUDA {major}: "
        "packages of two CUDA majors overwrite each other's files",
    )


def no_common_build(locked: tuple[LockedPackage, ...], wanted: Wanted, limits: Limits) -> PlanError:
    """The packages have no CUDA in common that the machine runs."""
    versions = {p.name: p.version for p in locked}
    parts = [
        f"{name} {versions[name]} (CUDA {' or '.join(map(str, sorted(found)))})"
        for name, found in sorted(open_majors(locked, wanted.direct).items())
    ]
    allowed = ", ".join(map(str, majors(limits)))
    return PlanError(
        f"{' and '.join(parts)} have no build for one CUDA in common that can be used here "
        f"({allowed})",
        code="cuda-mixed",
        hint="leave one out, or let --driver and --cuda allow more",
    )
