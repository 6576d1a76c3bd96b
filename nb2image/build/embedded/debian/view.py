"""An image's files as maintainer scripts see them. Pure."""

from __future__ import annotations

import tarfile
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from functools import cached_property

from nb2image.build.embedded.bases.base import Placed, resolve
from nb2image.build.embedded.debian.accounts import GROUP, PASSWD, AccountTables


class View:
    """A ``Machine`` of what lies below a layer and what the layer holds."""

    def __init__(
        self,
        places: Mapping[str, Placed],
        accounts: AccountTables,
        packages: Collection[str],
        architecture: str,
    ) -> None:
        self.architecture = architecture
        self.places = places
        self._accounts = accounts
        self._packages = packages

    def real(self, path: str) -> str:
        """The place of a path, the links of the folders above it followed."""
        above, slash, name = path.rpartition("/")
        folder = resolve(self.places, above) if above else ""
        return f"{folder}{slash}{name}" if folder else name

    def kind(self, path: str, *, follow: bool) -> str:
        """See ``Machine``."""
        plain = path.strip("/")
        real = resolve(self.places, plain) if follow else self.real(plain)
        found = self.places.get(real)
        if found is None:
            return "folder" if real in self._folders or not plain else ""
        if found.kind == tarfile.DIRTYPE:
            return "folder"
        return "link" if found.kind == tarfile.SYMTYPE else "file"

    def matching(self, pattern: str) -> list[str]:
        """See ``Machine``."""
        plain = pattern.strip("/")
        above = plain.rpartition("/")[0]
        real = self.real(plain)
        folder = real.rpartition("/")[0]
        return [f"/{above}{path.removeprefix(folder)}" for path in self.paths(real)]

    def paths(self, pattern: str) -> list[str]:
        """The paths that a pattern without a leading slash stands for, sorted."""
        parts, found = pattern.split("/"), []
        for path in self.places:
            own = path.split("/")
            if len(own) == len(parts) and all(map(fnmatchcase, own, parts)):
                found.append(path)
        return sorted(found)

    def account(self, table: str, name: str) -> bool:
        """See ``Machine``."""
        known = {"passwd": PASSWD, "group": GROUP}[table]
        return self._accounts.number(known, name) is not None

    def installed(self, package: str) -> bool:
        """See ``Machine``."""
        return package in self._packages

    @cached_property
    def _folders(self) -> frozenset[str]:
        """The folders that are there because something lies in them."""
        found: set[str] = set()
        for path in self.places:
            while (path := path.rpartition("/")[0]) and path not in found:
                found.add(path)
        return frozenset(found)
