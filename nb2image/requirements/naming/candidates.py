"""What each rule proposes for an import, and which proposal is verified first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.utils import canonicalize_name

from nb2image.model import Evidence, Need, Rule
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.index.listing import IndexFile, file_version
from nb2image.requirements.index.wheel import Modules
from nb2image.requirements.naming.catalogue import Catalogue
from nb2image.requirements.naming.pipreqs_vote import vote
from nb2image.requirements.naming.verify import Bounds, Verdict, verify, verify_strictly
from nb2image.requirements.target import Target
from nb2image.requirements.written.declared import Declared

GUESSES: set[Rule] = {"pipreqs", "same-name"}
"""Rules that know nothing of this notebook: what they propose is verified strictly."""
GIVE_WAY: set[Rule] = {"lock", "environment", "file"}
"""Rules whose bounds were true in another environment: the first is preferred, and no more."""
FEW_RELEASES = 3
UNKNOWN = "declared, and not known by its name"
MAX_UNKNOWN = 30
"""Declared distributions of which nothing is known that are looked into for one import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The imports that one distribution must answer."""

    key: str
    """The module that stands for them: ``cv2``, ``google.cloud.storage``."""
    needs: tuple[Need, ...]

    @property
    def optional(self) -> bool:
        """Nothing is lost without it."""
        return all(need.optional for need in self.needs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One rule's proposal for a group."""

    rule: Rule
    name: str
    detail: str
    declared: Declared | None = None
    specifier: str = ""
    source: str = ""
    hidden: bool = False
    """Its files do not show the module, and the catalogue says that it has it."""
    strict: bool = False
    """Every name that is imported must be there, not only the module."""

    @property
    def is_guess(self) -> bool:
        """Nothing says that it is meant but its name."""
        return self.rule in GUESSES or (self.declared is not None and self.declared.itself)

    @property
    def key(self) -> tuple[str, str, bool]:
        """What the verdict on it depends on: a guess is looked into more closely."""
        return (self.name, self.specifier, self.is_guess or self.strict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a group."""

    group: Group
    winner: Candidate | None = None
    modules: Modules | None = None
    """What the winner provides; None where the release that does was not looked at."""
    file: IndexFile | None = None
    """The winner's file that was looked into; None where none was."""
    evidence: tuple[Evidence, ...] = ()
    declared: tuple[Declared, ...] = ()
    """What the winner's own rule wrote down for it, in order."""
    extras: frozenset[str] = frozenset()
    """Extras that the notebook installs it with, whichever rule won."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """All that the look for a group's distribution depends on."""

    catalogue: Catalogue
    declared: tuple[Declared, ...]
    uses: Mapping[str, Sequence[str]] = field(default_factory=dict)
    index: PackageIndex
    target: Target
    as_of: str = ""
    written_on: str = ""
    """ISO date of the notebook's last change, empty when unknown."""
    settled_on: str = ""
    """ISO date: a project that began later is too new to be guessed at; empty for no such date."""
    unseen_code: bool = False
    """The notebook brings folders of code along that nobody sees here: a guess must be sure."""


def grouped(needs: Sequence[Need], catalogue: Catalogue) -> list[Group]:
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
    """The first candidate of a group that is verified, with every candidate's evidence.

    One that only older releases speak for gives way to any other that is no guess.
    Raises RequirementsError when the index cannot be asked.
    """
    proposals = list(candidates(group, search))
    verdicts: dict[tuple[str, str, bool], Verdict] = {}
    winner: Candidate | None = None
    for candidate in proposals:
        if candidate.rule in GUESSES and winner is not None:
            break
        if candidate.key not in verdicts:
            verdicts[candidate.key] = judged(candidate, group, search)
        verdict = verdicts[candidate.key]
        if verdict.ok and (winner is None or not verdict.older):
            winner = candidate
            if not verdict.older:
                break
    evidence = []
    for candidate in proposals:
        found = verdicts.get(candidate.key)
        named = winner is not None and candidate.name == winner.name
        outcome = found.detail if found else "comes later"
        won = named and (found is None or found.ok)
        if winner is not None and named and found is None:
            outcome, won = beside(candidate, winner)
        if candidate.detail == UNKNOWN and not won:
            continue  # it was only looked into
        evidence.append(said(candidate, group, outcome, won=won))
    if winner is None:
        return Answer(group=group, evidence=tuple(evidence))
    modules, release = verdicts[winner.key].modules, verdicts[winner.key].release
    return Answer(
        group=group,
        winner=winner,
        modules=modules if modules and group.key in modules else None,
        file=release.file if release else None,
        evidence=tuple(evidence),
        declared=tuple(
            c.declared
            for c in proposals
            if c.declared and c.name == winner.name and c.rule == winner.rule
        ),
        extras=frozenset(
            extra
            for c in proposals
            if c.declared and c.name == winner.name and c.rule == "install-line"
            for extra in c.declared.extras
        ),
    )


def beside(candidate: Candidate, winner: Candidate) -> tuple[str, bool]:
    """(what to say, whether it counts) of a candidate that names what another has won with."""
    if candidate.specifier in {"", winner.specifier}:
        return "agrees", True
    if candidate.rule == winner.rule and candidate.rule not in GIVE_WAY:
        return "its bound holds too", True
    return f"{winner.detail} comes first", False


def said(candidate: Candidate, group: Group, outcome: str, *, won: bool) -> Evidence:
    """A candidate's evidence: at the line that declares it, else at the first import."""
    declared = candidate.declared
    written = declared is not None and declared.rule != "environment"
    place = declared.place if declared and written else group.needs[0].place
    return Evidence(
        rule=candidate.rule,
        candidate=candidate.name,
        won=won,
        detail=f"imports {group.key}: {candidate.detail}; {outcome}",
        place=place,
        source=candidate.source,
    )


def candidates(group: Group, search: Search) -> Iterator[Candidate]:
    """The proposals for a group in the order of their rules."""
    catalogue = search.catalogue
    entry = catalogue.find(group.key)
    voted = vote(group.key)
    known = {voted, same_name(group.key), *(entry.distributions if entry else ())}
    named = [n for d in search.declared if (n := named_for(d, group.key, known))]
    for declared in named:
        yield Candidate(
            rule=declared.rule,
            name=declared.name,
            declared=declared,
            specifier=declared.specifier,
            detail=declared.written,
            strict=entry is not None and entry.ambiguous,
            hidden=entry is not None and entry.hidden and declared.name == entry.distribution,
        )
    if entry is not None:
        # One of several namesakes is meant: what is used of it tells which.
        for name in entry.distributions if entry.ambiguous else (entry.distribution,):
            yield Candidate(
                rule="catalogue",
                name=name,
                specifier=entry.specifier,
                detail="in the catalogue",
                source=entry.source,
                strict=entry.ambiguous,
                hidden=entry.hidden,
            )
    else:
        unknown = [d for d in search.declared if d not in named and is_unknown(d, catalogue)]
        for declared in unknown[:MAX_UNKNOWN]:
            yield Candidate(
                rule=declared.rule,
                name=declared.name,
                declared=declared,
                specifier=declared.specifier,
                detail=UNKNOWN,
            )
    if group.key.partition(".")[0] in catalogue.elsewhere:
        return
    if voted:
        yield Candidate(rule="pipreqs", name=voted, detail="in pipreqs's mapping", source="pipreqs")
    if entry is None and group.key not in catalogue.generic:
        yield Candidate(rule="same-name", name=same_name(group.key), detail="the same name")
        if part := namespaced(group):
            detail = f"the same name as {part}, a part of a namespace"
            yield Candidate(rule="same-name", name=same_name(part), detail=detail)


def namespaced(group: Group) -> str:
    """``harbour.tides`` where all that is imported of ``harbour`` lies there; else empty."""
    parts = {".".join(need.module.split(".")[:2]) for need in group.needs}
    return parts.pop() if len(parts) == 1 and parts != {group.key} else ""


def named_for(declared: Declared, key: str, known: set[str]) -> Declared | None:
    """A declared distribution, if it is for the module by what is known of either."""
    if declared.modules:
        fits = any(key == m or m.startswith(f"{key}.") for m in declared.modules)
        return declared if fits else None
    name = next((n for n in (declared.name, *declared.aliases) if n in known), "")
    return replace(declared, name=name) if name else None


def is_unknown(declared: Declared, catalogue: Catalogue) -> bool:
    """Whether only a look into a declared distribution can tell what it provides."""
    return (
        not declared.modules
        and not declared.url
        and declared.name not in catalogue.distributions
        and declared.name not in catalogue.tools
    )


def same_name(key: str) -> str:
    """The distribution that is named like the module."""
    return str(canonicalize_name(key.replace(".", "-")))


def judged(candidate: Candidate, group: Group, search: Search) -> Verdict:
    """What verification says of a candidate."""
    declared = candidate.declared
    if group.optional and candidate.name in search.catalogue.gpu:
        return Verdict(ok=False, detail="it needs a GPU, and the code can do without it")
    if declared is not None:
        if declared.rule == "user":
            return Verdict(ok=True, detail="taken as the user says")
        if declared.url:
            return Verdict(ok=True, detail="taken from its address")
        if declared.rule == "environment":
            # what the index has under the name must be what is installed there
            bounds = Bounds(target=search.target, specifier=candidate.specifier)
            verdict = verify(candidate.name, group.key, group.needs, search.index, bounds)
            if verdict.ok:
                return verdict
    # What a file or lock bounds may be old and only an sdist: the name is what is in question.
    preferred = declared is not None and declared.rule in {"environment", "file", "lock"}
    specifier = "" if preferred else candidate.specifier
    bounds = Bounds(target=search.target, specifier=specifier, as_of=search.as_of)
    needs, index = group.needs, search.index
    if not candidate.is_guess and not candidate.strict:
        verdict = verify(candidate.name, group.key, needs, index, bounds)
        if candidate.hidden and verdict.release is not None:
            words = f"{verdict.release.version} has {group.key}, by its documentation"
            return Verdict(ok=True, detail=words, release=verdict.release)
        if verdict.ok or not search.as_of:
            return verdict
        # What a distribution is does not hang on the date; which release it takes is seen later.
        return verify(candidate.name, group.key, needs, index, Bounds(target=search.target))
    if candidate.is_guess and (doubt := doubtful(candidate, group, search)):
        return Verdict(ok=False, detail=doubt)
    firmly = search.unseen_code and candidate.rule in GUESSES
    return verify_strictly(
        candidate.name, group.key, needs, search.uses, index, bounds, firmly=firmly
    )


def doubtful(candidate: Candidate, group: Group, search: Search) -> str:
    """Why a guess at a project is not even looked into; empty when it may be.

    Raises RequirementsError when the index cannot be asked.
    """
    project = search.index.project(candidate.name)
    if project is None:
        return ""
    if search.written_on and project.first_upload > search.written_on:
        return f"the project began on {project.first_upload}, after the notebook"
    if candidate.rule not in GUESSES:
        return ""
    if search.settled_on and project.first_upload > search.settled_on:
        return f"the project began on {project.first_upload}, too lately to be guessed at"
    versions = {file_version(f, project.name) for f in project.files}
    used = any({*need.names} - {"*"} or search.uses.get(need.module) for need in group.needs)
    if len(versions) < FEW_RELEASES and not (used and any(f.is_wheel for f in project.files)):
        return "a project of few releases, and too little is used of it to tell it from a namesake"
    return ""
