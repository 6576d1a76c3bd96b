"""A requirements file that the user gives in place of what the imports tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from nb2image.errors import OptionError
from nb2image.model import DirectRequirement, Evidence, Finding, Place
from nb2image.requirements.direct import combined
from nb2image.requirements.target import Target
from nb2image.requirements.written.declared import (
    Declared,
    option_ignored,
    parse_requirement,
    requirement_lines,
)

MAX_FILES = 50
INCLUDE = re.compile(r"^(?:-r|--requirement)[\s=]*(?P<path>.+)$")
CONSTRAINT = re.compile(r"^(?:-c|--constraint)[\s=]*(?P<path>.+)$")


def read_given(
    path: Path, target: Target
) -> tuple[tuple[DirectRequirement, ...], tuple[str, ...], tuple[Finding, ...]]:
    """(requirements, constraints as PEP 508 lines, findings) of a requirements file.

    Hashes are left out: the lock has its own. Raises OptionError with every line that cannot be
    followed.
    """
    direct: dict[str, DirectRequirement] = {}
    constraints: list[str] = []
    findings: list[Finding] = []
    refused: list[Finding] = []
    for place, line, constrains in lines_of(path, set()):
        if line.startswith("-") and not line.startswith(("-e", "--editable")):
            findings.append(option_ignored(line, place))
            continue
        declared = parse_requirement(line, rule="user", place=place)
        if declared is None:
            refused.append(unusable(line, place))
        elif not fits(line, target):
            continue
        elif constrains:
            constraints.append(f"{declared.name}{declared.specifier}")
        else:
            new = requirement(declared)
            direct[new.name] = combined(direct[new.name], new) if new.name in direct else new
    if refused:
        raise OptionError(
            f"{path} cannot be followed",
            code="requirements-file",
            hint="name distributions, with versions if you like; local projects are not supported",
            findings=refused,
        )
    return tuple(direct[name] for name in sorted(direct)), tuple(constraints), tuple(findings)


def lines_of(
    path: Path, seen: set[Path], *, constrains: bool = False
) -> Iterator[tuple[Place, str, bool]]:
    """(place, line, whether it only constrains) of a file and those that it includes."""
    try:
        real = path.resolve(strict=True)
        text = real.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or error}",
            code="requirements-file",
        ) from error
    if real in seen or len(seen) >= MAX_FILES:
        return
    seen.add(real)
    for number, line in requirement_lines(text):
        if match := INCLUDE.match(line):
            yield from lines_of(path.parent / match["path"].strip(), seen, constrains=constrains)
        elif match := CONSTRAINT.match(line):
            yield from lines_of(path.parent / match["path"].strip(), seen, constrains=True)
        else:
            yield Place(file=path.name, line=number), line, constrains


def fits(line: str, target: Target) -> bool:
    """Whether a requirement's marker lets the target in."""
    try:
        marker = Requirement(line).marker
    except InvalidRequirement:
        return True  # an address: it has none
    return marker is None or marker.evaluate({**target.marker_environment(), "extra": ""})


def requirement(declared: Declared) -> DirectRequirement:
    """A line as a requirement."""
    evidence = Evidence(
        rule="user",
        candidate=declared.name,
        won=True,
        detail=f"in the given file: {declared.written}",
        place=declared.place,
    )
    return DirectRequirement(
        name=declared.name,
        specifier=declared.specifier,
        extras=declared.extras,
        url=declared.url,
        evidence=(evidence,),
    )


def unusable(line: str, place: Place) -> Finding:
    """What is said of a line that names no distribution."""
    return Finding(
        severity="error",
        code="requirements-line",
        message=f"not a distribution: {line[:80]!r}",
        place=place,
    )
