"""The rules for hidden needs: which use of a library needs what nothing imports.

They stand in ``hidden.toml``; each names what it was learnt from.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nb2image.requirements.code.usage import Use

ANY = "*"
"""The owner of rules that hold for every module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When something is needed that nothing imports."""

    owner: str
    """The module whose use needs it."""
    distribution: str
    """The distribution that brings the owner."""
    needs: tuple[tuple[str, ...], ...]
    """Distributions, all of them; each with alternatives that do as well."""
    given: bool = False
    """The owner's objects are what other libraries give: who brings it is enough."""
    bounds: Mapping[str, str] = field(default_factory=dict)
    """Which versions of them."""
    extra: str = ""
    by_extra: bool = False
    """The extra says it all and every release that needs the distributions has it."""
    listed: bool = False
    """Named even where something else brings it."""
    calls: tuple[str, ...] = ()
    """Patterns of dotted names below the owner."""
    methods: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    strings: re.Pattern[str] | None = None
    """A text anywhere in the code."""
    argument: re.Pattern[str] | None = None
    """One of a call's texts must match, or for ``no_argument`` none may."""
    no_argument: re.Pattern[str] | None = None
    keywords: tuple[str, ...] = ()
    """``name`` or ``name=value``: the call must have one of them."""
    variables: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    """Modules that are imported, or environment variables that are set, and make it unnecessary."""
    versions: str = ""
    """Only for these versions of the owner's distribution."""
    reason: str = ""
    source: str = ""

    def first(self, uses: Iterable[Use]) -> Use | None:
        """The first use that is one of the rule's."""
        return next((use for use in uses if self.matches(use)), None)

    def matches(self, use: Use) -> bool:
        """Whether a use is one of the rule's."""
        if use.kind in {"call", "method"}:
            if use.kind == "call" and any(fnmatchcase(use.name, i) for i in self.imports):
                return True  # what is imported by name, reached through its module
            if not self.calls and not self.methods:
                # keywords alone: they say enough whatever is called with them
                return bool(self.keywords) and self._fits(use)
            if use.kind == "call":
                named = any(fnmatchcase(use.name, call) for call in self.calls)
            else:
                named = not set(self.methods).isdisjoint((use.name, use.name.rpartition(".")[2]))
            return named and self._fits(use)
        if use.kind == "attribute":
            return use.name.rpartition(".")[2] in self.attributes or use.name in self.attributes
        if use.kind == "import":
            return any(fnmatchcase(use.name, i) for i in self.imports)
        if use.kind == "variable":
            return use.name in self.variables
        if use.kind == "program":
            return use.name in self.programs
        return self.strings is not None and self.strings.search(use.name) is not None

    def _fits(self, use: Use) -> bool:
        if self.argument and not any(self.argument.search(s) for s in use.strings):
            return False
        if self.no_argument and any(self.no_argument.search(s) for s in use.strings):
            return False
        if not self.keywords:
            return True
        given = {name for name, _ in use.keywords} | {f"{n}={v}" for n, v in use.keywords}
        return not given.isdisjoint(self.keywords)


@lru_cache(maxsize=1)
def load_rules() -> tuple[Rule, ...]:
    """The rules that ship with nb2image."""
    return read_rules((Path(__file__).parent / "hidden.toml").read_text(encoding="utf-8"))


def read_rules(text: str) -> tuple[Rule, ...]:
    """The rules in a TOML text."""
    table = tomllib.loads(text)
    return tuple(
        read_rule(owner, row, about)
        for owner, about in table.items()
        for row in about.get("rule", ())
    )


def read_rule(owner: str, row: Mapping[str, Any], about: Mapping[str, Any]) -> Rule:
    """One rule of an owner's table."""
    distribution = canonicalize_name(about.get("distribution", owner))
    needs = [[Requirement(text) for text in need.split("|")] for need in row["needs"]]
    return Rule(
        owner=owner,
        distribution=distribution,
        needs=tuple(tuple(str(canonicalize_name(n.name)) for n in need) for need in needs),
        bounds={canonicalize_name(n.name): str(n.specifier) for need in needs for n in need},
        given=about.get("given", False),
        extra=row.get("extra", ""),
        by_extra=row.get("by_extra", False),
        listed=row.get("listed", False),
        calls=tuple(below(owner, call) for call in row.get("calls", ())),
        methods=tuple(row.get("methods", ())),
        attributes=tuple(row.get("attributes", ())),
        imports=tuple(below(owner, name) for name in row.get("imports", ())),
        strings=pattern(row.get("strings")),
        argument=pattern(row.get("argument")),
        no_argument=pattern(row.get("no_argument")),
        keywords=tuple(row.get("keywords", ())),
        variables=tuple(row.get("variables", ())),
        programs=tuple(row.get("programs", ())),
        unless=tuple(row.get("unless", ())),
        versions=row.get("versions", ""),
        reason=row["reason"],
        source=row.get("source", about["source"]),
    )


def below(owner: str, pattern: str) -> str:
    """A pattern of dotted names below the owner, of the owner itself when it is empty."""
    return f"{owner}.{pattern}" if pattern else owner


def pattern(text: str | None) -> re.Pattern[str] | None:
    """A regular expression, None for none."""
    return re.compile(text) if text else None
