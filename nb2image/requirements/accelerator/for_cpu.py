"""One joint set of versions for an image for the CPU: never CUDA that was not allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nb2image.errors import RequirementsError
from nb2image.model import DirectRequirement, Finding, LockedPackage
from nb2image.requirements.accelerator.heavy import Heavy, cuda_builds, cuda_left, weighed
from nb2image.requirements.accelerator.lean import renamed, without_cuda
from nb2image.requirements.accelerator.torch_cpu import FAMILY, VARIABLE, has_cpu_builds
from nb2image.requirements.accelerator.twins import with_twins
from nb2image.requirements.versions.conflicts import mentioned
from nb2image.requirements.versions.joint import climb_without_drift
from nb2image.requirements.versions.ladder import Climb
from nb2image.requirements.wanted import Wanted
from nb2image.requirements.world import World, with_cuda, with_more_cpu_builds
from nb2image.sizes import amount


def climb_for_cpu(
    wanted: Wanted, uses: dict[str, tuple[str, ...]], world: World
) -> tuple[Climb, Wanted]:
    """As ``climb_without_drift``, with the builds for the CPU.

    Raises RequirementsError when only CUDA is to be had and that is not allowed.
    """
    direct, findings = without_cuda(wanted.direct)
    wanted = replace(wanted, direct=direct, findings=(*wanted.findings, *findings))
    climbed, found = climb_without_drift(wanted, uses, world)
    lacking = lacking_build(climbed, world)
    if lacking and world.index.cpu_trouble is None:
        # the host's own builds do not do: PyTorch's index has others
        other = with_more_cpu_builds(world)
        instead, held = climb_without_drift(wanted, uses, other)
        if instead.found is not None and not lacking_build(instead, other):
            climbed, found, world, lacking = instead, held, other, ""
    if lacking:
        # PyTorch's packages are linked with each other: all of one kind, or none works
        other = with_cuda(world)
        instead, held = climb_without_drift(wanted, uses, other)
        if instead.found is not None:
            climbed, found, world = instead, held, other
    resolved = climbed.found
    if resolved is None:
        return climbed, found
    target = world.target(climbed.rung.python)
    packages, twins = with_twins(resolved.packages, world.index, target)
    heavy = cuda_left(packages, world.index, target)
    if heavy is not None:
        why = lacking or f"{', '.join(heavy.asking) or 'the notebook'} asks for it"
        if not world.options.allow_cuda_in_cpu:
            raise refused(heavy, why, found.direct)
        warning = Finding(
            severity="warning",
            code="cuda-in-cpu",
            message=f"the image for the CPU carries {heavy.told}: {why}",
        )
        found = replace(found, findings=(*found.findings, warning))
    direct = tuple(renamed(d, twins[d.name].name) if d.name in twins else d for d in found.direct)
    notes = tuple(
        note(weighed(p, world.index), weighed(twins[p.name], world.index))
        for p in resolved.packages
        if p.name in twins
    )
    made = replace(resolved, packages=packages)
    return replace(climbed, found=made), replace(
        found, direct=direct, findings=(*found.findings, *notes)
    )


def lacking_build(climbed: Climb, world: World) -> str:
    """Why PyTorch's packages are not all builds for the CPU; empty when they are."""
    if climbed.found is None:
        assert climbed.refused is not None
        said = (*mentioned(climbed.refused.explanation, FAMILY), *climbed.refused.packages)
        names = sorted(n for n in set(said) & FAMILY if has_cpu_builds(world.index.project(n)))
        return f"no build of {' and '.join(names)} without CUDA fits" if names else ""
    target = world.target(climbed.rung.python)
    builds = cuda_builds(climbed.found.packages, world.index, target)
    if builds and world.index.cpu_trouble is not None:
        return f"builds without CUDA are not to be had: {world.index.cpu_trouble.message}"
    return f"no index has a build of {builds[0].name} without CUDA" if builds else ""


def note(package: LockedPackage, twin: LockedPackage) -> Finding:
    """What a twin saves."""
    sizes = package.size, twin.size
    saved = f": {amount(sizes[1])} instead of {amount(sizes[0])}" if sizes[0] and sizes[1] else ""
    return Finding(
        severity="note",
        code="cpu-build",
        message=f"{twin.name} {twin.version} takes the place of {package.name}{saved}",
    )


def refused(heavy: Heavy, why: str, direct: Sequence[DirectRequirement]) -> RequirementsError:
    """The error for CUDA that nobody asked for."""
    names = {p.name for p in heavy.packages}
    won = (e for d in direct if d.name in names for e in d.evidence if e.won)
    return RequirementsError(
        f"the image for the CPU would carry {heavy.told}: {why}",
        code="cuda-in-cpu",
        hint="configure pip with an index or a folder (find-links) that has torch+cpu, or set "
        f"{VARIABLE} to a mirror of PyTorch's; --allow-cuda-in-cpu takes CUDA, --gpu makes an "
        "image that can use it",
        where=next((e.place for e in won if e.place), None),
    )
