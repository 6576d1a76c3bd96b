"""Debian packages upon a finished base: one layer with what the plan needs and the base lacks.

As upon a base made of packages no maintainer script runs; nothing of the base is made newer.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from nb2image.build.embedded.base import Base, resolve
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.debian import ldcache
from nb2image.build.embedded.debian.archive import DebianArchive, state
from nb2image.build.embedded.debian.closure import closure, refuse_conflicts
from nb2image.build.embedded.debian.deb import Deb, Unpacked
from nb2image.build.embedded.debian.index import Package
from nb2image.build.embedded.debian.installed import STATUS, Installed, read_installed
from nb2image.build.embedded.debian.root import (
    TRIPLETS,
    dpkg_info,
    first_names,
    first_written,
    loadable,
    merged,
    needs_scripts,
    plain,
    refuse_unhandled,
    script_effects,
    status,
    write_entry,
)
from nb2image.build.embedded.debian.source import DROPPED, TIME
from nb2image.build.embedded.layer import Compression, Layer, LayerWriter
from nb2image.build.embedded.tarhead import Owner
from nb2image.errors import PlanError
from nb2image.image.base import PACKAGED
from nb2image.model import BuildPlan

RECIPE = 1
RELEASES = frozenset(PACKAGED.values())
WITHOUT_DPKG = "dpkg"
"""A base that lacks it was put together without scripts, and keeps no tools for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagesUpon:
    """Adds a plan's packages to bases from a registry or an archive."""

    archive: DebianArchive
    cache: BlobCache
    compression: Compression = "gzip"

    def added(self, base: Base, plan: BuildPlan) -> Base:
        """The base with one more layer where it lacks what the plan needs.

        Raises PlanError, with the package named, for what only an engine can install.
        """
        wanted = tuple(sorted(p.name for p in plan.requirements.system if p.stage == "final"))
        if not wanted:
            return base
        there = read_installed(self.cache, base)
        refuse_unknown(there, wanted)
        packages = self._packages(there, base.architecture, wanted)
        if not packages:
            return base
        return replace(base, added=(self._layer(packages, there, base),))

    def _packages(
        self, there: Installed, architecture: str, wanted: tuple[str, ...]
    ) -> tuple[Package, ...]:
        releases = self.archive.releases(there.codename)
        has = hashlib.sha256(repr(sorted(there.packages.items())).encode()).hexdigest()
        archive = state(releases, architecture)
        key = f"packages-upon/{RECIPE}/{architecture}/{archive}/{has}/{wanted}"
        known = self.cache.fact(key, tuple[Package, ...])
        if known is None:
            index = self.archive.index(releases, architecture)
            dropped = () if WITHOUT_DPKG in there.packages else DROPPED
            known = closure(index, wanted, dropped, there.packages)
            refuse_conflicts(known, there.packages)
            self.cache.remember(key, known)
        return known

    def _layer(self, packages: Sequence[Package], there: Installed, base: Base) -> Layer:
        hashes = "+".join(p.sha256 for p in packages)
        below = "+".join(layer.diff_id for layer in base.layers)
        key = f"layer-upon/{RECIPE}/{base.architecture}/{self.compression}/{hashes}/{below}"

        def make(file: BinaryIO) -> Layer:
            refuse_unhandled(self.archive.controls(packages))
            debs = self.archive.debs(packages, merged=False)
            files = addition(packages, debs, there, base.architecture)
            return write_addition(file, packages, files, there, self.compression)

        return self.cache.layer(key, make)


def refuse_unknown(there: Installed, wanted: Sequence[str]) -> None:
    """Raise PlanError for a base whose packages are not those of a Debian release known here."""
    if there.distribution == "debian" and there.codename in RELEASES and there.packages:
        return
    found = " ".join(filter(None, (there.distribution, there.codename))) or "of no known release"
    found += "" if there.packages else " and does not say which packages it has"
    raise PlanError(
        f"the embedded builder installs packages upon Debian {', '.join(sorted(RELEASES))}, and "
        f"this base is {found}; the plan needs {', '.join(wanted)}",
        code="embedded-needs-run",
        hint="build with an engine (--builder docker) or with podman (--builder podman), or name "
        "a base of one of these releases",
    )


def addition(
    packages: Sequence[Package], debs: Mapping[str, Deb], there: Installed, architecture: str
) -> dict[str, Unpacked]:
    """What the layer holds, by path: the packages' files and the tables of them and the base."""
    found: dict[str, Unpacked] = {}
    for path, one in merged(debs.values()).items():
        real = there.real(path)
        old = there.places.get(real)
        # dpkg, too, leaves a folder that is there as it is, and a link to one
        if old is not None and (one.kind == tarfile.DIRTYPE or old.kind == tarfile.DIRTYPE):
            continue
        target = there.real(one.target) if one.kind == tarfile.LNKTYPE else one.target
        found[real] = replace(one, path=real, target=target)
    for path, one in script_effects(debs, found).items():
        real = there.real(path)
        if real in there.places and path.startswith("etc/alternatives/"):
            name = path.rpartition("/")[2]
            raise needs_scripts([f"those that are alternatives for the base's {name}"])
        if real not in there.places:
            found[real] = replace(one, path=real)
    triplet = TRIPLETS[architecture]
    defaults = (f"usr/lib/{triplet}", f"lib/{triplet}", "usr/lib", "lib")
    folders = dict.fromkeys((*there.loader, *(resolve(there.places, d) for d in defaults)))
    libraries = {**there.libraries, **loadable(found)}
    made = [
        plain("etc/ld.so.cache", ldcache.write(libraries, folders, architecture)),
        plain(STATUS, table(there.status, packages)),
        *dpkg_info(packages, debs, architecture),
    ]
    for one in made:
        real = there.real(one.path)
        found[real] = replace(one, path=real)
    return found


def table(before: bytes, packages: Sequence[Package]) -> bytes:
    """The base's table of packages with those that are added."""
    head = before.rstrip(b"\n")
    return (head + b"\n\n" if head else b"") + status(packages)


def write_addition(
    file: BinaryIO,
    packages: Sequence[Package],
    entries: Mapping[str, Unpacked],
    there: Installed,
    compression: Compression,
) -> Layer:
    """Write the layer; folders of the base stay as they are."""
    writer = LayerWriter(file, time=TIME, compression=compression)
    for path, one in sorted(first_written(entries).items()):
        parts = path.split("/")
        for count in range(1, len(parts)):
            folder = "/".join(parts[:count])
            known = there.places.get(folder)
            if known is not None and known.kind == tarfile.DIRTYPE:
                owner = Owner(uid=known.uid, gid=known.gid)
                writer.folder(folder, mode=known.mode, owner=owner)
        write_entry(writer, one)
    return writer.finish(f"system packages: {first_names(packages)}")
