"""From a script to its locked requirements: calls the steps of this folder in order."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from nb2image.events import Emit
from nb2image.model import Accelerator, Finding, Notebook, Requirements, Script
from nb2image.options import Options
from nb2image.project.root import Project
from nb2image.requirements.accelerator.for_cpu import climb_for_cpu
from nb2image.requirements.accelerator.for_gpu import climb_for_gpu
from nb2image.requirements.age.python_version import END_OF_LIFE, end_of_life
from nb2image.requirements.code.imports import find_uses
from nb2image.requirements.index.vendored import vendored_only
from nb2image.requirements.system import system_packages
from nb2image.requirements.versions.conflicts import refusal_error
from nb2image.requirements.versions.export import write_pylock
from nb2image.requirements.versions.ladder import Climb
from nb2image.requirements.versions.text import requirements_text
from nb2image.requirements.wanted import Wanted, find_wanted
from nb2image.requirements.world import World, make_world
from nb2image.requirements.written.pins import described
from nb2image.services import Services

SHOWN_NAMES = 5
Versions = Literal["env", "as-of", "latest", "file"]


def find_requirements(
    notebook: Notebook,
    script: Script,
    project: Project,
    accelerator: Accelerator,
    options: Options,
    services: Services,
    emit: Emit,
) -> Requirements:
    """The lock for the image's Python, platform and kind, with the evidence.

    Raises RequirementsError, PlanError when no CUDA can be had.
    """
    world = make_world(options, services, emit, kind=accelerator.kind)
    wanted = find_wanted(notebook, script, project, world)
    if accelerator.kind == "cuda":
        climbed, wanted, world = climb_for_gpu(wanted, find_uses(script), world, accelerator.limits)
    else:
        climbed, wanted = climb_for_cpu(wanted, find_uses(script), world)
    found = locked(climbed, wanted, world)
    if options.lock_file:
        write_pylock(Path(options.lock_file), found, world)
    return found


def locked(climbed: Climb, wanted: Wanted, world: World) -> Requirements:
    """The record of what was found. Raises RequirementsError when nothing was."""
    rung, policy = climbed.rung, wanted.policy
    platform = world.platform(rung.python)
    if climbed.found is None:
        assert climbed.refused is not None
        raise refusal_error(
            climbed.refused,
            wanted.direct,
            python=rung.python,
            platform=platform,
            as_of=rung.as_of,
        )
    versions: Versions = policy.kind if rung.as_of or policy.kind != "as-of" else "latest"
    if wanted.given:
        versions = "file"
    direct = tuple(d for d in wanted.direct if d.name not in rung.left_out)
    packages = vendored_only(climbed.found.packages, world.index, world.network)
    system, system_findings = system_packages(
        wanted.script,
        packages,
        world.suite(rung.python),
        world.index,
        asked=world.options.apt,
        refused=world.options.no_apt,
        gpu=world.kind == "cuda",
    )
    return Requirements(
        python=rung.python,
        python_reason=python_reason(rung.python, wanted),
        platform=platform,
        versions=versions,
        as_of=rung.as_of,
        direct=direct,
        locked=packages,
        system=system,
        needs=wanted.needs,
        own=wanted.own,
        steps=climbed.steps,
        text=requirements_text(
            packages=packages,
            direct=direct,
            python=rung.python,
            platform=platform,
            versions=versions,
            as_of=rung.as_of,
        ),
        findings=(
            *about_python(rung.python, wanted, world),
            *step_findings(climbed, wanted),
            *system_findings,
        ),
    )


def python_reason(version: str, wanted: Wanted) -> str:
    """Why it is this Python."""
    if version == wanted.python.version:
        return wanted.python.reason
    return f"what is needed cannot be had together for Python {wanted.python.version}"


def about_python(version: str, wanted: Wanted, world: World) -> tuple[Finding, ...]:
    """The findings, the warning of a Python's end of life for the one that it came to."""
    if version == wanted.python.version:
        return wanted.findings
    others = (f for f in wanted.findings if f.code != END_OF_LIFE)
    return (*others, *end_of_life(version, world.today))


def step_findings(climbed: Climb, wanted: Wanted) -> tuple[Finding, ...]:
    """Warnings about what had to give way before a set of versions fitted."""
    if climbed.refused is None:
        return ()
    rung, changed = climbed.rung, []
    if rung.python != wanted.python.version:
        changed.append(f"Python {rung.python} instead of {wanted.python.version}")
    if rung.as_of != wanted.policy.as_of:
        day, wished = rung.as_of or "today", wanted.policy.as_of or "today's"
        changed.append(f"the releases of {day} instead of {wished}")
    if rung.left_out:
        changed.append(f"without {', '.join(rung.left_out)}, which nothing imports,")
    if gone := [pin for pin in wanted.pins if pin not in rung.pins]:
        changed.append(f"without {described(gone)} ({few(p.name for p in gone)})")
    if not changed:
        return ()
    return (
        Finding(
            severity="warning",
            code="resolution-changed",
            message=f"{' and '.join(changed)}: {climbed.refused.explanation}",
            hint="--python and --as-of hold what they are given",
        ),
    )


def few(names: Iterable[str]) -> str:
    """Some of the names, and how many more there are."""
    listed = list(names)
    more = len(listed) - SHOWN_NAMES
    return ", ".join(listed[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
