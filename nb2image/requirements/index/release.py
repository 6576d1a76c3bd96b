"""Chooses a release of a project, and the file of it that the image would install."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, parse_tag
from packaging.version import InvalidVersion, Version

from nb2image.requirements.index.listing import IndexFile, Project, file_version
from nb2image.requirements.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A version with the best of its files."""

    version: Version
    file: IndexFile
    fits: bool
    """Whether the file can be installed on the target; else it only shows what is inside."""


def releases(
    project: Project, specifier: str = "", as_of: str = ""
) -> Iterator[tuple[Version, list[IndexFile]]]:
    """The versions, the newest first, with their files; yanked files and later ones left out.

    A release that is named exactly is taken though it was yanked (PEP 592). Pre-releases come
    last: they are for projects that have nothing else. With ``as_of`` (ISO date) a file without a
    time is taken only where the project has no times at all.
    """
    by_version: dict[str, list[IndexFile]] = {}
    timed = any(f.upload_time for f in project.files)
    exact = bool(exact_version(specifier))
    for file in project.files:
        if as_of and timed and not "0" < file.upload_time[:10] <= as_of:
            continue
        if file.yanked and not exact:
            continue
        by_version.setdefault(file_version(file, project.name), []).append(file)
    allowed = parse_specifier(specifier)
    found: dict[Version, list[IndexFile]] = {}
    for text, files in by_version.items():
        try:
            version = Version(text)
        except InvalidVersion:
            continue
        if allowed.contains(version, prereleases=True):
            found.setdefault(version, []).extend(files)
    for version in sorted(found, key=lambda v: (not v.is_prerelease, v), reverse=True):
        yield version, found[version]


def choose_release(
    project: Project, target: Target, specifier: str = "", as_of: str = ""
) -> Release | None:
    """The newest release with a file for the target.

    Where no release has one, the newest of all: what it holds is still known from its files.
    None when there is no release at all.
    """
    spare: Release | None = None
    order = {tag: rank for rank, tag in enumerate(target.tags())}
    for version, files in releases(project, specifier, as_of):
        if version.is_prerelease and spare is not None:
            break  # a final release that fits nothing here says more than a pre-release
        accepted = [f for f in files if target.accepts(f.requires_python)]
        best = min(
            ((rank, f) for f in accepted if (rank := wheel_rank(f, order)) is not None),
            key=lambda pair: pair[0],
            default=None,
        )
        if best is not None:
            return Release(version=version, file=best[1], fits=True)
        sdist = next((f for f in accepted if not f.is_wheel), None)
        if sdist is not None:
            wheel = next((f for f in files if f.is_wheel), None)
            # The list of a wheel for another platform costs less than the sdist, and is exact.
            return Release(version=version, file=wheel or sdist, fits=True)
        if spare is None and files:
            file = next((f for f in files if f.is_wheel), files[0])
            spare = Release(version=version, file=file, fits=False)
    return spare


def wheel_days(project: Project, target: Target, specifier: str = "") -> tuple[str, str] | None:
    """The first and the last day on which a wheel for the target came out, sdists as a last resort.

    None when nothing can be installed there; empty days when the index tells no times.
    """
    order = {tag: rank for rank, tag in enumerate(target.tags())}
    wheels, sdists = [], []
    found_all = list(releases(project, specifier))
    finals = [(version, files) for version, files in found_all if not version.is_prerelease]
    for _, files in finals or found_all:
        for file in files:
            if not target.accepts(file.requires_python):
                continue
            if not file.is_wheel:
                sdists.append(file.upload_time[:10])
            elif wheel_rank(file, order) is not None:
                wheels.append(file.upload_time[:10])
    found = wheels or sdists
    return (min(found), max(found)) if found else None


def wheel_rank(file: IndexFile, order: dict[Tag, int]) -> int | None:
    """The place of a wheel's best tag in the target's order; None when it does not fit."""
    if not file.is_wheel:
        return None
    tags = parse_tag("-".join(file.name.removesuffix(".whl").split("-")[-3:]))
    return min((order[tag] for tag in tags if tag in order), default=None)


def exact_version(specifier: str) -> str:
    """The version of ``==1.2``; empty for any other bound."""
    pins = [s.version for s in parse_specifier(specifier) if s.operator in {"==", "==="}]
    return pins[0] if pins and not pins[0].endswith(".*") else ""


def parse_specifier(text: str) -> SpecifierSet:
    """The bounds; one that cannot be read bounds nothing."""
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        return SpecifierSet()
