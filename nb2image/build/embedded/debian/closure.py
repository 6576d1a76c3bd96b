"""The closure of some packages: all that they depend on, upon what is there already. Pure.

What is there stays as it is unless a package needs a newer one of it; then that is renewed, with
those that fit the old one alone. Nothing is ever made older.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from nb2image.build.embedded.debian.index import Package, PackageIndex
from nb2image.build.embedded.debian.relation import Relation, asked
from nb2image.build.embedded.debian.version import compare, split
from nb2image.errors import PlanError

MAX_PACKAGES = 1500
BASE_DIFFERS = "apt-base-differs"
"""The code of errors that another base would not give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A package that a base has installed."""

    version: str
    provides: tuple[Relation, ...] = ()
    refuses: tuple[Relation, ...] = ()
    depends: tuple[tuple[Relation, ...], ...] = ()


NOTHING: Mapping[str, Present] = MappingProxyType({})


def closure(
    index: PackageIndex,
    wanted: Sequence[str],
    dropped: Iterable[str] = (),
    there: Mapping[str, Present] = NOTHING,
    *,
    renewing: bool = True,
) -> tuple[Package, ...]:
    """The packages that are wanted with all that they depend on, by name.

    ``dropped`` are not followed: what they do for others is done in another way. What is
    ``there`` is not taken again, unless ``renewing``, where another version of it is needed. An
    alternative that is in the set already wins over the first one. Raises PlanError for a name
    that no index has, and where a package needs another version of what is there than can be had.
    """
    chosen: dict[str, Package] = {}
    staying = dict(there)
    skip = set(dropped)
    queue: list[tuple[tuple[Relation, ...], str]] = [((asked(name),), "") for name in wanted]
    while queue:
        group, by = queue.pop(0)
        if not any(one.name in skip or satisfied(index, one, chosen, staying) for one in group):
            package = first_of(index, group, staying, renewing=renewing)
            if package is None:
                raise impossible(group, by, there)
            old = staying.pop(package.name, None)
            refuse_other_c_library(package, old)
            chosen[package.name] = package
            if len(chosen) > MAX_PACKAGES:
                raise PlanError("the packages depend on too many others", code="apt-too-many")
            queue += [(needed, package.name) for needed in package.depends]
        if not queue and there and renewing:
            queue = disturbed(index, chosen, staying, there)
    return tuple(chosen[name] for name in sorted(chosen))


def satisfied(
    index: PackageIndex,
    one: Relation,
    chosen: Mapping[str, Package],
    there: Mapping[str, Present],
) -> bool:
    """Whether the relation is met by a package that is chosen or there, or that provides it."""
    return one.name in chosen or met(index, one, chosen, there)


def met(
    index: PackageIndex,
    one: Relation,
    chosen: Mapping[str, Package],
    there: Mapping[str, Present],
) -> bool:
    """As ``satisfied``, by the very version that is chosen."""
    for known in (chosen, there):
        if one.name in known and one.allows(known[one.name].version):
            return True
    if any(one.provided_by(offer) for known in there.values() for offer in known.provides):
        return True
    offers = (chosen[name].provides for name in index.providers(one.name) if name in chosen)
    return any(one.provided_by(offer) for provides in offers for offer in provides)


def first_of(
    index: PackageIndex,
    group: Sequence[Relation],
    there: Mapping[str, Present],
    *,
    renewing: bool,
) -> Package | None:
    """The package for the first alternative that exists, really or virtually."""
    for one in group:
        found = index.find(one.name, one.version if one.operator == "=" else "")
        old = there.get(one.name)
        newer = found is not None and (
            old is None or (renewing and compare(found.version, old.version) > 0)
        )
        if found is not None and newer and one.allows(found.version):
            return found
        for provider in index.providers(one.name):
            found = None if provider in there else index.find(provider)
            if found is not None and any(one.provided_by(offer) for offer in found.provides):
                return found
    return None


def disturbed(
    index: PackageIndex,
    chosen: Mapping[str, Package],
    staying: Mapping[str, Present],
    there: Mapping[str, Present],
) -> list[tuple[tuple[Relation, ...], str]]:
    """What stays but does not fit what is chosen: newer ones of it are needed.

    It depended on an old version of what is renewed, or a package that is chosen breaks it.
    """
    refusing = [(r, p.name) for p in chosen.values() for r in p.refuses if r.name in staying]
    found = {r.name: by for r, by in refusing if r.operator and r.allows(staying[r.name].version)}
    if len(staying) < len(there):
        for name, present in staying.items():
            for group in present.depends:
                before = any(met(index, one, {}, there) for one in group)
                if before and not any(met(index, one, chosen, staying) for one in group):
                    found[name] = group[0].name
    return [
        ((Relation(name=name, operator=">>", version=staying[name].version),), by)
        for name, by in sorted(found.items())
    ]


def refuse_other_c_library(package: Package, old: Present | None) -> None:
    """Raise PlanError where another release of the C library would be put under the base."""
    if package.name != "libc6" or old is None:
        return
    if split(package.version)[1] != split(old.version)[1]:
        raise PlanError(
            f"the packages need libc6 {package.version}, and the base has {old.version}: all of "
            "it is made for that",
            code=BASE_DIFFERS,
            hint="take a base image of one Debian release",
        )


def impossible(group: Sequence[Relation], by: str, there: Mapping[str, Present]) -> PlanError:
    """The error for a group that nothing meets."""
    older = [f"{one.name} {there[one.name].version}" for one in group if one.name in there]
    words = " or ".join(map(str, group))
    if older:
        who = f"{by} needs {words}" if by else f"the plan needs {words}"
        return PlanError(
            f"{who}, and the base has {', '.join(older)}",
            code=BASE_DIFFERS,
            hint="take a newer base image; or Debian's packages as they were when the base was "
            "made (--snapshot DATE); or build with Docker (--builder docker), which renews them",
        )
    return PlanError(
        f"Debian has no package {words}" + (f", which {by} depends on" if by else ""),
        code="apt-package-missing",
        hint="look the name up at packages.debian.org and correct --apt",
    )


def refuse_conflicts(packages: Sequence[Package], there: Mapping[str, Present]) -> None:
    """Raise PlanError when a package cannot be installed beside another, or beside the base's."""
    new = {
        p.name: Present(version=p.version, provides=p.provides, refuses=p.refuses) for p in packages
    }
    everything = {**there, **new}
    named: dict[str, set[str]] = {}  # the packages that are, or provide, a name
    for name, one in everything.items():
        for known in (name, *(offer.name for offer in one.provides)):
            named.setdefault(known, set()).add(name)
    for name, one in everything.items():
        for refusal in one.refuses:
            for other in sorted(named.get(refusal.name, set()) - {name}):
                if (name in new or other in new) and meets(refusal, other, everything[other]):
                    raise PlanError(
                        f"{name} cannot be installed beside {other}: it conflicts with {refusal}",
                        code=BASE_DIFFERS,
                        hint="choose another base image, or build with Docker (--builder docker)",
                    )


def meets(one: Relation, name: str, package: Present) -> bool:
    """Whether the relation is about this package, or about what it provides."""
    if one.name == name:
        return one.allows(package.version)
    return any(one.provided_by(offer) for offer in package.provides)
