"""Locked distributions that own the same module: one would overwrite the other's files.

pip installs both without a word, and which one is there in the end hangs on their order. The
catalogue tells which distributions may stand for each other; their file lists whether they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nb2image.errors import RequirementsError
from nb2image.model import DirectRequirement, Evidence, Finding, LockedPackage
from nb2image.requirements.direct import combined
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.naming.catalogue import Catalogue
from nb2image.requirements.naming.verify import STANDS_DOWN, provided


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Distributions of a lock that bring the same module."""

    module: str
    packages: tuple[LockedPackage, ...]

    @property
    def told(self) -> Finding:
        """The warning for those that nothing could part."""
        who = " and ".join(
            f"{p.name} (for {', '.join(p.via) or 'the notebook'})" for p in self.packages
        )
        return Finding(
            severity="warning",
            code="module-twice",
            message=f"{who} both bring the module {self.module}: one overwrites the other's files",
            hint="leave one of those out that ask for it",
        )


def overlaps(
    locked: Sequence[LockedPackage], catalogue: Catalogue, index: PackageIndex
) -> tuple[Overlap, ...]:
    """The modules that several locked distributions own. Raises RequirementsError."""
    by_name = {package.name: package for package in locked if package.wheel}
    found: dict[tuple[str, ...], Overlap] = {}
    for entry in catalogue.entries.values():
        names = sorted(by_name.keys() & set(entry.distributions)) if entry.alternatives else []
        if len(names) > 1 and tuple(names) not in found:
            owners = tuple(by_name[n] for n in names if owns(by_name[n], entry.module, index))
            if len(owners) > 1:
                found[tuple(names)] = Overlap(module=entry.module, packages=owners)
    return tuple(found.values())


def owns(package: LockedPackage, module: str, index: PackageIndex) -> bool:
    """Whether a locked wheel has the module itself. Raises RequirementsError."""
    project = index.project(package.name)
    file = project.file(package.wheel) if project else None
    try:
        return file is not None and provided(file, index).owns(module)
    except RequirementsError as error:
        if error.code in STANDS_DOWN:
            raise
        return False


def parted(direct: Sequence[DirectRequirement], found: Overlap) -> tuple[DirectRequirement, ...]:
    """The requirements met by the one distribution of an overlap that something else brings.

    Unchanged where the user names another, or where none or several of them are brought.
    """
    brought = [p for p in found.packages if p.via]
    if len(brought) != 1:
        return tuple(direct)
    kept = brought[0].name
    gone = {p.name for p in found.packages} - {kept}
    by_name: dict[str, DirectRequirement] = {}
    for wanted in direct:
        new = instead(wanted, kept) if wanted.name in gone and gives_way(wanted) else wanted
        by_name[new.name] = combined(by_name[new.name], new) if new.name in by_name else new
    return tuple(by_name[name] for name in sorted(by_name))


def gives_way(direct: DirectRequirement) -> bool:
    """Whether a requirement is about its module: neither an address nor the user says which one."""
    return not direct.url and not any(e.won and e.rule == "user" for e in direct.evidence)


def instead(direct: DirectRequirement, name: str) -> DirectRequirement:
    """The requirement met by another distribution, which is there anyway."""
    won = next((e for e in direct.evidence if e.won), None)
    told = Evidence(
        rule=won.rule if won else "catalogue",
        candidate=name,
        won=True,
        detail=f"in the place of {direct.name}, which has the same modules: it comes along anyway",
        place=won.place if won else None,
    )
    lost = tuple(replace(e, won=False) for e in direct.evidence)
    return DirectRequirement(name=name, modules=direct.modules, evidence=(told, *lost))
