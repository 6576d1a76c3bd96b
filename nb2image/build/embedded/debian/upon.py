"""Debian packages upon a finished base: one layer with what the plan needs and the base lacks.

As upon a base made of packages no maintainer script runs. What the base has is made newer only
where a package needs that.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from nb2image.build.embedded.bases.base import Base, resolve
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.debian import ldcache
from nb2image.build.embedded.debian.archive import DebianArchive, state
from nb2image.build.embedded.debian.closure import closure, refuse_conflicts
from nb2image.build.embedded.debian.deb import LEFT_OUT, Deb, Unpacked
from nb2image.build.embedded.debian.index import Package
from nb2image.build.embedded.debian.installed import STATUS, Installed, read_installed
from nb2image.build.embedded.debian.made import plain, whiteout
from nb2image.build.embedded.debian.refusals import refuse_known
from nb2image.build.embedded.debian.root import (
    TRIPLETS,
    dpkg_info,
    first_names,
    first_written,
    loadable,
    merged,
    status,
    with_effects,
    write_entry,
)
from nb2image.build.embedded.debian.source import DROPPED, TIME, wanted_names
from nb2image.build.embedded.layers.layer import Compression, Layer, LayerWriter
from nb2image.build.embedded.layers.tarhead import Owner
from nb2image.errors import PlanError
from nb2image.image.base import PACKAGED
from nb2image.model import BuildPlan

RECIPE = 2
RELEASES = frozenset(PACKAGED.values())
INFO = "var/lib/dpkg/info"
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
        if all(package.stage != "final" for package in plan.requirements.system):
            return base
        there = read_installed(self.cache, base)
        wanted = wanted_names(plan, there.codename)
        refuse_unknown(there, wanted)
        packages = self._packages(there, base.architecture, wanted)
        if not packages:
            return base
        refuse_known([p.name for p in packages])
        layer, accounts = self._layer(packages, there, base)
        renewed = [p.name for p in packages if p.name in there.packages]
        reason = base.reason + (f"; made newer: {', '.join(renewed)}" if renewed else "")
        facts = replace(
            base.facts,
            passwd=accounts.get("passwd", base.facts.passwd),
            group=accounts.get("group", base.facts.group),
        )
        return replace(base, added=(layer,), facts=facts, reason=reason)

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
            complete = WITHOUT_DPKG in there.packages
            dropped = () if complete else DROPPED.difference(wanted)
            known = closure(index, wanted, dropped, there.packages, renewing=complete)
            names = {p.name for p in known}
            staying = {name: one for name, one in there.packages.items() if name not in names}
            refuse_conflicts(known, staying)
            self.cache.remember(key, known)
        return known

    def _layer(
        self, packages: Sequence[Package], there: Installed, base: Base
    ) -> tuple[Layer, dict[str, str]]:
        """The layer, and the tables of accounts that it changes."""
        hashes = "+".join(p.sha256 for p in packages)
        below = "+".join(layer.diff_id for layer in base.layers)
        key = f"layer-upon/{RECIPE}/{base.architecture}/{self.compression}/{hashes}/{below}"

        def make(file: BinaryIO) -> Layer:
            debs = self.archive.debs(packages, merged=False)
            files = addition(packages, debs, there, base.architecture)
            self.cache.remember(f"accounts/{key}", accounts(files))
            return write_addition(file, packages, files, there, self.compression)

        layer = self.cache.layer(key, make)
        return layer, self.cache.fact(f"accounts/{key}", dict[str, str]) or {}


def accounts(files: Mapping[str, Unpacked]) -> dict[str, str]:
    """The tables of accounts among files, as ``BaseFacts`` names them."""
    return {
        name: files[f"etc/{name}"].data.decode("utf-8", "replace")
        for name in ("passwd", "group")
        if f"etc/{name}" in files
    }


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
    settings = kept_settings(debs, there)
    for path, one in merged(debs.values()).items():
        real = there.real(path)
        old = there.places.get(real)
        # dpkg, too, leaves a folder that is there as it is, and a link to one
        is_folder = old is not None and tarfile.DIRTYPE in (one.kind, old.kind)
        if is_folder or (old is not None and real in settings):
            continue
        target = there.real(one.target) if one.kind == tarfile.LNKTYPE else one.target
        found[real] = replace(one, path=real, target=target)
    gone = outdated(packages, debs, there)
    staying = {path: one for path, one in there.places.items() if path not in gone}
    found = with_effects(debs, found, staying, there.texts, there.packages, architecture)
    for path in sorted(gone - found.keys()):
        hidden = whiteout(path)
        found[hidden.path] = hidden
    triplet = TRIPLETS[architecture]
    defaults = (f"usr/lib/{triplet}", f"lib/{triplet}", "usr/lib", "lib")
    folders = dict.fromkeys((*there.loader, *(resolve(there.places, d) for d in defaults)))
    libraries = {path: known for path, known in there.libraries.items() if path not in gone}
    libraries |= loadable(found)
    made = [
        plain("etc/ld.so.cache", ldcache.write(libraries, folders, architecture)),
        plain(STATUS, table(there.status, packages)),
        *dpkg_info(packages, debs, architecture),
    ]
    for one in made:
        real = there.real(one.path)
        found[real] = replace(one, path=real)
    return found


def kept_settings(debs: Mapping[str, Deb], there: Installed) -> set[str]:
    """The paths of settings, of which the base's own stay (Debian Policy, 10.7)."""
    lines = (
        line.rpartition(b" ")[2].decode("utf-8", "replace")
        for deb in debs.values()
        for line in deb.control.get("conffiles", b"").splitlines()
    )
    return {there.real(line.strip("/")) for line in lines if line.startswith("/")}


def outdated(packages: Sequence[Package], debs: Mapping[str, Deb], there: Installed) -> set[str]:
    """The files of the base that newer packages do not have any more."""
    renewed = {p.name for p in packages if p.name in there.packages}
    if not renewed:
        return set()
    settings = kept_settings(debs, there)
    old: set[str] = set()
    used: set[str] = {there.real(one.path) for deb in debs.values() for one in deb.files}
    for name, listed in file_lists(there):
        paths = (line.strip("/") for line in listed.splitlines())
        real = {there.real(path) for path in paths if path not in ("", ".")}
        if name in renewed:
            old |= real
        else:
            used |= real
    return {
        path
        for path in old - used - settings
        if path in there.places
        and there.places[path].kind != tarfile.DIRTYPE
        and not LEFT_OUT.match(path)
    }


def file_lists(there: Installed) -> Iterator[tuple[str, str]]:
    """The packages of the base with dpkg's lists of their files."""
    for path, data in there.texts.items():
        folder, _, name = path.rpartition("/")
        if folder == INFO and name.endswith(".list"):
            package = name.removesuffix(".list").partition(":")[0]
            yield package, data.decode("utf-8", "replace")


def table(before: bytes, packages: Sequence[Package]) -> bytes:
    """The base's table of packages with those that are added, or in place of older ones."""
    names = {p.name.encode() for p in packages}
    stanzas = [stanza for stanza in re.split(rb"\n\s*\n", before.strip(b"\n")) if stanza]
    kept = [s for s in stanzas if not (m := re.match(rb"Package: (\S+)", s)) or m[1] not in names]
    return b"".join(stanza + b"\n\n" for stanza in kept) + status(packages)


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
