"""What would mend imports that fail in the image: options under which the lock is made again.

A missing module is looked for on the index, and verified as every other; a missing library
becomes a Debian package; a missing name or attribute bounds the distribution that lost it, by the
release that has it or by the time of the package that relies on it. Where no such release fits, it
is the package that relies on it that must be a newer one, whatever a project's file says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from packaging.utils import canonicalize_name
from packaging.version import Version

from nb2image.image.base import suites_for
from nb2image.model import Place, Requirements
from nb2image.options import Options
from nb2image.requirements.age.python_releases import order
from nb2image.requirements.code.syntax import REMOVED_MODULES, REMOVED_NAMES
from nb2image.requirements.import_check import ImportFailure
from nb2image.requirements.index.release import choose_release, releases
from nb2image.requirements.naming.verify import provided
from nb2image.requirements.system import system_table
from nb2image.requirements.versions.conflicts import mentioned
from nb2image.requirements.versions.drift import Missing, drift_of_lost
from nb2image.requirements.world import World

LIBRARY = re.compile(r"\b(lib[\w.+-]+\.so(?:\.\d+)*): cannot open shared object file")
NO_NAME = re.compile(r"cannot import name '?(?P<name>\w+)'? from '?(?P<module>[\w.]+)'?")
NO_ATTRIBUTE = re.compile(r"module '?(?P<module>[\w.]+)'? has no attribute '?(?P<name>\w+)'?")
BINARY = re.compile(
    r"numpy\.dtype size changed|numpy\.ndarray size changed|compiled using NumPy 1\.x"
    r"|numpy\.core\.multiarray failed to import|module compiled against (?:ABI|API) version"
)
SLACK = timedelta(days=120)
"""A package works with releases of its dependencies that came this much later."""


Change = tuple[Options, str]
"""New options, and what is new in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A change of the options, and what it is for."""

    options: Options
    what: str
    """In words: ``numpy<2, which shap 0.40 was made for``."""
    place: Place | None = None


def repairs(
    failures: Sequence[ImportFailure], found: Requirements, options: Options, world: World
) -> Iterator[Repair]:
    """Changes that may mend the failures, to be tried one after another; none when none is known.

    The first keeps to the notebook's time. Raises RequirementsError when the index does not answer.
    """
    tried = {options}
    for settle in (bound, newer):
        made = repair(failures, found, options, world, settle)
        if made is not None and made.options not in tried:
            tried.add(made.options)
            yield made


def repair(
    failures: Sequence[ImportFailure],
    found: Requirements,
    options: Options,
    world: World,
    settle: Callable[[ImportFailure, Requirements, Options, World], Change | None],
) -> Repair | None:
    """One change for all failures; ``settle`` is for packages that do not suit each other."""
    changes: list[str] = []
    for failure in failures:
        before = options
        change = library(failure, world.suite(found.python), options)
        if change is None:
            change = module(failure, found, options)
        if change is None:
            change = older_python(failure, found, options)
        if change is None:
            change = settle(failure, found, options, world)
        if change is not None and change[0] != before:
            options, what = change
            changes.append(what)
    if not changes:
        return None
    place = failures[0].need.place
    return Repair(options=options, what="; ".join(dict.fromkeys(changes)), place=place)


def header_packages(
    headers: Sequence[str], found: Requirements, options: Options, world: World
) -> Repair | None:
    """Debian packages for C headers that a build lacks; None where no known package has one.

    They are in the image too: what is compiled with a header is linked with its library.
    """
    wanted = {
        package: header
        for header in headers
        if (package := system_table().with_header(header, world.suite(found.python)))
        and package not in {*options.apt, *options.no_apt}
    }
    if not wanted:
        return None
    better = replace(options, apt=(*options.apt, *sorted(wanted)))
    return Repair(options=better, what="; ".join(f"{p} has {h}" for p, h in wanted.items()))


def wheels_instead(
    said: Sequence[str], found: Requirements, options: Options, world: World
) -> Repair | None:
    """Older releases that have wheels, for a build that fails on a source; None where none has.

    ``said`` are the build's last lines. Where they name no package, every source may be the one.
    Raises RequirementsError when the index does not answer.
    """
    text = "\n".join(said)
    sources = {p.name: p for p in found.sources if not p.url}
    lines = []
    for name in mentioned(text, sources) or tuple(sources):
        project = world.index.project(name)
        if project is None:
            continue
        wheels = replace(project, files=tuple(f for f in project.files if f.is_wheel))
        bound = f"<{Version(sources[name].version).public}"
        older = choose_release(wheels, world.target(found.python), bound, found.as_of)
        if older is not None and older.fits:
            lines.append(f"{name}<={older.version.public}")
    new = tuple(line for line in lines if line not in options.constraints)
    if not new:
        return None
    better = replace(options, constraints=(*options.constraints, *new))
    return Repair(options=better, what=f"{' and '.join(new)}, which need not be built")


def library(failure: ImportFailure, suite: str, options: Options) -> Change | None:
    """A Debian package for a shared library that is missing."""
    match = LIBRARY.search(failure.message)
    table = system_table()
    name = table.libraries.get(match[1], "") if match else ""
    package = table.named(name, suite)
    if match is None or not package or package in {*options.apt, *options.no_apt}:
        return None
    return replace(options, apt=(*options.apt, package)), f"{package} has {match[1]}"


def module(failure: ImportFailure, found: Requirements, options: Options) -> Change | None:
    """A distribution for a module that is missing: names and drift look for it as for any."""
    if failure.error != "ModuleNotFoundError" or not failure.missing:
        return None
    if failure.missing in options.lacking or any(n.module == failure.missing for n in found.needs):
        return None
    by = f", which {failure.importer} imports" if failure.importer else ""
    change = replace(options, lacking=(*options.lacking, failure.missing))
    return change, f"a distribution with {failure.missing}{by}"


def older_python(failure: ImportFailure, found: Requirements, options: Options) -> Change | None:
    """A Python that still has what a package wants of the standard library."""
    match = NO_NAME.search(failure.message) or NO_ATTRIBUTE.search(failure.message)
    left = REMOVED_MODULES.get(failure.missing, "")
    if match is not None:
        left = REMOVED_NAMES.get((match["module"], match["name"]), "")
    older = [v for v in suites_for(options) if left and order(v) < order(left)]
    if options.python or not older or order(found.python) < order(left):
        return None
    what = f"{match['module']}.{match['name']}" if match else failure.missing
    return replace(options, python=older[-1]), f"Python {older[-1]}, the last with {what}"


def bound(
    failure: ImportFailure, found: Requirements, options: Options, world: World
) -> Change | None:
    """A bound for the distribution that lacks something, or that another was not made for."""
    match = NO_NAME.search(failure.message) or NO_ATTRIBUTE.search(failure.message)
    loser, relying = at_odds(failure, found, world)
    if match is not None and loser:
        line = by_drift(loser, match["module"], match["name"], found, world)
        if line and line not in options.constraints:
            change = replace(options, constraints=(*options.constraints, line))
            return change, f"{line}, which has {match['module']}.{match['name']}"
    if not loser or not relying or relying == loser:
        return None
    line = by_time(loser, relying, found, world)
    if not line or line in options.constraints:
        return None
    change = replace(options, constraints=(*options.constraints, line))
    return change, f"{line}, of the time of {relying}, which fails with a newer one"


def newer(
    failure: ImportFailure, found: Requirements, options: Options, world: World
) -> Change | None:
    """A newer release of the distribution that fails with the others, where there is one."""
    _, relying = at_odds(failure, found, world)
    project = world.index.project(relying) if relying else None
    if project is None:
        return None
    version = next(p.version for p in found.locked if p.name == relying)
    newest = choose_release(project, world.target(found.python))
    line = f"{relying}>{Version(version).public}"
    if newest is None or not newest.fits or newest.version <= Version(version):
        return None
    if line in options.constraints:
        return None
    change = replace(options, constraints=(*options.constraints, line))
    return change, f"{line}, for {version} fails with the others"


def at_odds(failure: ImportFailure, found: Requirements, world: World) -> tuple[str, str]:
    """(the distribution that lacks something, the one that relies on it); empty for unknown."""
    match = NO_NAME.search(failure.message) or NO_ATTRIBUTE.search(failure.message)
    relying = failure.importer
    if match is not None:
        loser = owner(match["module"], found, world)
    elif BINARY.search(failure.message):
        loser = owner("numpy", found, world)
    elif failure.missing:
        loser = owner(failure.missing, found, world)
    else:
        # the package that raised it does not suit the one that called it
        loser, relying = owner(failure.importer, found, world), failure.caller
    return loser, owner(relying, found, world) or owner(failure.need.module, found, world)


def owner(module: str, found: Requirements, world: World) -> str:
    """The locked distribution that provides a module; empty when none does."""
    top = module.partition(".")[0]
    if not top:
        return ""
    names = {canonicalize_name(top)}
    named = [p for p in found.locked if p.name in names]
    for package in [*named, *found.locked]:
        project = world.index.project(package.name) if package.wheel else None
        file = project.file(package.wheel) if project else None
        if file is not None and top in provided(file, world.index).tops:
            return package.name
    return ""


def by_drift(
    loser: str, lost_module: str, lost_name: str, found: Requirements, world: World
) -> str:
    """The bound of the nearest release that surely has a name; empty when none is found."""
    package = next(p for p in found.locked if p.name == loser)
    missing = Missing(module=lost_module, name=lost_name, place=Place())
    target = world.target(found.python)
    drift = drift_of_lost(package, missing, world.index, target, found.as_of)
    return f"{loser}{drift.specifier}" if drift else ""


def by_time(loser: str, relying: str, found: Requirements, world: World) -> str:
    """The bound that brings a dependency back to the time of what relies on it."""
    versions = {p.name: p.version for p in found.locked}
    made = uploaded(relying, versions[relying], world)
    project = world.index.project(loser)
    if not made or project is None:
        return ""
    limit = (date.fromisoformat(made) + SLACK).isoformat()
    then = choose_release(project, world.target(found.python), as_of=limit)
    if then is None or not then.fits or then.version >= Version(versions[loser]):
        return ""
    return f"{loser}<={then.version.public}"


def uploaded(name: str, version: str, world: World) -> str:
    """The day of a release; empty when the index does not tell."""
    project = world.index.project(name)
    for found, files in releases(project) if project else ():
        if str(found) == str(Version(version)):
            return min((f.upload_time[:10] for f in files if f.upload_time), default="")
    return ""
