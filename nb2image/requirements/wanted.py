"""What a notebook asks for before versions are chosen: distributions, Python, date, pins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from packaging.utils import canonicalize_name

from nb2image.image.base import suites_for
from nb2image.model import (
    DirectRequirement,
    Evidence,
    Finding,
    Need,
    Notebook,
    OwnModule,
    Place,
    Script,
)
from nb2image.notebook.files import Files
from nb2image.notebook.local import with_own
from nb2image.options import Options
from nb2image.project.root import Project
from nb2image.requirements.accelerator.torch_cpu import has_cpu_builds
from nb2image.requirements.age.dates import (
    VersionPolicy,
    choose_versions,
    date_finding,
    not_before,
)
from nb2image.requirements.age.git_history import last_code_change
from nb2image.requirements.age.python_version import PythonChoice, choose_python
from nb2image.requirements.code.imports import find_needs
from nb2image.requirements.code.syntax import python_bounds
from nb2image.requirements.index.client import Index
from nb2image.requirements.index.release import exact_version, releases
from nb2image.requirements.naming.hidden import with_hidden
from nb2image.requirements.naming.names import Names, find_names
from nb2image.requirements.world import World
from nb2image.requirements.written.environment import Environment, installed_pins, read_environment
from nb2image.requirements.written.given import read_given
from nb2image.requirements.written.inline import named_python
from nb2image.requirements.written.pins import Pin, pins, preferences
from nb2image.requirements.written.runtime_files import named_pythons

SETTLING = timedelta(days=30)
"""A project must have been there so long to be guessed at: names that people or programs invent
are soon taken by others, and it is by then that this is noticed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the notebook asks for, before versions are chosen."""

    direct: tuple[DirectRequirement, ...]
    needs: tuple[Need, ...]
    brought: tuple[DirectRequirement, ...] = ()
    """What is needed too, and what the others are expected to bring along."""
    python: PythonChoice
    policy: VersionPolicy
    pins: tuple[Pin, ...] = ()
    constraints: tuple[str, ...] = ()
    """PEP 508 lines that hold whatever else gives way."""
    script: Script
    """The notebook's, with the project's own modules that it reaches."""
    own: tuple[OwnModule, ...] = ()
    """What only the project itself has: it must be on the image's path."""
    given: bool = False
    """The user gave a requirements file: nothing is added to it and nothing left out."""
    findings: tuple[Finding, ...] = ()


def find_wanted(notebook: Notebook, script: Script, project: Project, world: World) -> Wanted:
    """The distributions, the Python and the date, each by its evidence."""
    options = world.options
    policy = date_policy(notebook, project, world)
    there = read_environment(options.env_from, world.services) if options.env_from else None
    python = choose_python(
        notebook,
        options,
        available=tuple(suites_for(options)),
        files=[*named_python(notebook), *named_pythons(project.workdir, project.read)],
        environment=there.python if there else "",
        bounds=python_bounds(script),
        as_of=policy.as_of,
        today=world.today,
    )
    target = world.target(python.version)
    if options.requirements_file:
        return from_given(script, python, policy, world)
    lacking = tuple(Need(module=module, place=Place()) for module in options.lacking)

    def names(script: Script, as_of: str) -> Names:
        return find_names(
            (*find_needs(script)[0], *lacking),
            script,
            notebook,
            project,
            target,
            world.index,
            options,
            as_of=as_of,
            written_on=policy.written_on,
            settled_on=(world.today - SETTLING).isoformat(),
            environment=there.declared if there else (),
        )

    def look(script: Script) -> Names:
        found = names(script, policy.as_of)
        if not found.lacking or not policy.as_of or policy.fixed:
            return found
        younger = names(script, "")  # the date may be wrong: something it uses is younger
        return younger if younger.lacking < found.lacking else found

    found, own = look(script), dict[OwnModule, Finding]()
    while lies_there := dict(found.own).keys() - own.keys():
        own |= {module: finding for module, finding in found.own if module in lies_there}
        files = Files(workdir=project.workdir, read=project.read)
        script = with_own(script, tuple(own), files)
        found = look(script)  # what these modules import counts too
    needs, import_findings = find_needs(script)
    needs = (*needs, *lacking)
    direct, name_findings = found.settled()
    direct, brought = with_hidden(script, direct, world.index, target, as_of=policy.as_of)
    direct += script_requirements(script, direct, options)
    policy = not_before(policy, first_days(direct, world.index), policy.changed_on)
    return Wanted(
        direct=direct,
        brought=brought,
        needs=needs,
        script=script,
        own=tuple(own),
        python=python,
        policy=policy,
        pins=held_versions(notebook, direct, there, policy),
        constraints=options.constraints,
        findings=(
            *(there.findings if there else ()),
            *import_findings,
            *name_findings,
            *own.values(),
            *python.findings,
            *date_finding(policy),
        ),
    )


def from_given(
    script: Script,
    python: PythonChoice,
    policy: VersionPolicy,
    world: World,
) -> Wanted:
    """What the user's own requirements file asks for; a date only where it is asked for too."""
    path = Path(world.options.requirements_file)
    needs, _ = find_needs(script)
    direct, constraints, findings = read_given(path, world.target(python.version))
    newest = VersionPolicy(kind="latest", reason="a requirements file is given", fixed=True)
    return Wanted(
        direct=(*direct, *script_requirements(script, direct, world.options)),
        needs=needs,
        script=script,
        python=python,
        policy=policy if policy.fixed else newest,
        constraints=(*constraints, *world.options.constraints),
        given=True,
        findings=(*findings, *python.findings),
    )


def held_versions(
    notebook: Notebook,
    direct: tuple[DirectRequirement, ...],
    there: Environment | None,
    policy: VersionPolicy,
) -> tuple[Pin, ...]:
    """Versions to begin with: the project's files', the environment's, those seen in outputs."""
    if policy.kind == "latest" and policy.fixed:
        return ()
    if there is not None and policy.kind == "env":
        settled = {d.name for d in direct if d.preferred or d.url}
        return (*preferences(direct), *installed_pins(there, settled))
    seen = pins(notebook, direct) if policy.kind == "as-of" else ()
    known = {pin.name for pin in seen}
    # what a notebook ran with says more of it than a file that also serves the project's others
    return (*(p for p in preferences(direct) if p.name not in known), *seen)


def first_days(direct: Sequence[DirectRequirement], index: Index) -> dict[str, str]:
    """Since when each requirement is on the index: the release that it names, else the first."""
    found = {}
    for wanted in direct:
        project = None if wanted.url else index.project(wanted.name)
        if project is None:
            continue
        exact = exact_version(wanted.specifier)
        days = [
            file.upload_time[:10]
            for version, files in releases(project, wanted.specifier if exact else "")
            for file in files
            if file.upload_time
        ]
        if days:
            build = "'s build for the CPU" if has_cpu_builds(project) else ""
            found[f"{wanted.name}{build} {exact}".strip()] = min(days)
    return found


def date_policy(notebook: Notebook, project: Project, world: World) -> VersionPolicy:
    """Which releases may be taken."""
    source = project.read(project.notebook.as_posix())
    change = last_code_change(project, source, world.services) if source else None
    return choose_versions(notebook, world.options, change, world.today)


def script_requirements(
    script: Script, direct: tuple[DirectRequirement, ...], options: Options
) -> tuple[DirectRequirement, ...]:
    """What the image needs beyond the notebook's imports, such as ipython for the script."""
    known = {d.name for d in direct}
    lab = (("jupyterlab", "the image runs it: --entry lab"),) if options.entry == "lab" else ()
    return tuple(
        DirectRequirement(
            name=canonicalize_name(name),
            evidence=(Evidence(rule="script", candidate=name, won=True, detail=reason),),
        )
        for name, reason in (*script.extra_requirements, *lab)
        if canonicalize_name(name) not in known
    )
