"""Locked files that only this host has: in a find-links folder or a ``file://`` index of pip's.

No build can fetch them, so the build context brings them along. The plan knows their names and
hashes alone; where they lie on this host is asked anew when a context is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from nb2image.model import LockedPackage
from nb2image.network import NetworkConfig
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.index.listing import IndexFile
from nb2image.requirements.index.local import local_page, local_path, read_local


def vendored_only(
    packages: Iterable[LockedPackage], index: PackageIndex, network: NetworkConfig
) -> tuple[LockedPackage, ...]:
    """The packages; what an index on the network has too is no longer marked as vendored.

    Raises RequirementsError.
    """
    return tuple(checked(p, index, network) if p.vendored else p for p in packages)


def checked(package: LockedPackage, index: PackageIndex, network: NetworkConfig) -> LockedPackage:
    """The vendored package with its size, or as one of the network's."""
    project = index.project(package.name)
    for file in project.files if project else ():
        if local_path(file.url) is None and f"sha256:{file.sha256}" in package.hashes:
            return replace(package, vendored="", size=file.size)
    found = find_vendored((package,), network).get(package.vendored)
    return replace(package, size=found.stat().st_size) if found else package


def find_vendored(packages: Iterable[LockedPackage], network: NetworkConfig) -> dict[str, Path]:
    """{file name: where it lies on this host} of the vendored packages; lost ones are left out."""
    found: dict[str, Path] = {}
    for package in packages:
        if not package.vendored:
            continue
        for file in local_files(package.name, network):
            path = local_path(file.url)
            if path and file.name == package.vendored and is_locked(path, file, package):
                found[package.vendored] = path
                break
    return found


def local_files(name: str, network: NetworkConfig) -> Iterator[IndexFile]:
    """A project's files in every index and folder of this host."""
    if not network.no_index:
        for index in (network.index_url, *network.extra_index_urls):
            folder = local_path(index) if index else None
            if folder is not None:
                yield from local_page(folder / name / "index.html", name)
    for link in network.find_links:
        yield from read_local(link, name) or ()


def is_locked(path: Path, file: IndexFile, package: LockedPackage) -> bool:
    """Whether the file is there and is the locked one, as far as its index tells its hash."""
    return path.is_file() and (not file.sha256 or f"sha256:{file.sha256}" in package.hashes)
