"""Versions to begin with: of an environment, the project's files, the notebook's saved outputs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from nb2image.model import Cell, DirectRequirement, Notebook, Place

INSTALLED = re.compile(r"^Successfully installed (.+)$", re.MULTILINE)
INSTALLED_ITEM = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*?)-(?P<version>\d[\w.+!]*)$")
SATISFIED = re.compile(
    r"^Requirement already satisfied: (?P<name>[A-Za-z0-9][\w.-]*)"
    r"[^\n]{0,400}\((?P<version>\d[\w.+!]{0,60})\) ?$",
    re.MULTILINE,
)
ASKED_VERSION = re.compile(r"\b(?P<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\.__version__\b")
PRINTED_VERSION = re.compile(
    r"(?<![\w.])v?(\d+\.\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.?(?:post|dev)\d+)?)"
)
WATERMARK = re.compile(r"%watermark\b|\bwatermark\(")
WATERMARK_LINE = re.compile(
    r"^(?P<name>[A-Za-z][\w.-]{0,80}) {0,40}:? {1,40}v?(?P<version>\d+\.\d[\w.+]{0,60}) {0,9}$",
    re.MULTILINE,
)
IMPORT_AS = re.compile(r"(?:\bimport|,) {1,9}([\w.]+) {1,9}as {1,9}(\w+)")
MAX_ITEM = 160
MAX_OUTPUT = 200_000
"""Characters of one output that are looked at."""


Origin = Literal["environment", "project", "outputs"]
SAID: dict[Origin, str] = {
    "environment": "of the environment",
    "project": "that the project's files state",
    "outputs": "seen in outputs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A release that the notebook was seen to run with, or is said to run with."""

    name: str
    """Canonical, of a distribution."""
    version: str = ""
    """Without a local part (``+cu118``): those are not on the index."""
    specifier: str = ""
    """Bounds instead of one version."""
    place: Place
    detail: str
    origin: Origin = "outputs"

    @property
    def constraint(self) -> str:
        """As a PEP 508 line."""
        return f"{self.name}{self.specifier or f'=={self.version}'}"


def preferences(direct: tuple[DirectRequirement, ...]) -> tuple[Pin, ...]:
    """The bounds that requirements prefer: like pins they give way when nothing fits them."""
    found = []
    for wanted in direct:
        if wanted.preferred:
            said = next((e for e in wanted.evidence if e.won), None)
            place = said.place if said and said.place else Place()
            detail = said.detail if said else ""
            origin: Origin = "environment" if said and said.rule == "environment" else "project"
            found.append(
                Pin(
                    name=wanted.name,
                    specifier=wanted.preferred,
                    place=place,
                    detail=detail,
                    origin=origin,
                )
            )
    return tuple(found)


def described(held: Iterable[Pin]) -> str:
    """How many versions are held and on whose word: ``3 versions of the environment``."""
    counts = Counter(pin.origin for pin in held)
    parts = []
    for origin, words in SAID.items():
        if number := counts[origin]:
            parts.append(f"{number} version{'s' if number > 1 else ''} {words}")
    return " and ".join(parts)


def pins(notebook: Notebook, direct: tuple[DirectRequirement, ...]) -> tuple[Pin, ...]:
    """The last version that is seen of each distribution, by name."""
    aliases = {
        alias: module
        for cell in notebook.cells
        if cell.kind == "code"
        for module, alias in IMPORT_AS.findall(cell.source)
    }
    owners = {m.partition(".")[0]: d.name for d in direct for m in d.modules}
    found: dict[str, Pin] = {}
    for cell in notebook.cells:
        if cell.kind != "code" or not cell.outputs:
            continue
        text = printed(cell)
        for name, version, detail in (
            *installed(text),
            *asked(cell, text, aliases, owners),
            *(watermark(text, owners) if WATERMARK.search(cell.source) else ()),
        ):
            try:
                public = Version(version).public
            except InvalidVersion:
                continue
            key = canonicalize_name(name)
            found[key] = Pin(name=key, version=public, place=Place(cell=cell.number), detail=detail)
    return tuple(found[name] for name in sorted(found))


def printed(cell: Cell) -> str:
    """What a cell's outputs show as text."""
    parts = []
    for output in cell.outputs:
        if output.kind == "stream":
            parts.append(output.text[:MAX_OUTPUT])
        parts += [d.text[:MAX_OUTPUT] for d in output.data if d.mime == "text/plain"]
    return "\n".join(parts)


def installed(text: str) -> Iterator[tuple[str, str, str]]:
    """(name, version, what was seen) from pip's own lines."""
    for line in SATISFIED.finditer(text):
        yield line["name"], line["version"], "pip found it installed"
    for match in INSTALLED.finditer(text):
        for item in match[1].split():
            if len(item) < MAX_ITEM and (parts := INSTALLED_ITEM.match(item)):
                yield parts["name"], parts["version"], "pip installed it"


def asked(
    cell: Cell, text: str, aliases: dict[str, str], owners: dict[str, str]
) -> Iterator[tuple[str, str, str]]:
    """From ``np.__version__`` in the code and one version for each in the output, in order."""
    modules = [m["module"] for m in ASKED_VERSION.finditer(cell.source)]
    versions = PRINTED_VERSION.findall(text)
    if not modules or len(modules) != len(versions):
        return
    for module, version in zip(modules, versions, strict=True):
        full = aliases.get(module.partition(".")[0], module)
        if owner := owners.get(full.partition(".")[0]):
            yield owner, version, f"{module}.__version__ was shown"


def watermark(text: str, owners: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """From what the watermark extension prints."""
    for line in WATERMARK_LINE.finditer(text):
        if owner := owners.get(line["name"]):
            yield owner, line["version"], "watermark showed it"
