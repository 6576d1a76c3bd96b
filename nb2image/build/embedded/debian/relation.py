"""What a package asks of others: names, and the versions that will do. Pure.

https://www.debian.org/doc/debian-policy/ch-relationships.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from nb2image.build.embedded.debian.version import compare

PATTERN = re.compile(
    r"\s*(?P<name>[a-z0-9][a-z0-9+.-]*)(?::\S+)?\s*"
    r"(?:\(\s*(?P<operator><<|<=|=|>=|>>)\s*(?P<version>[^\s)]+)\s*\))?\s*(?:\[.*?\])?\s*"
)
OPERATORS: dict[str, Callable[[int, int], bool]] = {
    "<<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
    ">>": operator.gt,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One package that is named by another, or by a user."""

    name: str
    operator: str = ""
    """``>=`` and the like; empty for any version."""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.operator} {self.version})" if self.operator else self.name

    def allows(self, version: str) -> bool:
        """Whether a version of the package will do."""
        return not self.operator or OPERATORS[self.operator](compare(version, self.version), 0)

    def provided_by(self, offer: Relation) -> bool:
        """Whether what a package provides will do: without a version it is of none."""
        if offer.name != self.name:
            return False
        return not self.operator or (bool(offer.version) and self.allows(offer.version))


def relations(text: str) -> tuple[tuple[Relation, ...], ...]:
    """The groups of a relationship field; each needs one of its alternatives."""
    groups = []
    for part in filter(str.strip, text.split(",")):
        found = (PATTERN.fullmatch(one) for one in part.split("|"))
        group = tuple(
            Relation(name=m["name"], operator=m["operator"] or "", version=m["version"] or "")
            for m in found
            if m
        )
        if group:
            groups.append(group)
    return tuple(groups)


def singles(text: str) -> tuple[Relation, ...]:
    """The relations of a field that has no alternatives: Provides, Conflicts, Breaks."""
    return tuple(group[0] for group in relations(text))


def asked(name: str) -> Relation:
    """What a user names: ``package``, ``package:architecture``, ``package=version``."""
    plain, equals, version = name.partition("=")
    return Relation(name=plain.partition(":")[0], operator="=" if equals else "", version=version)
