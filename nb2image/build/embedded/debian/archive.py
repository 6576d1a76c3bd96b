"""Debian's archive on its mirrors: the releases of a suite, their packages, verified."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.debian.deb import Deb, read_deb
from nb2image.build.embedded.debian.index import Package, PackageIndex
from nb2image.build.embedded.debian.release import Release, Verifier, read_packages, read_release
from nb2image.build.embedded.http import CONNECTIONS, Http
from nb2image.errors import BuildError, PlanError

MUCH = 64 * 1000**2
"""Bytes of packages that, unpacked, take more memory than a machine may have left."""
SNAPSHOTS = {
    "Debian": "https://snapshot.debian.org/archive/debian/@SNAPSHOTID@",
    "Debian-Security": "https://snapshot.debian.org/archive/debian-security/@SNAPSHOTID@",
}
"""Where apt looks, too, for releases that name no snapshots of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianArchive:
    """The archive as it is, or as it was. Raises BuildError for what nobody vouches for."""

    http: Http
    cache: BlobCache
    verifier: Verifier
    mirrors: tuple[str, str]
    """Of the archive and of its security updates; the second may be empty."""
    snapshot: str = ""
    """``20260115T000000Z``: the archive as it was then."""

    def releases(self, suite: str) -> list[Release]:
        """The verified releases of a suite: its own, its updates', its security's."""
        main, security = self.mirrors
        asked = [(main, suite), (main, f"{suite}-updates")]
        asked += [(security, f"{suite}-security")] if security else []
        with ThreadPoolExecutor(len(asked)) as threads:
            found = list(threads.map(lambda a: self._release(*a), asked))
        return [release for release in found if release is not None]

    def _release(self, mirror: str, suite: str) -> Release | None:
        dated = bool(self.snapshot)
        if "@SNAPSHOTID@" in mirror:
            return self._read(mirror.replace("@SNAPSHOTID@", self.snapshot), suite, dated=True)
        found = self._read(mirror, suite, dated=dated)
        if found is None or not dated:
            return found
        snapshots = found.snapshots or SNAPSHOTS.get(found.label, "")
        if not snapshots:
            raise PlanError(
                f"this mirror's {suite} names no snapshots",
                code="snapshot-missing",
                hint="give an address of snapshots: --mirror https://…/@SNAPSHOTID@",
            )
        address = snapshots.replace("@SNAPSHOTID@", self.snapshot).rstrip("/")
        return self._read(address, suite, dated=True)

    def _read(self, mirror: str, suite: str, *, dated: bool) -> Release | None:
        try:
            return read_release(self.http, self.verifier, mirror, suite, dated=dated)
        except BuildError as error:
            # releases that are no longer supported lose their updates
            if error.code == "download-missing" and "-" in suite:
                return None
            raise

    def index(self, releases: Sequence[Release], architecture: str) -> PackageIndex:
        """All packages of some releases."""
        packages = PackageIndex()
        with ThreadPoolExecutor(len(releases)) as threads:
            texts = threads.map(
                lambda r: read_packages(self.http, self.cache, r, architecture), releases
            )
            for text, release in zip(texts, releases, strict=True):
                packages.add(text, release.mirror)
        return packages

    def debs(self, packages: Sequence[Package], *, merged: bool = True) -> dict[str, Deb]:
        """The packages themselves, by name; ``merged`` as for ``read_deb``."""
        largest_first = sorted(packages, key=lambda p: -p.size)
        frugal = sum(p.size for p in packages) > MUCH
        with (
            ThreadPoolExecutor(os.cpu_count() or 2) as readers,
            ThreadPoolExecutor(CONNECTIONS) as fetchers,
        ):
            paths = fetchers.map(self._fetch, largest_first)
            coming = [
                (p.name, readers.submit(read_deb, path, p.name, merged=merged, frugal=frugal))
                for p, path in zip(largest_first, paths, strict=True)
            ]
            return {name: deb.result() for name, deb in coming}

    def _fetch(self, package: Package) -> Path:
        return self.http.blob(
            f"{package.mirror}/{package.path}",
            self.cache,
            f"sha256:{package.sha256}",
            size=package.size,
            what=f"{package.name} {package.version}",
        )


def state(releases: Sequence[Release], architecture: str) -> str:
    """What names the packages that some releases have now."""
    index = f"main/binary-{architecture}/Packages.xz"
    return "+".join(str(release.files.get(index)) for release in releases)
