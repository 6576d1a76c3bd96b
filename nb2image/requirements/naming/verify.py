"""Checks that a distribution provides what is imported, from its files alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from nb2image.errors import RequirementsError
from nb2image.model import Need
from nb2image.requirements.index.archive import Contents
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.index.listing import IndexFile, Project
from nb2image.requirements.index.release import Release, choose_release, releases
from nb2image.requirements.index.surface import surface, table_in
from nb2image.requirements.index.tables import UNKNOWN, Table
from nb2image.requirements.index.wheel import (
    Modules,
    looks_empty,
    module_file,
    sdist_modules,
    wheel_modules,
)
from nb2image.requirements.target import Target

MAX_META_DEPENDENCIES = 12
"""Requirements of a metapackage that are looked into."""
OTHER_RELEASES = 4
"""Releases, beside the newest, looked into when the one that fits lacks a module or name."""
MAX_SOURCES = 12
"""Modules read to follow star imports."""
STANDS_DOWN = {"index-down", "index-refused", "index-answer", "offline-missing"}
"""Errors that say nothing about the distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a distribution provides what is imported, and how that is known."""

    ok: bool
    detail: str
    """In words, for the evidence."""
    release: Release | None = None
    modules: Modules | None = None
    """What the release provides, a metapackage's parts included."""
    missing: tuple[str, ...] = ()
    """Imported modules that the looked-at release lacks: they may have come or gone since."""
    older: bool = False
    """Only older releases provide it: another distribution may have taken its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Which releases count."""

    target: Target
    specifier: str = ""
    as_of: str = ""
    """ISO date; empty for the newest."""


def verify(
    name: str, key: str, needs: Sequence[Need], index: PackageIndex, bounds: Bounds
) -> Verdict:
    """Whether the distribution provides ``key``, the module that stands for its imports.

    Raises RequirementsError when the index cannot be asked.
    """
    project = index.project(name)
    if project is None:
        return Verdict(ok=False, detail="no such project on the index")
    release = pick(project, bounds)
    if release is None:
        return Verdict(ok=False, detail="no release that can be installed")
    try:
        modules = provided(release.file, index)
        through = ""
        if key not in modules:
            modules, through = with_parts(release, modules, key, index, bounds)
    except RequirementsError as error:
        if error.code in STANDS_DOWN:
            raise
        return Verdict(ok=False, detail=f"cannot be verified: {error.message}", release=release)
    if key not in modules:
        other = release_with(name, key, index, bounds)
        if other is not None:
            older = other < release.version
            age = "older" if older else "younger"
            missing = tuple(n.module for n in needs)
            return Verdict(
                ok=True,
                detail=f"{age} releases than {release.version} provide {key}",
                release=release,
                modules=modules,
                missing=missing,
                older=older,
            )
        what = "no module at all" if looks_empty(modules) else f"no module {key}"
        return Verdict(ok=False, detail=f"{release.version} has {what}", release=release)
    missing = tuple(n.module for n in needs if n.module not in modules)
    by = f", through {through}" if through else ""
    return Verdict(
        ok=True,
        detail=f"{release.version} provides {key}{by}",
        release=release,
        modules=modules,
        missing=missing,
    )


def verify_strictly(
    name: str,
    key: str,
    needs: Sequence[Need],
    uses: Mapping[str, Sequence[str]],
    index: PackageIndex,
    bounds: Bounds,
    *,
    firmly: bool = False,
) -> Verdict:
    """As ``verify``, for a name that is only a guess: what is imported must be there.

    Every module must be, in some release; of the names and of ``uses``, the attributes that the
    code takes from modules, those of one module at least: names come and go between releases,
    and a project that knows none of them is another's. With ``firmly`` one that makes its names
    as it runs is believed in nothing.
    Raises RequirementsError when the index cannot be asked.
    """
    verdict = verify(name, key, needs, index, bounds)
    if not verdict.ok or verdict.release is None or verdict.modules is None:
        return verdict
    for module in verdict.missing:
        if release_with(name, module, index, bounds) is None:
            return refused(verdict, f"no release has {module}")
    unknown: dict[str, set[str]] = {}
    for need in needs:
        wanted = {*need.names, *uses.get(need.module, ())} - {"*"}
        wanted = {n for n in wanted if not n.startswith("__")}
        if any(f"{need.module}.{n}" in verdict.modules for n in wanted):
            return verdict
        if wanted and need.module in verdict.modules:
            if names_defined(verdict.release.file, need.module, wanted, index, firmly=firmly):
                return verdict
            unknown[need.module] = wanted
    if any(
        release_with(name, module, index, bounds, wanted, firmly=firmly)
        for module, wanted in unknown.items()
    ):
        return verdict
    for wanted in unknown.values():
        some = ", ".join(sorted(wanted)[:3])
        return refused(verdict, f"{verdict.release.version} defines none of {some}")
    return verdict


def refused(verdict: Verdict, detail: str) -> Verdict:
    """The verdict turned into a refusal."""
    return Verdict(ok=False, detail=detail, release=verdict.release, modules=verdict.modules)


def pick(project: Project, bounds: Bounds) -> Release | None:
    """The release to look into; without one of its time, the project's newest."""
    found = choose_release(project, bounds.target, bounds.specifier, bounds.as_of)
    return found or choose_release(project, bounds.target)


def provided(file: IndexFile, index: PackageIndex) -> Modules:
    """The modules in one file. Raises RequirementsError."""
    members = index.contents(file).members
    return wheel_modules(members) if file.is_wheel else sdist_modules(members)


def with_parts(
    release: Release, modules: Modules, key: str, index: PackageIndex, bounds: Bounds
) -> tuple[Modules, str]:
    """A metapackage's modules: its own and those of what it requires, one level deep.

    The second value is the requirement that provides ``key``. Only a distribution without
    modules of its own, or whose parts share its name, is one: an import is not satisfied by
    just anything that happens to come along.
    """
    contents = index.contents(release.file)
    stem = key.partition(".")[0].lower()
    for requirement in requirements_of(contents, bounds.target)[:MAX_META_DEPENDENCIES]:
        part = canonicalize_name(requirement.name)
        if not looks_empty(modules) and stem not in part.replace("-", "_"):
            continue
        project = index.project(part)
        if project is None:
            continue
        chosen = choose_release(project, bounds.target, str(requirement.specifier), bounds.as_of)
        if chosen is None:
            continue
        found = provided(chosen.file, index)
        if key in found:
            return Modules(modules.files | found.files, modules.folders | found.folders), part
    return modules, ""


def requirements_of(contents: Contents, target: Target) -> list[Requirement]:
    """What a file requires on the target, without extras; unreadable entries left out."""
    raw, _ = parse_email(contents.metadata)
    environment = {**target.marker_environment(), "extra": ""}
    found = []
    for text in raw.get("requires_dist", []):
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate(environment):
            found.append(requirement)
    return found


def release_with(
    name: str,
    module: str,
    index: PackageIndex,
    bounds: Bounds,
    names: Collection[str] = (),
    *,
    firmly: bool = False,
) -> Version | None:
    """One of the newest and a few older releases that has a module, and one of the names in it.

    The newest need not be the one that fits the target: it may have left its Python behind.
    """
    project = index.project(name)
    found = list(releases(project, as_of=bounds.as_of)) if project else []
    step = max(1, len(found) // OTHER_RELEASES)
    for version, files in (*found[:1], *found[step::step][:OTHER_RELEASES]):
        file = next((f for f in files if f.is_wheel), files[0])
        try:
            if module not in provided(file, index):
                continue
            if not names or names_defined(file, module, set(names), index, firmly=firmly):
                return version
        except RequirementsError as error:
            if error.code in STANDS_DOWN:
                raise
    return None


def names_defined(
    file: IndexFile, module: str, names: set[str], index: PackageIndex, *, firmly: bool = False
) -> set[str]:
    """Which names a module may define; all of them where its source cannot be read.

    With ``firmly`` those alone that its source shows.
    Raises RequirementsError when the index cannot be asked.
    """
    members = index.contents(file).members
    found: set[str] = set()
    refused: frozenset[str] = frozenset()
    left = [module]
    seen: set[str] = set()
    while left:
        current = left.pop()
        member = module_file(members, current, wheel=file.is_wheel)
        if not member or len(seen) == MAX_SOURCES:
            return found if firmly else names - refused
        seen.add(current)
        shown = surface(
            source(file, member, index),
            current,
            package=member.endswith("__init__.py"),
            asked=frozenset(names),
            look=partial(table_of, file, index),
        )
        if current == module:
            refused = shown.refused
        found |= names & shown.names
        if shown.anything and not firmly:
            found |= names - shown.refused - shown.unlisted
        if shown.stub:
            found |= names & stub_names(file, member, names, index)
        left += [star for star in shown.stars if star not in seen]
    return found - refused


def table_of(file: IndexFile, index: PackageIndex, module: str, name: str) -> Table:
    """A table of another module of the same file."""
    member = module_file(index.contents(file).members, module, wheel=file.is_wheel)
    return table_in(source(file, member, index), name) if member else UNKNOWN


def stub_names(file: IndexFile, member: str, names: set[str], index: PackageIndex) -> set[str]:
    """The names of a module's stub; all of them where it has none."""
    stub = f"{member}i"
    if stub not in index.contents(file).members:
        return names
    shown = surface(source(file, stub, index), "", package=True)
    return names if shown.anything or shown.stars else set(shown.names)


def source(file: IndexFile, member: str, index: PackageIndex) -> str:
    """The text of one file."""
    return index.read_member(file, member).decode("utf-8", "replace")
