"""An index that exists only in a test: a few releases with the files that they hold."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from nb2image.errors import RequirementsError
from nb2image.requirements.index.archive import Contents
from nb2image.requirements.index.listing import IndexFile, Project


@dataclass
class FakeIndex:
    """A ``PackageIndex`` that is filled with ``add``."""

    files: dict[str, list[IndexFile]] = field(default_factory=dict)
    inside: dict[str, Contents] = field(default_factory=dict)
    sources: dict[tuple[str, str], str] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    """Names of projects for which the index does not answer."""
    uncached: set[str] = field(default_factory=set)
    """Names of projects that an offline run does not have."""

    def add(
        self,
        name: str,
        version: str = "1.0",
        members: Mapping[str, str] | tuple[str, ...] = (),
        *,
        uploaded: str = "2020-01-01",
        tag: str = "py3-none-any",
        requires_python: str = "",
        requires: tuple[str, ...] = (),
        extras: tuple[str, ...] = (),
        yanked: bool = False,
        sdist: bool = False,
    ) -> FakeIndex:
        """Add a release; a mapping of members gives their sources."""
        escaped = name.replace("-", "_")
        filename = f"{escaped}-{version}.tar.gz" if sdist else f"{escaped}-{version}-{tag}.whl"
        file = IndexFile(
            name=filename,
            url=f"https://files.test/{filename}",
            sha256=f"{len(self.inside):064x}",
            requires_python=requires_python,
            upload_time=f"{uploaded}T00:00:00Z" if uploaded else "",
            yanked=yanked,
        )
        lines = [f"Name: {name}", f"Version: {version}"]
        lines += [f"Provides-Extra: {extra}" for extra in extras]
        lines += [f"Requires-Dist: {requirement}" for requirement in requires]
        metadata = "Metadata-Version: 2.1\n" + "\n".join(lines) + "\n"
        self.files.setdefault(canonicalize_name(name), []).append(file)
        sizes = array("Q", map(len, members.values()) if isinstance(members, Mapping) else ())
        self.inside[filename] = Contents(
            members=tuple(members), metadata=metadata, packed_sizes=sizes.tobytes()
        )
        if isinstance(members, Mapping):
            for member, source in members.items():
                self.sources[filename, member] = source
        return self

    def project(self, name: str) -> Project | None:
        """A project's files."""
        name = canonicalize_name(name)
        if name in self.down:
            raise RequirementsError("the package index does not answer", code="index-down")
        if name in self.uncached:
            raise RequirementsError(f"{name} is not in the cache", code="offline-missing")
        files = self.files.get(name)
        return Project(name=name, files=tuple(files)) if files else None

    def contents(self, file: IndexFile) -> Contents:
        """What lies inside a file."""
        return self.inside[file.name]

    def read_member(self, file: IndexFile, member: str) -> bytes:
        """One file's source; empty where the test gave none."""
        return self.sources.get((file.name, member), "").encode()
