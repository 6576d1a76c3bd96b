"""Which distribution each import belongs to: every rule's proposal is verified, the first wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from packaging.utils import canonicalize_name

from nb2image.errors import RequirementsError
from nb2image.model import DirectRequirement, Evidence, Finding, Need, Notebook, Place, Rule, Script
from nb2image.options import Options
from nb2image.project import Project
from nb2image.requirements.catalogue import Catalogue, load_catalogue
from nb2image.requirements.declared import Declared, from_installs
from nb2image.requirements.imports import find_uses
from nb2image.requirements.index import PackageIndex
from nb2image.requirements.pipreqs_vote import vote
from nb2image.requirements.stdlib import host_of, is_python2, is_stdlib
from nb2image.requirements.target import Target
from nb2image.requirements.verify import Bounds, Verdict, verify, verify_strictly
from nb2image.requirements.wheel import Modules

THREADS = 12
GUESSES: set[Rule] = {"pipreqs", "same-name"}
"""Rules that know nothing of this notebook: what they propose is verified strictly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The imports that one distribution must answer."""

    key: str
    """The module that stands for them: ``cv2``, ``google.cloud.storage``."""
    needs: tuple[Need, ...]

    @property
    def optional(self) -> bool:
        return all(need.optional for need in self.needs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One rule's proposal for a group."""

    rule: Rule
    name: str
    declared: Declared | None = None
    specifier: str = ""
    detail: str = ""
    source: str = ""
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a group."""

    group: Group
    winner: Candidate | None = None
    modules: Modules | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """All that a look for a group's distribution depends on."""

    catalogue: Catalogue
    declared: tuple[Declared, ...]
    uses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    index: PackageIndex
    target: Target
    as_of: str = ""
    written_on: str = ""
    """ISO date of the notebook's last change, empty when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the look for names found."""

    direct: tuple[DirectRequirement, ...]
    unresolved: tuple[Finding, ...] = ()
    """One error an import that nothing verified provides."""
    findings: tuple[Finding, ...] = ()


def resolve_names(
    needs: Sequence[Need],
    script: Script,
    notebook: Notebook,
    project: Project,
    target: Target,
    index: PackageIndex,
    options: Options,
    *,
    as_of: str = "",
    written_on: str = "",
    environment: Sequence[Declared] = (),
) -> tuple[tuple[DirectRequirement, ...], tuple[Finding, ...]]:
    """The distributions that the imports and the notebook's install lines ask for.

    ``as_of`` bounds the releases that are looked into; ``written_on`` is the date of the
    notebook's last change: a guess at a project that did not exist then is refused.
    Raises RequirementsError with all imports that nothing verified provides, for distributions
    that own the same module, and when the index cannot be asked.
    """
    found = find_names(
        needs,
        script,
        notebook,
        project,
        target,
        index,
        options,
        as_of=as_of,
        written_on=written_on,
        environment=environment,
    )
    if found.unresolved:
        places = "; ".join(f"{f.message} ({f.place})" for f in found.unresolved)
        raise RequirementsError(
            places,
            code="import-unresolved",
            hint="name what provides each: --assume IMPORT=DISTRIBUTION; "
            "or put the missing files beside the notebook",
            where=found.unresolved[0].place,
            findings=(*found.unresolved, *found.findings),
        )
    return found.direct, found.findings


def find_names(
    needs: Sequence[Need],
    script: Script,
    notebook: Notebook,
    project: Project,
    target: Target,
    index: PackageIndex,
    options: Options,
    *,
    as_of: str = "",
    written_on: str = "",
    environment: Sequence[Declared] = (),
) -> Names:
    """As ``resolve_names``, but imports that stay unresolved are part of the answer."""
    catalogue = load_catalogue()
    installs = from_installs(script.installs, catalogue, target)
    search = Search(
        catalogue=catalogue,
        declared=(*assumed(options), *environment, *installs),
        uses=find_uses(script),
        index=index,
        target=target,
        as_of=as_of or options.as_of,
        written_on=written_on,
    )
    wanted, findings = external(needs)
    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(lambda g: answer(g, search), group(wanted, catalogue)))
    refuse_conflicts(answers)
    unanswered = [unresolved(found) for found in answers if found.winner is None]
    return Names(
        direct=with_install_lines(requirements(answers), search),
        unresolved=tuple(f for f in unanswered if f.severity == "error"),
        findings=(*findings, *(f for f in unanswered if f.severity != "error")),
    )


def assumed(options: Options) -> list[Declared]:
    """What the user vouches for with ``--assume``."""
    return [
        Declared(
            rule="user",
            name=canonicalize_name(name),
            place=Place(),
            written=f"--assume {module}={name}",
            modules=(module,),
        )
        for module, name in options.assume
    ]


def external(needs: Sequence[Need]) -> tuple[list[Need], list[Finding]]:
    """The needs that a distribution can answer, and what to say of the others."""
    wanted, findings = [], []
    for need in needs:
        if is_stdlib(need.module):
            continue
        if host := host_of(need.module):
            findings.append(
                Finding(
                    severity="warning",
                    code="import-elsewhere",
                    message=f"{need.module} exists only on {host}",
                    place=need.place,
                    hint="guard the import, or skip the cell",
                )
            )
        elif is_python2(need.module):
            findings.append(
                Finding(
                    severity="warning",
                    code="import-python2",
                    message=f"{need.module} exists only in Python 2",
                    place=need.place,
                )
            )
        else:
            wanted.append(need)
    return wanted, findings


def group(needs: Sequence[Need], catalogue: Catalogue) -> list[Group]:
    """The needs by the module that decides their distribution."""
    by_key: dict[str, list[Need]] = {}
    for need in needs:
        for part in parts(need, catalogue):
            entry = catalogue.find(part.module)
            if entry is not None and not entry.distribution:
                continue  # a namespace by itself: what is imported below it has its own need
            key = entry.module if entry else part.module.partition(".")[0]
            by_key.setdefault(key, []).append(part)
    return [Group(key=key, needs=tuple(found)) for key, found in by_key.items()]


def parts(need: Need, catalogue: Catalogue) -> list[Need]:
    """``from google.cloud import storage`` as the import of ``google.cloud.storage``."""
    if not catalogue.is_namespace(need.module) or not need.names:
        return [need]
    return [replace(need, module=f"{need.module}.{name}", names=()) for name in need.names]


def answer(group: Group, search: Search) -> Answer:
    """The first candidate of a group that is verified, with every candidate's evidence."""
    evidence: list[Evidence] = []
    seen: dict[str, Verdict] = {}
    winner: Candidate | None = None
    modules: Modules | None = None
    for candidate in candidates(group, search):
        if winner is not None:
            if candidate.name != winner.name:
                detail = f"{candidate.detail}; {winner.rule} comes before"
                evidence.append(said(candidate, group, won=False, detail=detail))
            elif candidate.declared is not None or candidate.rule == "pipreqs":
                evidence.append(said(candidate, group, won=True, detail=candidate.detail))
            continue
        verdict = seen.get(candidate.name) or judged(candidate, group, search)
        seen[candidate.name] = verdict
        detail = f"{candidate.detail}; {verdict.detail}"
        evidence.append(said(candidate, group, won=verdict.ok, detail=detail))
        if verdict.ok:
            winner, modules = candidate, verdict.modules
    return Answer(group=group, winner=winner, modules=modules, evidence=tuple(evidence))


def said(candidate: Candidate, group: Group, *, won: bool, detail: str) -> Evidence:
    """A candidate's evidence: at the line that declares it, else at the first import."""
    place = candidate.declared.place if candidate.declared else group.needs[0].place
    return Evidence(
        rule=candidate.rule,
        candidate=candidate.name,
        won=won,
        detail=f"imports {group.key}: {detail}",
        place=place,
        source=candidate.source,
    )


def candidates(group: Group, search: Search) -> list[Candidate]:
    """The proposals for a group in the order of their rules."""
    entry = search.catalogue.find(group.key)
    voted = vote(group.key)
    known = set(entry.distributions) if entry else set()
    known |= {voted, same_name(group.key)}
    found = [
        Candidate(
            rule=d.rule,
            name=d.name,
            declared=d,
            specifier=d.specifier,
            detail=d.written,
        )
        for d in search.declared
        if (group.key in d.modules if d.modules else d.name in known)
    ]
    if entry and entry.distribution:
        found.append(
            Candidate(
                rule="catalogue",
                name=entry.distribution,
                specifier=entry.specifier,
                detail="in the catalogue",
                source=entry.source,
                strict=entry.ambiguous,
            )
        )
    if voted:
        found.append(Candidate(rule="pipreqs", name=voted, detail="in pipreqs's mapping"))
    if not entry and group.key not in search.catalogue.generic:
        found.append(Candidate(rule="same-name", name=same_name(group.key), detail="the same name"))
    return found


def same_name(key: str) -> str:
    """The distribution that is named like the module."""
    return str(canonicalize_name(key.replace(".", "-")))


def judged(candidate: Candidate, group: Group, search: Search) -> Verdict:
    """What verification says of a candidate."""
    declared = candidate.declared
    if declared is not None and (declared.rule == "user" or declared.url):
        return Verdict(ok=True, detail="taken as written")
    bounds = Bounds(target=search.target, specifier=candidate.specifier, as_of=search.as_of)
    if candidate.rule not in GUESSES and not candidate.strict:
        return verify(candidate.name, group.key, group.needs, search.index, bounds)
    if candidate.rule in GUESSES and search.written_on:
        project = search.index.project(candidate.name)
        if project is not None and project.first_upload > search.written_on:
            return Verdict(
                ok=False,
                detail=f"the project began on {project.first_upload}, after the notebook",
            )
    return verify_strictly(
        candidate.name, group.key, group.needs, search.uses, search.index, bounds
    )


def unresolved(found: Answer) -> Finding:
    """What to say of imports that nothing verified provides."""
    need = found.group.needs[0]
    tried = "; ".join(f"{e.candidate}: {e.detail.partition('; ')[2]}" for e in found.evidence)
    return Finding(
        severity="note" if found.group.optional else "error",
        code="import-unresolved",
        message=f"no distribution found for import {need.module}"
        + (f" (tried {tried})" if tried else ""),
        place=need.place,
        hint=f"name it with --assume {found.group.key}=DISTRIBUTION",
    )


def refuse_conflicts(answers: Sequence[Answer]) -> None:
    """Raise RequirementsError when two chosen distributions own one imported module."""
    for found in answers:
        owners = {
            other.winner.name: other
            for other in answers
            if other.winner and other.modules and other.modules.owns(found.group.key)
        }
        if found.winner and len(owners) > 1 and found.winner.name in owners:
            told = " and ".join(
                f"{name} (for {o.group.key}, {o.group.needs[0].place})"
                for name, o in sorted(owners.items())
            )
            raise RequirementsError(
                f"two distributions bring the module {found.group.key}: {told}",
                code="module-conflict",
                hint=f"choose one with --assume {found.group.key}=DISTRIBUTION",
                where=found.group.needs[0].place,
            )


def requirements(answers: Sequence[Answer]) -> tuple[DirectRequirement, ...]:
    """One requirement a distribution, with the evidence of all its imports."""
    by_name: dict[str, DirectRequirement] = {}
    for found in answers:
        if found.winner is None:
            continue
        declared = found.winner.declared
        new = DirectRequirement(
            name=found.winner.name,
            specifier=found.winner.specifier,
            extras=declared.extras if declared else (),
            url=declared.url if declared else "",
            modules=tuple(need.module for need in found.group.needs),
            evidence=found.evidence,
        )
        old = by_name.get(new.name)
        by_name[new.name] = combined(old, new) if old else new
    return tuple(by_name[name] for name in sorted(by_name))


def combined(old: DirectRequirement, new: DirectRequirement) -> DirectRequirement:
    """Two requirements of the same distribution as one."""
    bounds = dict.fromkeys(b for b in (old.specifier, new.specifier) if b)
    return replace(
        old,
        specifier=",".join(bounds),
        extras=tuple(sorted({*old.extras, *new.extras})),
        url=old.url or new.url,
        modules=tuple(dict.fromkeys((*old.modules, *new.modules))),
        evidence=(*old.evidence, *new.evidence),
    )


def with_install_lines(
    direct: tuple[DirectRequirement, ...], search: Search
) -> tuple[DirectRequirement, ...]:
    """The requirements with what the notebook installs and does not import.

    Somebody needed it to run the notebook: such a line is how a hidden need is met.
    """
    by_name = {d.name: d for d in direct}
    for declared in search.declared:
        if declared.rule != "install-line" or declared.name in by_name:
            continue
        if declared.name in search.catalogue.tools:
            continue
        if not declared.url and search.index.project(declared.name) is None:
            continue
        by_name[declared.name] = DirectRequirement(
            name=declared.name,
            specifier=declared.specifier,
            extras=declared.extras,
            url=declared.url,
            evidence=(
                Evidence(
                    rule="install-line",
                    candidate=declared.name,
                    won=True,
                    detail=f"installed by the notebook: {declared.written}",
                    place=declared.place,
                ),
            ),
        )
    return tuple(by_name[name] for name in sorted(by_name))
