"""Brings the locked wheels onto this machine, each verified against the lock's hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.http import PIECE, Http
from nb2image.build.embedded.venv import Wheel
from nb2image.errors import BuildError, PlanError
from nb2image.model import BuildPlan, LockedPackage
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.index.local import local_path
from nb2image.requirements.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelSource:
    """Where wheels come from."""

    index: PackageIndex
    http: Http
    cache: BlobCache
    folder: Path | None = None
    """Of the locked files that no index on the network serves."""

    def one(self, package: LockedPackage) -> Wheel:
        """A package's wheel."""
        for digest in package.hashes:
            path = self.cache.find(digest)
            # a lock may allow several files; the wheel's name is remembered with its bytes
            known = self.cache.fact(f"wheel-name/{digest}", str)
            if path is not None and known == package.wheel:
                return wheel(package, path, digest)
        url, digest = self._address(package)
        path = self._fetched(url, digest, package)
        self.cache.remember(f"wheel-name/{digest}", package.wheel)
        return wheel(package, path, digest)

    def _address(self, package: LockedPackage) -> tuple[str, str]:
        if package.url:
            return package.url, package.hashes[0]
        if package.vendored and self.folder and (self.folder / package.vendored).is_file():
            return (self.folder / package.vendored).resolve().as_uri(), package.hashes[0]
        project = self.index.project(package.name)
        for file in project.files if project else ():
            if file.name != package.wheel:
                continue
            digest = f"sha256:{file.sha256}"
            if not file.sha256:  # a folder of wheels: the file itself tells
                found = local_path(file.url)
                digest = digest_of(found) if found else package.hashes[0]
            if digest in package.hashes:
                return file.url, digest
        raise BuildError(
            f"the package index no longer has {package.wheel} with the hash of the lock",
            code="wheel-missing",
            hint="convert the notebook again to make a new lock",
        )

    def _fetched(self, url: str, digest: str, package: LockedPackage) -> Path:
        local = local_path(url)
        if local is None:
            return self.http.blob(url, self.cache, digest, size=package.size, what=package.wheel)
        found = self.cache.find(digest)
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


def wheel(package: LockedPackage, path: Path, digest: str) -> Wheel:
    """The record of a wheel that is here."""
    return Wheel(package=package, path=path, sha256=digest[7:], size=path.stat().st_size)


def refuse_what_needs_a_run(plan: BuildPlan) -> None:
    """Raise PlanError, naming every package that has no wheel: nothing is compiled here."""
    source = [p for p in plan.requirements.locked if not p.wheel or not p.hashes]
    if source:
        names = ", ".join(f"{p.name} {p.version}".strip() for p in source)
        raise PlanError(
            f"the embedded builder installs wheels only, and there is none for: {names}",
            code="embedded-needs-wheels",
            hint="build with an engine (--builder docker, or podman, which needs no daemon and no "
            "root), or choose a Python for which they exist",
        )


def refuse_what_does_not_fit(plan: BuildPlan, target: Target) -> None:
    """Raise PlanError for wheels that the base's C library or processor cannot run."""
    tags = set(target.tags())
    wrong = []
    for package in plan.requirements.locked:
        try:
            fits = not tags.isdisjoint(parse_wheel_filename(package.wheel)[3])
        except InvalidWheelFilename:
            fits = False
        if not fits:
            wrong.append(package.wheel)
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
