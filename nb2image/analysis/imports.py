"""Which cell's import brought each package into the image, by the plan that made it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from nb2image.model.analysis import CellShare, Chain, OwnerKind, PackageShare
from nb2image.model.plan import BuildPlan
from nb2image.model.requirements import DirectRequirement, Requirements


def chains(plan: BuildPlan) -> dict[tuple[OwnerKind, str], Chain]:
    """How each package that the plan knows came to be needed, by kind and name."""
    found: dict[tuple[OwnerKind, str], Chain] = {}
    for name, chain in python_chains(plan).items():
        found["python-package", name] = chain
    for name, chain in system_chains(plan).items():
        found["apt", name] = chain
    return found


def python_chains(plan: BuildPlan) -> dict[str, Chain]:
    """For each package of the lock the shortest way from what the notebook needs directly.

    Of ways of one length, the one whose first package the earliest cell imports.
    """
    requirements = plan.requirements
    needs = dependencies(requirements)
    starts = sorted(
        (
            (cells := importing_cells(direct, requirements), reason(direct, cells), direct.name)
            for direct in requirements.direct
        ),
        key=lambda start: (start[0] or (NEVER,), start[2]),
    )
    found: dict[str, Chain] = {}
    waiting: deque[Chain] = deque()
    for cells, why, name in starts:
        if name not in found:
            found[name] = Chain(cells=cells, reason=why, packages=(name,))
            waiting.append(found[name])
    while waiting:
        chain = waiting.popleft()
        for name in needs.get(chain.packages[-1], ()):
            if name not in found:
                found[name] = Chain(
                    cells=chain.cells, reason=chain.reason, packages=(*chain.packages, name)
                )
                waiting.append(found[name])
    return found


def system_chains(plan: BuildPlan) -> dict[str, Chain]:
    """For each apt package of the plan why it is there."""
    return {
        package.name: Chain(
            cells=(package.place.cell,) if package.place and package.place.cell else (),
            reason=package.reason,
            packages=(package.name,),
        )
        for package in plan.requirements.system
    }


NEVER = 1 << 30
"""Sorts what no cell imports after every cell."""


def cell_shares(plan: BuildPlan, packages: Sequence[PackageShare]) -> tuple[CellShare, ...]:
    """What each cell's imports cost, in the notebook's order."""
    sizes: dict[str, int] = {}
    for package in packages:
        if package.kind == "python-package":
            sizes[package.name] = sizes.get(package.name, 0) + package.size
    requirements = plan.requirements
    needs = dependencies(requirements)
    direct: dict[int, set[str]] = {}
    elsewhere: set[str] = set()
    for requirement in requirements.direct:
        cells = importing_cells(requirement, requirements)
        for cell in cells:
            direct.setdefault(cell, set()).add(requirement.name)
        if not cells:
            elsewhere |= closure([requirement.name], needs)
    whole = {cell: closure(names, needs) for cell, names in direct.items()}
    shares = []
    for cell in sorted(whole):
        others = elsewhere.union(*(w for other, w in whole.items() if other != cell))
        shares.append(
            CellShare(
                cell=cell,
                direct=tuple(sorted(direct[cell])),
                size=sum(sizes.get(name, 0) for name in whole[cell]),
                alone=sum(sizes.get(name, 0) for name in whole[cell] - others),
            )
        )
    return tuple(shares)


def importing_cells(direct: DirectRequirement, requirements: Requirements) -> tuple[int, ...]:
    """The cells whose imports need a distribution, by the needs and the winning evidence."""
    places = [e.place for e in direct.evidence if e.won and e.place]
    modules = set(direct.modules)
    places += [need.place for need in requirements.needs if imported_by(need.module, modules)]
    return tuple(sorted({place.cell for place in places if place.cell is not None}))


def imported_by(module: str, modules: set[str]) -> bool:
    """Whether an import of ``module`` is one of ``modules`` or lies below one."""
    return module in modules or any(module.startswith(known + ".") for known in modules)


def reason(direct: DirectRequirement, cells: tuple[int, ...]) -> str:
    """Why a distribution is there that no cell imports, in the evidence's words."""
    if cells:
        return ""
    return next((e.detail for e in direct.evidence if e.won), "")


def dependencies(requirements: Requirements) -> Mapping[str, tuple[str, ...]]:
    """What each locked package asks for: the reverse of the lock's ``via``."""
    needs: dict[str, list[str]] = {}
    for package in requirements.locked:
        for asking in package.via:
            needs.setdefault(asking, []).append(package.name)
    return {name: tuple(sorted(set(names))) for name, names in needs.items()}


def closure(names: Sequence[str] | set[str], needs: Mapping[str, tuple[str, ...]]) -> set[str]:
    """The packages and all that they need."""
    found = set(names)
    waiting = list(names)
    while waiting:
        for name in needs.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found
