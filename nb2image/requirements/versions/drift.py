"""Modules and names that a locked release lacks: the bound for the releases that have them.

Packages move, remove and add things. What a notebook imports and the locked release lacks is
looked for in older releases, then in newer ones, by their file lists alone; the nearest that has
it becomes the bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from packaging.version import Version

from nb2image.errors import RequirementsError
from nb2image.model import DirectRequirement, LockedPackage, Need, Place
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.index.listing import IndexFile, Project
from nb2image.requirements.index.release import Release, choose_release, releases
from nb2image.requirements.index.surface import spoken
from nb2image.requirements.index.wheel import looks_empty, module_file
from nb2image.requirements.naming.verify import (
    STANDS_DOWN,
    Bounds,
    names_defined,
    provided,
    source,
    with_parts,
)
from nb2image.requirements.target import Target

PROBES = 8
"""Releases that are looked into at once."""
MAX_RELEASES = 400
NOBODYS = "nb2image_no_such_name"
"""A name that only a module has that may have any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A bound for one distribution, and the import that asks for it."""

    name: str
    """Canonical."""
    specifier: str
    """``<0.20`` for what was removed, ``>=1.1.7`` for what was not there yet."""
    what: str
    """``sklearn.cross_validation`` or ``scipy.misc.imresize``."""
    release: str
    """The nearest release that has it."""
    uploaded: str
    """The day of that release, empty when unknown."""
    place: Place

    @property
    def told(self) -> str:
        """In words: ``scipy.misc.imresize is last in 1.2.3``."""
        way = "last" if self.specifier.startswith("<") else "first"
        return f"{self.what} is {way} in {self.name} {self.release}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Something that a locked release lacks."""

    module: str
    name: str = ""
    """A name of the module; empty when the module itself is missing."""
    place: Place

    @property
    def what(self) -> str:
        """Dotted."""
        return f"{self.module}.{self.name}" if self.name else self.module


def find_drift(
    direct: Sequence[DirectRequirement],
    locked: Sequence[LockedPackage],
    needs: Sequence[Need],
    uses: Mapping[str, Sequence[str]],
    index: PackageIndex,
    target: Target,
    as_of: str = "",
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[Drift, ...]:
    """A bound for each direct requirement whose locked release lacks what is imported.

    ``uses`` are the attributes that the code takes from modules; ``tell`` hears of each look at
    other releases. Raises RequirementsError when the index does not answer.
    """
    by_name = {package.name: package for package in locked}
    jobs = [(d, by_name[d.name]) for d in direct if d.name in by_name and not d.url]

    def look(job: tuple[DirectRequirement, LockedPackage]) -> Drift | None:
        wanted, package = job
        return drift_of(wanted, package, needs, uses, index, target, as_of, tell)

    with ThreadPoolExecutor(PROBES) as threads:
        return tuple(found for found in threads.map(look, jobs) if found is not None)


def drift_of(
    wanted: DirectRequirement,
    package: LockedPackage,
    needs: Sequence[Need],
    uses: Mapping[str, Sequence[str]],
    index: PackageIndex,
    target: Target,
    as_of: str,
    tell: Callable[[str], None],
) -> Drift | None:
    """The bound for one requirement; None when nothing is missing or no release has it."""
    project = index.project(package.name)
    own = [n for n in needs if n.module in wanted.modules and not n.optional]
    if project is None or not own:
        return None
    files = [f for _, found in releases(project, f"=={package.version}") for f in found]
    current = look_into(project, files, target)
    missing = first_missing(current, own, uses, index) if current else None
    if missing is None:
        return None

    tell(f"{package.name} {package.version} lacks {missing.what}: looking into other releases")

    def has(file: IndexFile) -> bool:
        return has_it(file, missing, index, unsure=False, target=target)

    return nearest(wanted, package, missing, has, index, target, as_of)


def drift_of_lost(
    package: LockedPackage, missing: Missing, index: PackageIndex, target: Target, as_of: str
) -> Drift | None:
    """The bound where a locked release is known to lack something, whatever its files seem to say;
    None when no release surely has it.

    Raises RequirementsError when the index does not answer.
    """

    def has(file: IndexFile) -> bool:
        return surely_has(file, missing, index)

    wanted = DirectRequirement(name=package.name)
    return nearest(wanted, package, missing, has, index, target, as_of)


def nearest(
    wanted: DirectRequirement,
    package: LockedPackage,
    missing: Missing,
    has: Callable[[IndexFile], bool],
    index: PackageIndex,
    target: Target,
    as_of: str,
) -> Drift | None:
    """The bound of the nearest release that has what is missing, an older one before a newer."""
    project = index.project(package.name)
    if project is None:
        return None
    listed = list(releases(project, wanted.specifier, as_of))[:MAX_RELEASES]
    version = Version(package.version)
    if version not in dict(listed):  # setuptools is of today whatever the date
        listed = list(releases(project, wanted.specifier))[:MAX_RELEASES]
    older = [v for v, _ in listed if v < version]
    every = list(releases(project, wanted.specifier))
    by_version = dict(listed) | dict(every)
    # the nearest first, and no pre-release before a release
    newer = sorted((v for v, _ in every if v > version), key=lambda v: (v.is_prerelease, v))

    def there(other: Version) -> bool:
        file = look_into(project, by_version[other], target)
        return file is not None and has(file)

    last, first = nearest_with(older, there), None
    if last is None:
        first = nearest_with(newer[:MAX_RELEASES], there)
    found = last or first
    if found is None:
        return None
    above = min((v for v in by_version if last is not None and v > last), default=version)
    file = look_into(project, by_version[found], target)
    return Drift(
        name=package.name,
        specifier=f"<{above.public}" if last is not None else f">={found.public}",
        what=missing.what,
        release=str(found),
        uploaded=file.upload_time[:10] if file else "",
        place=missing.place,
    )


def look_into(project: Project, files: list[IndexFile], target: Target) -> IndexFile | None:
    """The file of a release that shows what is inside, the target's own where there is one."""
    chosen = choose_release(replace(project, files=tuple(files)), target)
    return chosen.file if chosen else None


def first_missing(
    file: IndexFile, needs: Sequence[Need], uses: Mapping[str, Sequence[str]], index: PackageIndex
) -> Missing | None:
    """The first import that a release lacks; None when it has all, or cannot be read."""
    try:
        modules = provided(file, index)
        if looks_empty(modules):
            return None  # a metapackage: its parts have them
        for need in needs:
            if need.module not in modules:
                return Missing(module=need.module, place=need.place)
            for name in dict.fromkeys((*need.names, *uses.get(need.module, ()))):
                found = Missing(module=need.module, name=name, place=need.place)
                if (
                    not name.startswith("_")
                    and name != "*"
                    and not has_it(file, found, index, unsure=True)
                ):
                    return found
    except RequirementsError as error:
        if error.code in STANDS_DOWN:
            raise
    return None


def has_it(
    file: IndexFile,
    missing: Missing,
    index: PackageIndex,
    *,
    unsure: bool,
    target: Target | None = None,
) -> bool:
    """Whether a release has the module, or may define the name; ``unsure`` where that cannot be
    read. With a ``target`` the parts of a metapackage count too."""
    try:
        modules = provided(file, index)
        if missing.module not in modules and target is not None:
            release = Release(version=Version("0"), file=file, fits=True)
            bounds = Bounds(target=target)
            modules, part = with_parts(release, modules, missing.module, index, bounds)
            if part:
                return True  # what its parts define is not looked at
        if missing.module not in modules:
            return False
        if not missing.name or missing.what in modules:
            return True
        readable = module_file(index.contents(file).members, missing.module)
        if not file.is_wheel or not readable:
            return unsure  # an sdist, or an extension module
        return bool(names_defined(file, missing.module, {missing.name}, index))
    except RequirementsError as error:
        if error.code in STANDS_DOWN:
            raise
        return unsure


def surely_has(file: IndexFile, missing: Missing, index: PackageIndex) -> bool:
    """Whether a release has something, as far as its files tell: a module that may have any name
    has one if its source speaks of it."""
    try:
        modules = provided(file, index)
        if missing.module not in modules:
            return False
        if not missing.name or missing.what in modules:
            return True
        found = names_defined(file, missing.module, {missing.name, NOBODYS}, index)
        if missing.name not in found or NOBODYS not in found:
            return missing.name in found
        member = module_file(index.contents(file).members, missing.module, wheel=file.is_wheel)
        return bool(member) and missing.name in spoken(source(file, member, index))
    except RequirementsError as error:
        if error.code in STANDS_DOWN:
            raise
        return False


def nearest_with(versions: Sequence[Version], has: Callable[[Version], bool]) -> Version | None:
    """The first version for which ``has`` holds; ``versions`` are the nearest first.

    A few evenly spread ones are asked at a time, so a thing that came late and left again is
    found too unless it lived between two probes.
    """
    low, high = 0, len(versions)  # the answer's place is in this half-open range
    found: Version | None = None
    with ThreadPoolExecutor(PROBES) as threads:
        while low < high:
            step = max(1, (high - low) // PROBES)
            places = list(range(low, high, step))
            if places[-1] != high - 1 and found is None:
                places.append(high - 1)
            answers = list(threads.map(lambda p: has(versions[p]), places))
            hit = next((n for n, yes in enumerate(answers) if yes), None)
            if hit is None:
                break
            found = versions[places[hit]]
            low, high = (places[hit - 1] + 1 if hit else low), places[hit]
    return found
