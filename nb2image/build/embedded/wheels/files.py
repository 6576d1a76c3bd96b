"""Brings the locked files onto this machine, each verified against the lock's hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.http import PIECE, Http
from nb2image.build.embedded.wheels.venv import Wheel
from nb2image.errors import BuildError, PlanError
from nb2image.model import BuildPlan, LockedPackage
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.index.local import local_path
from nb2image.requirements.target import Target

FROM_SOURCE = "wheels built from source"
"""The step of a build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltWheel:
    """A wheel that was made here of a source distribution; it lies in the blob cache."""

    name: str
    """Its file name."""
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedFile:
    """A file on this machine whose hash is one of the lock's."""

    name: str
    path: Path
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource:
    """Where the lock's files come from."""

    index: PackageIndex
    http: Http
    cache: BlobCache
    folder: Path | None = None
    """Of the locked files that no index on the network serves."""
    built: Mapping[str, BuiltWheel] = field(default_factory=dict)
    """By the name of a package that has no wheel."""

    def wheel(self, package: LockedPackage) -> Wheel:
        """A package's wheel: the lock's, or the one that was built."""
        made = self.built.get(package.name)
        if made is not None:
            path, digest = self.cache.path(made.digest), made.digest
        else:
            locked = self.file(package)
            path, digest = locked.path, locked.digest
        return Wheel(package=package, path=path, sha256=digest[7:], size=path.stat().st_size)

    def file(self, package: LockedPackage) -> LockedFile:
        """A package's wheel, or its source distribution where the lock names no wheel."""
        for digest in package.hashes:
            path = self.cache.find(digest, package.size)
            # a lock may allow several files; a file's name is remembered with its bytes
            name = self.cache.fact(f"wheel-name/{digest}", str)
            if path is not None and name and is_wanted(name, package):
                return LockedFile(name=name, path=path, digest=digest)
        name, url, digest = self._address(package)
        path = self._fetched(url, digest, package)
        self.cache.remember(f"wheel-name/{digest}", name)
        return LockedFile(name=name, path=path, digest=digest)

    def _address(self, package: LockedPackage) -> tuple[str, str, str]:
        """The name of the file, where it is, and its hash."""
        if package.url:
            name = package.wheel or unquote(urlsplit(package.url).path.rpartition("/")[2])
            return name, package.url, package.hashes[0]
        if package.vendored and self.folder and (self.folder / package.vendored).is_file():
            url = (self.folder / package.vendored).resolve().as_uri()
            return package.vendored, url, package.hashes[0]
        project = self.index.project(package.name)
        for file in project.files if project else ():
            if not is_wanted(file.name, package):
                continue
            digest = f"sha256:{file.sha256}"
            if not file.sha256:  # a folder of files: the file itself tells
                found = local_path(file.url)
                digest = digest_of(found) if found else package.hashes[0]
            if digest in package.hashes:
                return file.name, file.url, digest
        named = package.wheel or f"a source of {package.name} {package.version}"
        raise BuildError(
            f"the package index no longer has {named} with the hash of the lock",
            code="wheel-missing",
            hint="convert the notebook again to make a new lock",
        )

    def _fetched(self, url: str, digest: str, package: LockedPackage) -> Path:
        local = local_path(url)
        if local is None:
            what = package.wheel or f"{package.name} {package.version}"
            return self.http.blob(url, self.cache, digest, size=package.size, what=what)
        found = self.cache.find(digest, package.size)
        if found:
            return found
        with self.cache.writing() as file, local.open("rb") as source:
            sha = hashlib.sha256()
            while piece := source.read(PIECE):
                sha.update(piece)
                file.write(piece)
            if f"sha256:{sha.hexdigest()}" != digest:
                raise BuildError(
                    f"{local} is not the file of the lock: its hash differs", code="hash-mismatch"
                )
            return self.cache.keep(file, digest)


def is_wanted(name: str, package: LockedPackage) -> bool:
    """Whether a file of a package is the lock's wheel, or a source where the lock has no wheel."""
    return name == package.wheel if package.wheel else not name.endswith(".whl")


def refuse_what_has_no_hash(plan: BuildPlan) -> None:
    """Raise PlanError, naming every package that is no file with a hash, but a repository."""
    source = [p for p in plan.requirements.locked if not p.hashes]
    if source:
        names = ", ".join(f"{p.name} {p.version}".strip() for p in source)
        raise PlanError(
            f"the embedded builder installs files that the lock has hashes of; not: {names}",
            code="embedded-needs-wheels",
            hint="build with an engine (--builder docker, or podman, which needs no daemon and no "
            "root), or name a release of the package index instead",
        )


def refuse_what_does_not_fit(
    plan: BuildPlan, target: Target, built: Mapping[str, BuiltWheel]
) -> None:
    """Raise PlanError for wheels that the base's C library or processor cannot run."""
    tags = set(target.tags())
    wrong = []
    for package in plan.requirements.locked:
        name = package.wheel or built[package.name].name
        try:
            fits = not tags.isdisjoint(parse_wheel_filename(name)[3])
        except InvalidWheelFilename:
            fits = False
        if not fits:
            wrong.append(name)
    if wrong:
        raise PlanError(
            f"these wheels do not run on {target.platform} with Python {target.python}: "
            + ", ".join(wrong),
            code="embedded-platform",
            hint="convert the notebook again with --platform, or name another base",
        )


def digest_of(path: Path) -> str:
    """``sha256:…`` of a file."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
