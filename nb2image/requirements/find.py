"""From a script to its locked requirements: calls the steps of this folder in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from nb2image.errors import RequirementsError
from nb2image.events import Emit
from nb2image.image.base import SUITES
from nb2image.model import (
    DirectRequirement,
    Evidence,
    Finding,
    Need,
    Notebook,
    Place,
    Requirements,
    ResolutionStep,
    Script,
)
from nb2image.options import Options
from nb2image.project import Project
from nb2image.requirements.conflicts import refusal_error
from nb2image.requirements.dates import (
    VersionPolicy,
    choose_versions,
    date_finding,
    not_before,
)
from nb2image.requirements.drift import Drift, find_drift
from nb2image.requirements.environment import Environment, installed_pins, read_environment
from nb2image.requirements.fresh import lower_bounds, resolve_newest
from nb2image.requirements.git_history import last_code_change
from nb2image.requirements.hidden import hidden_needs
from nb2image.requirements.imports import find_needs, find_uses
from nb2image.requirements.index import Index
from nb2image.requirements.ladder import Climb, Days, Ladder, Rung, climb
from nb2image.requirements.mend import resolve_mended
from nb2image.requirements.names import resolve_names
from nb2image.requirements.pins import Pin, pins, preferences
from nb2image.requirements.python_version import PythonChoice, choose_python
from nb2image.requirements.release import parse_specifier, releases, wheel_days
from nb2image.requirements.resolver import Refusal, Resolution, ResolveRequest
from nb2image.requirements.runtime_files import named_pythons
from nb2image.requirements.syntax import python_bounds
from nb2image.requirements.system import system_packages
from nb2image.requirements.text import requirements_text
from nb2image.requirements.world import World, make_world
from nb2image.services import Services

MAX_DRIFTS = 4
"""How often a lock is made anew because it lacks something that is imported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the notebook asks for, before versions are chosen."""

    direct: tuple[DirectRequirement, ...]
    needs: tuple[Need, ...]
    python: PythonChoice
    policy: VersionPolicy
    pins: tuple[Pin, ...] = ()
    findings: tuple[Finding, ...] = ()


def find_requirements(
    notebook: Notebook,
    script: Script,
    project: Project,
    options: Options,
    services: Services,
    emit: Emit,
) -> Requirements:
    """The lock for the image's Python and platform, with the evidence.

    Raises RequirementsError.
    """
    world = make_world(options, services, emit)
    wanted = find_wanted(notebook, script, project, world)
    climbed, wanted = climb_without_drift(wanted, find_uses(script), world)
    return locked(climbed, wanted, script, world)


def find_wanted(notebook: Notebook, script: Script, project: Project, world: World) -> Wanted:
    """The distributions, the Python and the date, each by its evidence."""
    options = world.options
    policy = date_policy(notebook, project, world)
    there = read_environment(options.env_from, world.services) if options.env_from else None
    python = choose_python(
        notebook,
        options,
        available=tuple(SUITES),
        files=named_pythons(project.workdir, project.read),
        environment=there.python if there else "",
        bounds=python_bounds(script),
        as_of=policy.as_of,
        today=world.today,
    )
    target = world.target(python.version)
    needs, import_findings = find_needs(script)
    needs = (*needs, *(Need(module=module, place=Place()) for module in options.lacking))

    def names(as_of: str) -> tuple[tuple[DirectRequirement, ...], tuple[Finding, ...]]:
        return resolve_names(
            needs,
            script,
            notebook,
            project,
            target,
            world.index,
            options,
            as_of=as_of,
            written_on=policy.written_on,
            environment=there.declared if there else (),
        )

    try:
        direct, name_findings = names(policy.as_of)
    except RequirementsError as error:
        if error.code != "import-unresolved" or not policy.as_of or policy.fixed:
            raise
        direct, name_findings = names("")  # the date is wrong: something it uses is younger
    direct = hidden_needs(script, direct, world.index, target, as_of=policy.as_of)
    direct += script_requirements(script, direct)
    policy = not_before(policy, first_days(direct, world.index), policy.changed_on)
    return Wanted(
        direct=direct,
        needs=needs,
        python=python,
        policy=policy,
        pins=held_versions(notebook, direct, there, policy),
        findings=(
            *(there.findings if there else ()),
            *import_findings,
            *name_findings,
            *python.findings,
            *date_finding(policy),
        ),
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
        return (*preferences(direct), *installed_pins(there, {d.name for d in direct}))
    seen = pins(notebook, direct) if policy.kind == "as-of" else ()
    return (*preferences(direct), *seen)


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
            found[f"{wanted.name} {exact}".strip()] = min(days)
    return found


def exact_version(specifier: str) -> str:
    """The version of ``==1.2``; empty for any other bound."""
    pins = [s.version for s in parse_specifier(specifier) if s.operator == "=="]
    return pins[0] if pins and not pins[0].endswith(".*") else ""


def date_policy(notebook: Notebook, project: Project, world: World) -> VersionPolicy:
    """Which releases may be taken."""
    source = project.read(project.notebook.as_posix())
    change = last_code_change(project, source, world.services) if source else None
    return choose_versions(notebook, world.options, change, world.today)


def climb_without_drift(
    wanted: Wanted, uses: dict[str, tuple[str, ...]], world: World
) -> tuple[Climb, Wanted]:
    """A set of versions that has what is imported, as far as older releases have it.

    Raises RequirementsError when the index does not answer.
    """
    climbed = climb_ladder(wanted, world)
    for _ in range(MAX_DRIFTS):
        if climbed.found is None:
            break
        rung = climbed.rung
        drifts = find_drift(
            wanted.direct,
            climbed.found.packages,
            wanted.needs,
            uses,
            world.index,
            world.target(rung.python),
            rung.as_of,
        )
        if not drifts:
            break
        young = {d.name: d.uploaded for d in drifts if d.specifier.startswith(">") and d.uploaded}
        bounded = replace(
            wanted,
            direct=tuple(with_bounds(d, drifts) for d in wanted.direct),
            policy=not_before(wanted.policy, young, wanted.policy.changed_on),
        )
        # what is too young for the date starts at its new date, all else where the last climb held
        start = None if bounded.policy != wanted.policy else rung
        again = climb_ladder(bounded, world, start)
        if again.found is None:
            findings = tuple(drift_finding(d, held=False) for d in drifts)
            return climbed, replace(wanted, findings=(*wanted.findings, *findings))
        findings = tuple(drift_finding(d, held=True) for d in drifts)
        wanted = replace(bounded, findings=(*wanted.findings, *findings))
        refused = climbed.refused or again.refused
        climbed = replace(again, refused=refused, steps=(*climbed.steps, *again.steps))
    return climbed, wanted


def climb_ladder(wanted: Wanted, world: World, start: Rung | None = None) -> Climb:
    """Try one combination of Python, date and pins after another, ``start`` first."""
    lines = {d.name: pep508(d) for d in wanted.direct}

    def attempt(rung: Rung) -> Resolution | Refusal:
        request = ResolveRequest(
            requirements=tuple(lines[n] for n in sorted(lines) if n not in rung.left_out),
            constraints=tuple(p.constraint for p in rung.pins),
            python=rung.python,
            platform=world.platform(rung.python),
            as_of=rung.as_of,
        )

        def mended(asked: ResolveRequest) -> Resolution | Refusal:
            return resolve_mended(asked, world.resolve, world.index)

        kept = [d for d in wanted.direct if d.name not in rung.left_out]
        bounds = lower_bounds(kept, world.index, world.target(rung.python), rung.as_of)
        for pin in rung.pins:
            bounds.pop(pin.name, None)
        return resolve_newest(request, bounds, mended)

    def tell(step: ResolutionStep) -> None:
        if not step.ok:
            when = f"of {step.as_of}" if step.as_of else "of today"
            message = f"Python {step.python} with the releases {when}: {step.message}"
            world.tell(Finding(severity="note", code="resolution-step", message=message))

    def days(name: str, python: str) -> Days | None:
        project = world.index.project(name)
        bounds = ",".join(d.specifier for d in wanted.direct if d.name == name)
        return wheel_days(project, world.target(python), bounds) if project else None

    ladder = Ladder(
        python=wanted.python,
        policy=wanted.policy,
        available=tuple(SUITES),
        today=world.today,
        pins=wanted.pins,
        soft=tuple(d.name for d in wanted.direct if is_soft(d)),
        start=start,
    )
    return climb(ladder, attempt, days, tell)


def is_soft(direct: DirectRequirement) -> bool:
    """Whether the notebook only installs it: nothing of it is imported."""
    return not direct.modules and all(e.rule == "install-line" for e in direct.evidence)


def with_bounds(direct: DirectRequirement, drifts: Sequence[Drift]) -> DirectRequirement:
    """The requirement with the bound that what it lost asks for."""
    for drift in drifts:
        if drift.name == direct.name:
            evidence = Evidence(
                rule="drift",
                candidate=direct.name,
                won=True,
                detail=drift.told,
                place=drift.place,
            )
            specifier = ",".join(s for s in (direct.specifier, drift.specifier) if s)
            return replace(direct, specifier=specifier, evidence=(*direct.evidence, evidence))
    return direct


def drift_finding(drift: Drift, *, held: bool) -> Finding:
    """What the user should know of something that was removed."""
    kept = "that decides its version" if held else "no set of versions goes with it"
    return Finding(
        severity="note" if held else "warning",
        code="drift",
        message=f"{drift.told}: {kept}",
        place=drift.place,
    )


def locked(climbed: Climb, wanted: Wanted, script: Script, world: World) -> Requirements:
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
    versions = policy.kind if rung.as_of or policy.kind != "as-of" else "latest"
    direct = tuple(d for d in wanted.direct if d.name not in rung.left_out)
    system, system_findings = system_packages(
        script,
        climbed.found.packages,
        world.suite(rung.python),
        world.index,
        asked=world.options.apt,
        refused=world.options.no_apt,
    )
    return Requirements(
        python=rung.python,
        python_reason=wanted.python.reason,
        platform=platform,
        versions=versions,
        as_of=rung.as_of,
        direct=direct,
        locked=climbed.found.packages,
        system=system,
        needs=wanted.needs,
        steps=climbed.steps,
        text=requirements_text(
            packages=climbed.found.packages,
            direct=direct,
            python=rung.python,
            platform=platform,
            versions=versions,
            as_of=rung.as_of,
        ),
        findings=(*wanted.findings, *step_findings(climbed, wanted), *system_findings),
    )


def step_findings(climbed: Climb, wanted: Wanted) -> tuple[Finding, ...]:
    """Warnings about what had to give way before a set of versions fitted."""
    if climbed.refused is None:
        return ()
    rung, changed = climbed.rung, []
    if rung.python != wanted.python.version:
        changed.append(f"Python {rung.python} instead of {wanted.python.version}")
    if rung.as_of != wanted.policy.as_of:
        day = rung.as_of or "today"
        changed.append(f"the releases of {day} instead of {wanted.policy.as_of}")
    if rung.left_out:
        changed.append(f"without {', '.join(rung.left_out)}, which nothing imports,")
    if rung.pins != wanted.pins:
        changed.append("other versions than the outputs show")
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


def script_requirements(
    script: Script, direct: tuple[DirectRequirement, ...]
) -> tuple[DirectRequirement, ...]:
    """What the script itself needs beyond the notebook's imports, such as ipython."""
    known = {d.name for d in direct}
    return tuple(
        DirectRequirement(
            name=canonicalize_name(name),
            evidence=(Evidence(rule="script", candidate=name, won=True, detail=reason),),
        )
        for name, reason in script.extra_requirements
        if canonicalize_name(name) not in known
    )


def pep508(direct: DirectRequirement) -> str:
    """The requirement as one PEP 508 line.

    Raises RequirementsError when it is none: it may come from the notebook, and uv's input has
    one requirement a line.
    """
    extras = f"[{','.join(direct.extras)}]" if direct.extras else ""
    tail = f" @ {direct.url}" if direct.url else direct.specifier
    line = f"{direct.name}{extras}{tail}"
    try:
        return str(Requirement(line))
    except InvalidRequirement as error:
        place = next((e.place for e in direct.evidence if e.won), None)
        raise RequirementsError(
            f"not a requirement: {line!r}", code="requirement-invalid", where=place
        ) from error
