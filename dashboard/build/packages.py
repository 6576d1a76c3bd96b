"""The table of packages: what is installed, who asks for it, and what an edit of it means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from nb2image.model import BuildPlan, DirectRequirement, LockedPackage, Rule
from nb2image.model.forecast import Forecast

RULES: dict[Rule, str] = {
    "user": "you said so",
    "lock": "a lock beside the notebook",
    "environment": "an installed environment",
    "file": "a file of the project",
    "install-line": "an install line of the notebook",
    "catalogue": "catalogue of import names",
    "pipreqs": "pipreqs's list",
    "same-name": "package of the same name",
    "hidden": "needed without an import",
    "drift": "read from the outputs",
    "script": "train.py itself",
}
"""What each rule of evidence is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One package of the image."""

    name: str
    version: str
    held: str = ""
    """The bounds that the form sets, ``<2``; empty when it sets none."""
    direct: bool
    """The notebook itself needs it."""
    place: str
    """Where the notebook asks for it, or which packages do."""
    why: str
    """The evidence in words."""
    rule: str
    size: int | None
    """Bytes when installed; of the download where nothing better is known."""


def rows(
    plan: BuildPlan, forecast: Forecast | None, constraints: Sequence[str] = ()
) -> tuple[Row, ...]:
    """Every package of the lock: the notebook's own first, then by name."""
    direct = {d.name: d for d in plan.requirements.direct}
    sizes = {
        item.name: item.size
        for item in (forecast.items if forecast else ())
        if item.kind == "python-package"
    }
    held = bounds(constraints)
    found = [
        row(package, direct.get(package.name), sizes.get(package.name), held.get(package.name, ""))
        for package in plan.requirements.locked
    ]
    return tuple(sorted(found, key=lambda row: (not row.direct, row.name)))


def row(
    package: LockedPackage, asked: DirectRequirement | None, size: int | None, held: str
) -> Row:
    """One package."""
    size = package.size if size is None else size
    if asked is None:
        return Row(
            name=package.name,
            version=package.version,
            held=held,
            direct=False,
            place=", ".join(package.via),
            why="needed by the packages named",
            rule="dependency",
            size=size,
        )
    won = [evidence for evidence in asked.evidence if evidence.won] or list(asked.evidence)
    places = dict.fromkeys(str(e.place) for e in won if e.place is not None)
    return Row(
        name=package.name,
        version=package.version,
        held=held,
        direct=True,
        place="; ".join(places),
        why="; ".join(dict.fromkeys(e.detail for e in won if e.detail)),
        rule=", ".join(dict.fromkeys(RULES.get(e.rule, e.rule) for e in won)),
        size=size,
    )


def bounds(constraints: Iterable[str]) -> dict[str, str]:
    """The bounds by canonical name; what is no constraint is left out."""
    found: dict[str, str] = {}
    for text in constraints:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        name = str(canonicalize_name(requirement.name))
        found[name] = ",".join(filter(None, (found.get(name), str(requirement.specifier))))
    return found


def edited(
    shown: Sequence[Row], edits: Mapping[int, str], constraints: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(constraints after the edits, what is wrong): ``edits`` are new versions by row.

    ``1.26.4`` holds that version, ``<2`` bounds it, nothing lets it go. A row that the table
    does not have is left out: a browser may send anything.
    """
    problems = []
    made = list(constraints)
    for number, text in edits.items():
        if not 0 <= number < len(shown):
            continue
        name = shown[number].name
        try:
            wanted = specifier(text)
        except ValueError as error:
            problems.append(f"{name}: {error}")
            continue
        made = [line for line in made if name not in bounds([line])]
        if wanted:
            made.append(f"{name}{wanted}")
    return tuple(made), tuple(problems)


def specifier(text: str) -> str:
    """The bounds that a cell of the table means. Raises ValueError."""
    text = (text or "").strip()
    if not text:
        return ""
    try:
        return f"=={Version(text)}"
    except InvalidVersion:
        pass
    try:
        return str(SpecifierSet(text))
    except InvalidSpecifier:
        raise ValueError(f"{text!r} is not a version such as 1.26.4, nor bounds as <2") from None
