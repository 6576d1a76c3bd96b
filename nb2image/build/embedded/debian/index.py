"""The packages of a release and the closure of some of them. Pure.

https://www.debian.org/doc/debian-policy/ch-relationships.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from urllib.parse import urlsplit

from nb2image.build.embedded.debian.version import newest_first
from nb2image.errors import BuildError, PlanError

FIRST = re.compile(rb"Package: ([^\s]+)")
FIELDS = re.compile(rb"\nP(?:ackage: ([^\s]+)|rovides: ([^\n]+))")
"""Begins with plain bytes, for which a search takes a tenth of the time of ``^``."""
RELATION = re.compile(r"\s*([a-z0-9][a-z0-9+.-]*)(?::\S+)?\s*(?:\(.*?\))?\s*(?:\[.*?\])?\s*")
SHA256 = re.compile(r"[0-9a-f]{64}")
MAX_PACKAGES = 1500
MAX_DEB_BYTES = 4 * 1000**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package of an index."""

    name: str
    version: str
    architecture: str
    sha256: str
    size: int
    path: str
    """Below the mirror, ``pool/main/…``."""
    mirror: str
    depends: tuple[tuple[str, ...], ...]
    """Each of these groups needs one of its alternatives."""
    stanza: str
    """As the index has it."""


@dataclass(slots=True)
class PackageIndex:
    """The Packages files of several suites. Stanzas are read when they are asked for."""

    _texts: list[tuple[bytes | bytearray, str]] = field(default_factory=list)
    _places: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    _provided: dict[str, list[str]] = field(default_factory=dict)

    def add(self, text: bytes | bytearray, mirror: str) -> None:
        """Take in a Packages file, whose packages lie below ``mirror``."""
        number = len(self._texts)
        self._texts.append((text, mirror))
        name = ""
        first = FIRST.match(text)
        for found in chain((first,) if first else (), FIELDS.finditer(text)):
            if found[1]:  # the first field of its stanza
                name = found[1].decode()
                start = found.start(1) - len(b"Package: ")
                self._places.setdefault(name, []).append((number, start))
                continue
            for group in relations(found[2].decode()):
                self._provided.setdefault(group[0], []).append(name)

    def find(self, name: str, version: str = "") -> Package | None:
        """The newest package of a name, or the one of a version."""
        found = [self._read(*place) for place in self._places.get(name, ())]
        if version:
            found = [p for p in found if p.version == version]
        return min(found, key=lambda p: newest_first(p.version)) if found else None

    def providers(self, name: str) -> list[str]:
        """The packages that provide a virtual one, sorted."""
        return sorted(set(self._provided.get(name, ())))

    def _read(self, number: int, start: int) -> Package:
        text, mirror = self._texts[number]
        end = text.find(b"\n\n", start)
        stanza = text[start : end if end >= 0 else len(text)].strip(b"\n")
        return parse(stanza.decode("utf-8", "replace"), mirror)


def parse(stanza: str, mirror: str) -> Package:
    """A package from its stanza. Raises BuildError for one without a hash or a plain path."""
    fields = read_fields(stanza)
    name, path = fields.get("Package", ""), fields.get("Filename", "")
    size = fields.get("Size", "")
    plain = path and not path.startswith("/") and ".." not in path.split("/")
    sane = size.isdigit() and int(size) <= MAX_DEB_BYTES and not urlsplit(path).scheme
    if SHA256.fullmatch(fields.get("SHA256", "")) is None or not plain or not sane:
        raise BuildError(
            f"the package index says nothing sane of {name[:100]!r}", code="debian-index"
        )
    depends = ", ".join(filter(None, (fields.get("Pre-Depends"), fields.get("Depends"))))
    return Package(
        name=name,
        version=fields.get("Version", ""),
        architecture=fields.get("Architecture", ""),
        sha256=fields["SHA256"],
        size=int(size),
        path=path,
        mirror=mirror,
        depends=relations(depends),
        stanza=stanza,
    )


def read_fields(stanza: str) -> dict[str, str]:
    """The fields of a stanza; a continued line is joined to its field."""
    found: dict[str, str] = {}
    last = ""
    for line in stanza.splitlines():
        if line[:1] in (" ", "\t"):
            found[last] = found.get(last, "") + "\n" + line.strip()
        else:
            last, _, value = line.partition(":")
            found[last] = value.strip()
    return found


def relations(text: str) -> tuple[tuple[str, ...], ...]:
    """The names of a relationship field: groups of alternatives; versions are not read."""
    groups = []
    for part in filter(str.strip, text.split(",")):
        names = (RELATION.fullmatch(one) for one in part.split("|"))
        found = tuple(name[1] for name in names if name)
        if found:
            groups.append(found)
    return tuple(groups)


def closure(
    index: PackageIndex, wanted: Sequence[str], dropped: Iterable[str] = ()
) -> tuple[Package, ...]:
    """The packages that are wanted with all that they depend on, by name.

    ``dropped`` are not followed: what they do for others is done in another way. An alternative
    that is in the set already wins over the first one. Raises PlanError for a name that no index
    has.
    """
    chosen: dict[str, Package] = {}
    skip = set(dropped)
    queue: list[tuple[tuple[str, ...], str]] = [((name,), "") for name in wanted]
    while queue:
        group, by = queue.pop(0)
        if any(satisfied(index, name, chosen, skip) for name in group):
            continue
        package = first_of(index, group, chosen)
        if package is None:
            raise PlanError(
                f"Debian has no package {' or '.join(group)}"
                + (f", which {by} depends on" if by else ""),
                code="apt-package-missing",
                hint="look the name up at packages.debian.org and correct --apt",
            )
        chosen[package.name] = package
        if len(chosen) > MAX_PACKAGES:
            raise PlanError("the packages depend on too many others", code="apt-too-many")
        queue += [(needed, package.name) for needed in package.depends]
    return tuple(chosen[name] for name in sorted(chosen))


def satisfied(
    index: PackageIndex, name: str, chosen: Mapping[str, Package], skip: set[str]
) -> bool:
    """Whether the name is dropped, chosen, or provided by a chosen package."""
    plain = name.partition("=")[0]
    return plain in chosen or plain in skip or any(p in chosen for p in index.providers(plain))


def first_of(
    index: PackageIndex, group: Sequence[str], chosen: Mapping[str, Package]
) -> Package | None:
    """The package for the first alternative that exists, really or virtually."""
    for name in group:
        plain, _, version = name.partition("=")
        plain = plain.partition(":")[0]
        found = index.find(plain, version)
        if found is not None:
            return found
        for provider in index.providers(plain):
            found = index.find(provider)
            if found is not None:
                return found
    return None
