"""Distributions that nothing imports and that a call needs all the same.

What a rule asks for is a distribution of its own, so that it is there whatever version is
resolved, and the extra of the distribution that needs it where its release has one that brings
little else: the extra knows which versions fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from packaging.markers import UndefinedEnvironmentName
from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from nb2image.errors import RequirementsError
from nb2image.model import DirectRequirement, Evidence, Script
from nb2image.requirements.code.usage import Use, find_usage
from nb2image.requirements.index.archive import Contents
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.index.release import Release, choose_release
from nb2image.requirements.naming.rules import ANY, Rule, load_rules
from nb2image.requirements.naming.verify import STANDS_DOWN, requirements_of
from nb2image.requirements.target import Target

MAX_EXTRA = 3
"""Distributions that an extra may bring and still be taken."""


def hidden_needs(
    script: Script,
    direct: Sequence[DirectRequirement],
    index: PackageIndex,
    target: Target,
    *,
    as_of: str = "",
) -> tuple[DirectRequirement, ...]:
    """The requirements with what their use needs beyond the imports, each with its reason.

    Raises RequirementsError when the index cannot be asked.
    """
    return with_hidden(script, direct, index, target, as_of=as_of)[0]


def with_hidden(
    script: Script,
    direct: Sequence[DirectRequirement],
    index: PackageIndex,
    target: Target,
    *,
    as_of: str = "",
) -> tuple[tuple[DirectRequirement, ...], tuple[DirectRequirement, ...]]:
    """As ``hidden_needs``, and what is left out because another requirement brings it, or ought to.

    That is so for the releases of ``as_of``: those that are locked in the end may not.
    """
    uses = find_usage(script)
    imported = {
        ".".join(parts[:length])
        for parts in (u.name.split(".") for u in uses if u.kind == "import")
        for length in range(1, len(parts) + 1)
    }
    settled = imported | {u.name.partition("=")[0] for u in uses if u.kind == "variable"}
    found = Found(direct, index, target, as_of)
    rules = [rule for rule in load_rules() if not settled.intersection(rule.unless)]
    for rule in rules:
        if rule.owner in {*imported, ANY} and (use := rule.first(uses)):
            found.apply(rule, use)
    for rule in rules:
        if rule.owner.partition(".")[0] in {*imported, ANY} or not found.may_have(rule):
            continue
        if (use := rule.first(uses)) and found.has(rule):
            found.apply(rule, use)
    left_out = tuple(found.brought[n] for n in sorted(found.brought) if n not in found.by_name)
    return tuple(found.by_name[name] for name in sorted(found.by_name)), left_out


class Found:
    """The requirements, with what rules add to them."""

    def __init__(
        self,
        direct: Sequence[DirectRequirement],
        index: PackageIndex,
        target: Target,
        as_of: str,
    ) -> None:
        self.by_name = {d.name: d for d in direct}
        self.brought: dict[str, DirectRequirement] = {}
        self._index = index
        self._target = target
        self._known = Releases(index, target, as_of)

    def may_have(self, rule: Rule) -> bool:
        """Whether ``has`` may be true, told without the index."""
        return rule.given or rule.distribution in self.by_name

    def has(self, rule: Rule) -> bool:
        """Whether the code may meet the owner's objects without importing it: what a call gives
        is used too. Raises RequirementsError."""
        there = rule.distribution in self.by_name
        return there or (rule.given and self._comes_along(rule.distribution))

    def _comes_along(self, name: str) -> bool:
        return any(name in self._known.brings(d) for d in self.by_name.values())

    def apply(self, rule: Rule, use: Use) -> None:
        """Adds what a rule needs for one of its uses. Raises RequirementsError."""
        owner = self.by_name.get(rule.distribution)
        release = self._known.release(owner) if owner else None
        likely = owner or (DirectRequirement(name=rule.distribution) if rule.given else None)
        if rule.versions and not holds_for(rule, self._known.preferred(likely) if likely else None):
            return
        extra = (
            rule.extra and release and small_extra(release, rule.extra, self._index, self._target)
        )
        if owner and extra:
            said = evidence(owner.name, use, rule)
            self.by_name[owner.name] = replace(
                owner,
                extras=tuple(sorted({*owner.extras, rule.extra})),
                evidence=(*owner.evidence, said),
            )
            if rule.by_extra:
                return
        for alternatives in rule.needs:
            name = next((n for n in alternatives if n in self.by_name), alternatives[0])
            said = evidence(name, use, rule)
            old = self.by_name.get(name)
            if old:
                told = old.evidence if said in old.evidence else (*old.evidence, said)
                self.by_name[name] = replace(old, evidence=told)
            elif rule.bounds.get(name):
                # what a release forgets to require: it is asked for once that release is locked
                bound = rule.bounds[name]
                self.brought[name] = DirectRequirement(name=name, specifier=bound, evidence=(said,))
            elif rule.listed or not self._comes_along(name):
                self.by_name[name] = DirectRequirement(name=name, evidence=(said,))
            else:
                self.brought[name] = DirectRequirement(name=name, evidence=(said,))


def holds_for(rule: Rule, release: Release | None) -> bool:
    """Whether a rule for some versions holds; of an unknown release, unless it bounds others."""
    if release is None:
        return not any(rule.bounds.values())
    return SpecifierSet(rule.versions).contains(release.version, prereleases=True)


def evidence(name: str, use: Use, rule: Rule) -> Evidence:
    """Why a distribution is needed."""
    return Evidence(
        rule="hidden",
        candidate=name,
        won=True,
        detail=f"{shown(use)}: {rule.reason}",
        place=use.place,
        source=rule.source,
    )


def shown(use: Use) -> str:
    """A use in the words of the code."""
    return {
        "call": f"{use.name}()",
        "method": f".{use.name}()",
        "attribute": f".{use.name}",
        "import": f"import {use.name}",
        "string": repr(use.name[:60]),
        "variable": use.name,
        "program": f"!{use.name}",
    }[use.kind]


class Releases:
    """The releases that are likely to be resolved, each looked up once."""

    def __init__(self, index: PackageIndex, target: Target, as_of: str) -> None:
        self._index = index
        self._target = target
        self._as_of = as_of
        self._releases: dict[tuple[str, str], Release | None] = {}
        self._brought: dict[tuple[str, str], frozenset[str]] = {}

    def release(self, wanted: DirectRequirement) -> Release | None:
        """A requirement's release; None for a direct reference. Raises RequirementsError."""
        key = (wanted.name, wanted.specifier)
        if key not in self._releases:
            project = None if wanted.url else self._index.project(wanted.name)
            self._releases[key] = (
                choose_release(project, self._target, wanted.specifier, self._as_of)
                if project
                else None
            )
        return self._releases[key]

    def preferred(self, wanted: DirectRequirement) -> Release | None:
        """The release within the bounds that are preferred, where there is one.

        Raises RequirementsError.
        """
        if wanted.preferred:
            bounds = ",".join(b for b in (wanted.specifier, wanted.preferred) if b)
            found = self.release(replace(wanted, specifier=bounds))
            if found is not None:
                return found
        return self.release(wanted)

    def brings(self, wanted: DirectRequirement) -> frozenset[str]:
        """What a requirement brings along, one level deep. Raises RequirementsError."""
        key = (wanted.name, wanted.specifier)
        if key not in self._brought:
            release = self.release(wanted)
            contents = readable(release, self._index)
            self._brought[key] = frozenset(
                canonicalize_name(r.name) for r in requirements_of(contents, self._target)
            )
        return self._brought[key]


def readable(release: Release | None, index: PackageIndex) -> Contents:
    """What lies inside a release; nothing when it cannot be read.

    Raises RequirementsError when the index cannot be asked.
    """
    try:
        return index.contents(release.file) if release else Contents(members=(), metadata="")
    except RequirementsError as error:
        if error.code in STANDS_DOWN:
            raise
        return Contents(members=(), metadata="")


def small_extra(release: Release, extra: str, index: PackageIndex, target: Target) -> bool:
    """Whether a release has an extra that brings few distributions."""
    return 0 < len(extra_brings(release, extra, index, target)) <= MAX_EXTRA


def extra_brings(
    release: Release, extra: str, index: PackageIndex, target: Target
) -> frozenset[str]:
    """The distributions that an extra of a release adds; none where the release lacks it."""
    raw, _ = parse_email(readable(release, index).metadata)
    wanted = canonicalize_name(extra)
    if wanted not in {canonicalize_name(e) for e in raw.get("provides_extra", [])}:
        return frozenset()
    brought = set()
    for text in raw.get("requires_dist", []):
        try:
            requirement = Requirement(text)
            environment = {**target.marker_environment(), "extra": wanted}
            if requirement.marker and requirement.marker.evaluate(environment):
                without = {**environment, "extra": ""}
                if not requirement.marker.evaluate(without):
                    brought.add(canonicalize_name(requirement.name))
        except (InvalidRequirement, UndefinedEnvironmentName):
            continue
    return frozenset(brought)
