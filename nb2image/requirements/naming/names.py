"""Which distributions a notebook needs by name: from its imports and its install lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from nb2image.errors import OptionError, RequirementsError
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
from nb2image.options import Options
from nb2image.project.root import Project
from nb2image.requirements.code.imports import find_uses
from nb2image.requirements.code.made import Made, read_made
from nb2image.requirements.code.stdlib import host_of, is_python2, is_stdlib
from nb2image.requirements.direct import combined, joined
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.naming.candidates import (
    GIVE_WAY,
    Answer,
    Group,
    Search,
    answer,
    grouped,
)
from nb2image.requirements.naming.catalogue import load_catalogue
from nb2image.requirements.naming.owners import refuse_conflicts
from nb2image.requirements.naming.project_modules import beside, own_module
from nb2image.requirements.target import Target
from nb2image.requirements.written.declared import (
    Declared,
    files_named,
    from_installs,
    parse_requirement,
)
from nb2image.requirements.written.inline import from_notebook
from nb2image.requirements.written.project_files import from_project

THREADS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the look for names found."""

    direct: tuple[DirectRequirement, ...]
    unresolved: tuple[Finding, ...] = ()
    """One error an import that nothing verified provides."""
    own: tuple[tuple[OwnModule, Finding], ...] = ()
    """What only the project itself has, and what to say of it."""
    findings: tuple[Finding, ...] = ()

    @property
    def lacking(self) -> int:
        """How many imports no distribution answers."""
        return len(self.unresolved) + len(self.own)

    def settled(self) -> tuple[tuple[DirectRequirement, ...], tuple[Finding, ...]]:
        """The requirements and findings; RequirementsError with all imports left unresolved."""
        if not self.unresolved:
            return self.direct, self.findings
        raise RequirementsError(
            "; ".join(f"{f.message} ({f.place})" for f in self.unresolved),
            code="import-unresolved",
            hint="name what provides each: --assume IMPORT=DISTRIBUTION; "
            "or put the missing files beside the notebook",
            where=self.unresolved[0].place,
            findings=(*self.unresolved, *self.findings),
        )


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
    settled_on: str = "",
    environment: Sequence[Declared] = (),
) -> Names:
    """The distributions that the imports and the notebook's install lines ask for.

    ``as_of`` bounds the releases that are looked into; ``written_on`` is the date of the
    notebook's last change: a guess at a project that did not exist then is refused, and one at a
    project that began after ``settled_on``.
    Raises RequirementsError for distributions that own the same module, and when the index
    cannot be asked; offline with all that the cache lacks.
    """
    catalogue = load_catalogue()
    named = files_named(script.installs)
    written, findings = from_project(project, target, catalogue, named)
    installed, skipped = from_installs(script.installs, catalogue, target)
    inside, refused = from_notebook(notebook, target)
    made = read_made(notebook)
    search = Search(
        catalogue=catalogue,
        declared=(
            *assumed(options),
            *inside,
            *environment,
            *(d for d in written if d.rule == "lock"),
            *(d for d in written if d.rule != "lock"),
            *installed,
        ),
        uses=find_uses(script),
        index=index,
        target=target,
        as_of=as_of or options.as_of,
        written_on=written_on,
        settled_on=settled_on,
        unseen_code=made.unseen,
    )
    wanted, notes = external([n for n in needs if not beside(n, project)], made)
    answers = answered(grouped(wanted, catalogue), search)
    refuse_conflicts(answers, search)
    unanswered = [found.group for found in answers if found.winner is None]
    own = {g: found for g in unanswered if (found := of_project(g.needs[0], project, search))}
    lacking = [
        unresolved(found, made)
        for found in answers
        if found.winner is None and found.group not in own
    ]
    optional = [f for f in lacking if f.severity != "error"]
    return Names(
        direct=with_install_lines(requirements(answers), answers, search),
        unresolved=tuple(f for f in lacking if f.severity == "error"),
        own=tuple((module, from_project_itself(group, module)) for group, module in own.items()),
        findings=(*findings, *refused, *skipped, *notes, *optional),
    )


def answered(groups: Sequence[Group], search: Search) -> list[Answer]:
    """The answers to all groups, sought side by side. Raises RequirementsError."""

    def one(group: Group) -> Answer | RequirementsError:
        try:
            return answer(group, search)
        except RequirementsError as error:
            return error

    with ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(one, groups))
    errors = [f for f in found if isinstance(f, RequirementsError)]
    lacking = sorted({e.message for e in errors if e.code == "offline-missing"})
    if lacking and len(lacking) == len({e.message for e in errors}):
        raise RequirementsError("; ".join(lacking), code="offline-missing", hint=errors[0].hint)
    if errors:
        raise next(e for e in errors if e.code != "offline-missing")
    return [f for f in found if isinstance(f, Answer)]


def assumed(options: Options) -> list[Declared]:
    """What the user vouches for with ``--assume``: a name, with bounds or an address if need be.

    Raises OptionError.
    """
    found = []
    for module, text in options.assume:
        declared = parse_requirement(text, rule="user", place=Place())
        if declared is None:
            raise OptionError(
                f"--assume {module}={text}: not a requirement",
                code="assume-invalid",
                hint="write IMPORT=DISTRIBUTION, such as cv2=opencv-python-headless",
            )
        found.append(replace(declared, written=f"--assume {module}={text}", modules=(module,)))
    return found


def external(needs: Sequence[Need], made: Made) -> tuple[list[Need], list[Finding]]:
    """The needs that a distribution can answer, and what to say of the others."""
    catalogue = load_catalogue()
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
        elif need.module in made.modules and catalogue.find(need.module) is None:
            findings.append(fetched(need, "the notebook fetches or makes it while it runs"))
        else:
            wanted.append(need)
    return wanted, findings


def fetched(need: Need, how: str) -> Finding:
    """What to say of a module that the notebook brings itself, for all that is known."""
    return Finding(
        severity="warning",
        code="import-fetched",
        message=f"no distribution is taken for {need.module}: {how}",
        place=need.place,
        hint="put the file beside the notebook, so that the image has it",
    )


def of_project(need: Need, project: Project, search: Search) -> OwnModule | None:
    """What the project has of an import; a generic name tells nothing but by what is taken."""
    generic = need.module.partition(".")[0] in search.catalogue.generic
    taken = any(name != "*" for name in need.names)
    return own_module(need, project, telling=taken or not generic)


def from_project_itself(group: Group, own: OwnModule) -> Finding:
    """What to say of an import that no index and a folder of the project answers."""
    folder = own.root or "the project's root"
    return Finding(
        severity="note",
        code="import-from-project",
        message=f"{group.needs[0].module} is the project's own: "
        f"the image has {folder} on PYTHONPATH, for no package index has {own.name}",
        place=group.needs[0].place,
        hint=f"--assume {group.key}=DISTRIBUTION takes a distribution instead",
    )


def unresolved(found: Answer, made: Made) -> Finding:
    """What to say of imports that nothing verified provides."""
    need = found.group.needs[0]
    if how := made.explains(need.module):
        return fetched(need, how)
    place = load_catalogue().elsewhere.get(found.group.key.partition(".")[0], "")
    if place:
        return Finding(
            severity="note" if found.group.optional else "error",
            code="import-not-indexed",
            message=f"no package index has {need.module}: {place}",
            place=need.place,
            hint=f"install it in a cell (%pip install git+…), or --assume "
            f"{found.group.key}=DISTRIBUTION",
        )
    tried = "; ".join(f"{e.candidate}: {e.detail.rpartition('; ')[2]}" for e in found.evidence)
    return Finding(
        severity="note" if found.group.optional else "error",
        code="import-unresolved",
        message=f"no distribution found for import {need.module}"
        + (f" (tried {tried})" if tried else ""),
        place=need.place,
        hint=f"name it with --assume {found.group.key}=DISTRIBUTION",
    )


def requirements(answers: Sequence[Answer]) -> tuple[DirectRequirement, ...]:
    """One requirement a distribution, with the evidence of all its imports."""
    by_name: dict[str, DirectRequirement] = {}
    for found in answers:
        if found.winner is None:
            continue
        gives_way = found.winner.rule in GIVE_WAY
        # The nearest file counts; the notebook's own lines all do, and may contradict each other.
        declared = found.declared[:1] if gives_way else found.declared
        bounds = joined(*(d.specifier for d in declared)) or found.winner.specifier
        new = DirectRequirement(
            name=found.winner.name,
            specifier="" if gives_way else bounds,
            preferred=bounds if gives_way else "",
            extras=tuple(sorted(found.extras.union(*(d.extras for d in declared)))),
            url=next((d.url for d in declared if d.url), ""),
            modules=tuple(need.module for need in found.group.needs),
            evidence=found.evidence,
        )
        old = by_name.get(new.name)
        by_name[new.name] = combined(old, new) if old else new
    return tuple(by_name[name] for name in sorted(by_name))


def with_install_lines(
    direct: Iterable[DirectRequirement], answers: Sequence[Answer], search: Search
) -> tuple[DirectRequirement, ...]:
    """The requirements with what the notebook itself installs and does not import.

    Somebody needed it to run the notebook: such a line is how a hidden need is met. What lost to
    another distribution for the same import stays out.
    """
    by_name = {d.name: d for d in direct}
    lost = {e.candidate for found in answers for e in found.evidence if not e.won}
    skipped = {*by_name, *lost, *search.catalogue.tools}
    taken = {d.url for d in by_name.values() if d.url}
    for declared in search.declared:
        own = declared.rule == "install-line" or (
            declared.rule == "lock" and declared.place.cell is not None
        )
        if not own or declared.itself or declared.name in skipped or declared.url in taken:
            continue
        if not declared.url and search.index.project(declared.name) is None:
            continue
        said = Evidence(
            rule=declared.rule,
            candidate=declared.name,
            won=True,
            detail=f"installed by the notebook: {declared.written}",
            place=declared.place,
        )
        new = DirectRequirement(
            name=declared.name,
            specifier=declared.specifier,
            extras=declared.extras,
            url=declared.url,
            evidence=(said,),
        )
        old = by_name.get(new.name)
        by_name[new.name] = combined(old, new) if old else new
    return tuple(by_name[name] for name in sorted(by_name))
