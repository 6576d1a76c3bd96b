"""What the notebook itself says it needs: a PEP 723 block, a lock in its metadata."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from nb2image.model import Finding, Notebook, Place
from nb2image.requirements.target import Target
from nb2image.requirements.written.declared import Declared, parse_requirement
from nb2image.requirements.written.origins import (
    elsewhere,
    from_lock,
    name_of,
    placed,
    refused,
    uv_sources,
)
from nb2image.requirements.written.runtime_files import NamedPython, toml

OPENING, CLOSING = re.compile(r"# /// ([a-zA-Z0-9-]+)"), "# ///"


def from_notebook(notebook: Notebook, target: Target) -> tuple[list[Declared], list[Finding]]:
    """What the notebook's own metadata asks for, a lock's versions first, and what to say of it."""
    found, findings = from_blocks(notebook, target)
    return [*from_metadata(notebook, target), *found], findings


def from_blocks(notebook: Notebook, target: Target) -> tuple[list[Declared], list[Finding]]:
    """The dependencies of a ``# /// script`` block in a code cell, and what to say of them."""
    declared, findings = [], []
    for place, table in blocks(notebook):
        wanted, sources = table.get("dependencies", []), uv_sources(table)
        for row in map(str, wanted if isinstance(wanted, list) else ()):
            source = sources.get(name_of(row))
            found = parse_requirement(row, rule="lock", place=place, target=target)
            if told := refused(row, source, place, target):
                findings.append(told)
                found = found or elsewhere(row, "lock", place)
            if found is not None:
                declared.append(placed(found, source))
    return declared, findings


def blocks(notebook: Notebook) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Every ``# /// script`` block that can be read, with its place."""
    for cell in notebook.cells:
        for kind, line, content in marked(cell.source) if cell.kind == "code" else ():
            if kind == "script":
                table = toml("\n".join(text.removeprefix("#")[1:] for text in content))
                yield Place(cell=cell.number, line=line), table


def marked(source: str) -> Iterator[tuple[str, int, list[str]]]:
    """(kind, first line, content) of the comment blocks of PEP 723.

    The reference expression of the PEP takes a time that grows with the square of the lines.
    """
    lines = source.split("\n")
    at = 0
    while at < len(lines):
        opened = OPENING.fullmatch(lines[at])
        start = at = at + 1
        if opened is None:
            continue
        while at < len(lines) and (lines[at] == "#" or lines[at].startswith("# ")):
            at += 1
        # the last closing line of the comment counts; without one nothing in it is a block
        end = max((n for n in range(start + 1, at) if lines[n] == CLOSING), default=0)
        if end:
            yield opened[1], start, lines[start:end]
            at = end + 1


def named_python(notebook: Notebook) -> list[NamedPython]:
    """The ``requires-python`` of its blocks."""
    found = []
    for place, table in blocks(notebook):
        with contextlib.suppress(InvalidSpecifier):
            if isinstance(said := table.get("requires-python"), str):
                found.append(NamedPython(place=place, allowed=SpecifierSet(said)))
    return found


def stamped_day(notebook: Notebook) -> tuple[date, Place] | None:
    """The ``exclude-newer`` of its block (``juv stamp`` writes it): releases of which day."""
    for place, table in blocks(notebook):
        tool = table.get("tool")
        settings = tool.get("uv") if isinstance(tool, dict) else None
        said = settings.get("exclude-newer") if isinstance(settings, dict) else None
        with contextlib.suppress(ValueError):
            if said is not None:
                return date.fromisoformat(str(said)[:10]), place
    return None


def from_metadata(notebook: Notebook, target: Target) -> Iterator[Declared]:
    """The ``uv.lock`` that juv keeps in a notebook's metadata."""
    try:
        text = json.loads(notebook.metadata_json).get("uv.lock")
    except (ValueError, AttributeError, RecursionError):
        return
    packages = toml(text).get("package") if isinstance(text, str) else None
    for package in packages if isinstance(packages, list) else ():
        if found := from_lock(package, Place(), target):
            yield found
