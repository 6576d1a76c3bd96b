"""One joint set of versions: the ladder, and the bounds that drift asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from nb2image.errors import RequirementsError
from nb2image.events import OutputLine
from nb2image.image.base import suites_for
from nb2image.model import DirectRequirement, Evidence, Finding, ResolutionStep
from nb2image.requirements.accelerator.lean import resolve_lean
from nb2image.requirements.age.dates import not_before
from nb2image.requirements.index.release import wheel_days
from nb2image.requirements.naming.catalogue import load_catalogue
from nb2image.requirements.versions.drift import Drift, find_drift
from nb2image.requirements.versions.fresh import lower_bounds, resolve_newest
from nb2image.requirements.versions.ladder import Climb, Days, Ladder, Rung, climb
from nb2image.requirements.versions.mend import limited, resolve_mended
from nb2image.requirements.versions.overlaps import overlaps, parted
from nb2image.requirements.versions.resolver import Refusal, Resolution, ResolveRequest
from nb2image.requirements.wanted import Wanted
from nb2image.requirements.world import World
from nb2image.requirements.written.declared import is_address

MAX_DRIFTS = 4
"""How often a lock is made anew because it lacks something that is imported."""
MAX_REFUSALS = 200
"""Of uv on one ladder; notebooks whose ladders led somewhere took fewer than 60."""


def climb_without_drift(
    wanted: Wanted, uses: dict[str, tuple[str, ...]], world: World
) -> tuple[Climb, Wanted]:
    """A set of versions that has what is imported, as far as older releases have it.

    Raises RequirementsError when the index does not answer.
    """
    climbed, wanted = with_brought(climb_ladder(wanted, world), wanted, world)
    climbed, wanted = without_overlaps(climbed, wanted, world)
    for _ in range(MAX_DRIFTS):
        if climbed.found is None or wanted.given:
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
            lambda line: world.emit(OutputLine(stage="require", line=line)),
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


def with_brought(climbed: Climb, wanted: Wanted, world: World) -> tuple[Climb, Wanted]:
    """The climb with what was to come along and did not, asked for by itself."""
    if climbed.found is None:
        return climbed, wanted
    there = {package.name: package.version for package in climbed.found.packages}
    lost = tuple(
        d
        for d in wanted.brought
        if d.name not in there
        or not SpecifierSet(d.specifier).contains(there[d.name], prereleases=True)
    )
    if not lost:
        return climbed, wanted
    direct = tuple(sorted((*wanted.direct, *lost), key=lambda d: d.name))
    asked = replace(wanted, direct=direct, brought=())
    again = climb_ladder(asked, world, climbed.rung)
    if again.found is None:
        return climbed, wanted
    refused = climbed.refused or again.refused
    return replace(again, refused=refused, steps=(*climbed.steps, *again.steps)), asked


def without_overlaps(climbed: Climb, wanted: Wanted, world: World) -> tuple[Climb, Wanted]:
    """The climb without distributions whose modules another one brings too.

    Raises RequirementsError when the index does not answer.
    """
    catalogue = load_catalogue()
    there = overlaps(climbed.found.packages, catalogue, world.index) if climbed.found else ()
    direct = wanted.direct
    for found in there if not wanted.given else ():
        direct = parted(direct, found)
    if direct != wanted.direct:
        asked = replace(wanted, direct=direct)
        again = climb_ladder(asked, world, climbed.rung)
        if again.found is not None:
            steps = (*climbed.steps, *again.steps)
            climbed = replace(again, refused=climbed.refused or again.refused, steps=steps)
            wanted, there = asked, overlaps(again.found.packages, catalogue, world.index)
    told = tuple(found.told for found in there)
    return climbed, replace(wanted, findings=(*wanted.findings, *told))


def climb_ladder(wanted: Wanted, world: World, start: Rung | None = None) -> Climb:
    """Try one combination of Python, date and pins after another, ``start`` first.

    Releases that were old already are taken only where no combination goes without.
    """
    climbed = climb_with(wanted, world, start, floor=True)
    if climbed.found is None and (climbed.refused is None or climbed.refused.passing):
        world.emit(OutputLine(stage="require", line="once more, with releases that were old then"))
        again = climb_with(wanted, world, start, floor=False)
        steps = (*climbed.steps, *again.steps)
        climbed = replace(again, refused=climbed.refused or again.refused, steps=steps)
    return climbed


def climb_with(wanted: Wanted, world: World, start: Rung | None, *, floor: bool) -> Climb:
    """As ``climb_ladder``, with the lower bounds of ``fresh`` or without the last of them."""
    lines = {d.name: pep508(d) for d in wanted.direct}
    ask = limited(world.resolve, MAX_REFUSALS)

    def say(line: str) -> None:
        world.emit(OutputLine(stage="require", line=line))

    def attempt(rung: Rung) -> Resolution | Refusal:
        request = ResolveRequest(
            requirements=tuple(lines[n] for n in sorted(lines) if n not in rung.left_out),
            constraints=(*wanted.constraints, *(p.constraint for p in rung.pins)),
            python=rung.python,
            platform=world.platform(rung.python),
            as_of=rung.as_of,
        )

        def mended(asked: ResolveRequest) -> Resolution | Refusal:
            if world.kind == "cpu":
                return resolve_lean(asked, plainly, world.index, world.sha256_of)
            return plainly(asked)

        def plainly(asked: ResolveRequest) -> Resolution | Refusal:
            return resolve_mended(asked, ask, world.index, say)

        kept = [d for d in wanted.direct if d.name not in rung.left_out]
        bounds = lower_bounds(kept, world.index, world.target(rung.python), rung.as_of)
        for name in (*(p.name for p in rung.pins), *map(name_of, wanted.constraints)):
            bounds.pop(name, None)
        return resolve_newest(request, bounds, mended, floor=floor)

    steps: list[ResolutionStep] = []

    def tell(step: ResolutionStep) -> None:
        if steps or not step.ok:
            same = bool(steps) and steps[-1].message == step.message
            when = f"of {step.as_of}" if step.as_of else "of today"
            what = "the same" if same else step.message
            line = f"tried Python {step.python} with the releases {when}: {what}"
            say(line)
            steps.append(step)

    def days(name: str, python: str) -> Days | None:
        project = world.index.project(name)
        bounds = ",".join(d.specifier for d in wanted.direct if d.name == name)
        return wheel_days(project, world.target(python), bounds) if project else None

    ladder = Ladder(
        python=wanted.python,
        policy=wanted.policy,
        available=tuple(suites_for(world.options)),
        today=world.today,
        pins=wanted.pins,
        soft=tuple(d.name for d in wanted.direct if is_soft(d)),
        start=start,
    )
    return climb(ladder, attempt, days, tell)


def name_of(line: str) -> str:
    """The canonical name in a PEP 508 line."""
    return canonicalize_name(Requirement(line).name)


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


def pep508(direct: DirectRequirement) -> str:
    """The requirement as one PEP 508 line.

    Raises RequirementsError when it is none: it may come from the notebook, and uv's input has
    one requirement a line.
    """
    extras = f"[{','.join(direct.extras)}]" if direct.extras else ""
    tail = f" @ {direct.url}" if direct.url else direct.specifier
    line = f"{direct.name}{extras}{tail}"
    try:
        found = Requirement(line)
    except InvalidRequirement:
        found = None
    if found is None or (found.url and not is_address(found.url)):
        raise RequirementsError(
            f"not a requirement: {line!r}",
            code="requirement-invalid",
            hint="write a name on an index with its bounds, or a whole https or git+https address",
            where=next((e.place for e in direct.evidence if e.won), None),
        )
    return str(found)
