"""What maintainer scripts make out of an image's files, made without running them. Pure."""

from __future__ import annotations

import tarfile
from collections import ChainMap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from nb2image.build.embedded.bases.base import Placed, resolve
from nb2image.build.embedded.debian import alternatives, scripts, tables
from nb2image.build.embedded.debian.accounts import GROUP, PASSWD, AccountTables, sysusers
from nb2image.build.embedded.debian.deb import LEFT_OUT, Deb, Unpacked
from nb2image.build.embedded.debian.made import folder, plain, symlink
from nb2image.build.embedded.debian.refusals import needs_scripts
from nb2image.build.embedded.debian.scripts import (
    Account,
    Accounts,
    Alternative,
    Changed,
    Copied,
    Effect,
    Made,
    Removed,
    Table,
    Unknown,
)
from nb2image.build.embedded.debian.view import View

KEPT = frozenset({"etc/shadow", "etc/gshadow"})
"""Tables that only root and the group shadow read."""
SHADOW_GROUP = 42


@dataclass(frozen=True, slots=True, kw_only=True)
class Below:
    """What lies below a layer of packages."""

    places: Mapping[str, Placed] = field(default_factory=lambda: MappingProxyType({}))
    """Everything by path, without a leading slash."""
    texts: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    """What is read of it: tables of accounts and alternatives, settings."""
    packages: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What scripts make of the files of a layer and of what lies below."""

    entries: dict[str, Unpacked]
    """To be put into the layer, over files of the same path."""
    removed: frozenset[str]
    """What is not there any more."""


def outcome(
    debs: Mapping[str, Deb], files: Mapping[str, Unpacked], below: Below, architecture: str
) -> Outcome:
    """What the scripts of ``debs`` make. Raises PlanError, with all packages that it cannot do."""
    work = Work(debs, files, below, architecture)
    refused = {}
    for name in sorted(debs):
        try:
            for effect in scripts.effects(name, debs[name].control, work.before, work.view):
                work.apply(effect, by=name)
        except Unknown as reason:
            refused[name] = str(reason)
    refused |= {} if refused else work.settle()
    if refused:
        raise needs_scripts(refused)
    return Outcome(entries=work.made, removed=frozenset(work.removed))


class Work:
    """A layer's entries while effects are put into them."""

    def __init__(
        self,
        packages: Collection[str],
        files: Mapping[str, Unpacked],
        below: Below,
        architecture: str,
    ) -> None:
        self.made: dict[str, Unpacked] = {}
        self.removed: set[str] = set()
        self._below = below
        self._own = dict(files)
        self._files: Mapping[str, Unpacked] = ChainMap(self.made, self._own)
        self._accounts = AccountTables(below.texts)
        self._candidates: dict[str, list[Alternative]] = {}
        self._changes: list[tuple[Changed, str]] = []
        """With the package; its owner may be another package's account."""
        self._tables: dict[str, str] = {}
        """By name, with the package that has it made."""
        places: Mapping[str, Placed] = ChainMap(self._files, below.places)  # type: ignore[arg-type]
        names = {*packages, *below.packages}
        self.view = View(places, self._accounts, names, architecture)
        self.before = View(below.places, self._accounts, names, architecture)

    def apply(self, effect: Effect, *, by: str) -> None:
        """Put a package's effect into the layer. Raises Unknown for one that cannot be made."""
        match effect:
            case Alternative():
                self._candidates.setdefault(effect.name, []).append(effect)
            case Account():
                self._accounts.add(effect)
            case Accounts() if f"usr/lib/sysusers.d/{effect.name}" in self.view.places:
                text = self._data(f"usr/lib/sysusers.d/{effect.name}")
                for account in sysusers(text.decode("utf-8", "replace")):
                    self._accounts.add(account)
            case Table():
                self._tables[effect.name] = by
            case Made() if effect.over or not self.view.kind(f"/{effect.path}", follow=True):
                self._put(made(effect))
            case Copied() if effect.over or not self.view.kind(f"/{effect.path}", follow=True):
                self._put(plain(effect.path, self._data(effect.source)))
            case Changed():
                self._changes.append((effect, by))
            case Removed():
                path = self.view.real(effect.path)
                self.made.pop(path, None)
                self._own.pop(path, None)
                self.removed.add(path)

    def settle(self) -> dict[str, str]:
        """Make what depends on all effects together: accounts, generic names, tables.

        What cannot be made is returned, the package with the reason.
        """
        for path, data in self._accounts.changed():
            private = path in KEPT
            mode, group = (0o640, SHADOW_GROUP) if private else (0o644, 0)
            self._put(replace(plain(path, data), mode=mode, gid=group))
        for name, found in sorted(self._candidates.items()):
            self._choose(name, found)
        for name, part in tables.TRIGGERS.items():
            if any(part in path for path in self._own):
                self._tables.setdefault(name, name)
        refused = {}
        for change, by in self._changes:
            try:
                self._change(change)
            except Unknown as reason:
                refused[by] = str(reason)
        for name, by in sorted(self._tables.items()):
            try:
                for one in tables.made(name, self.view, self._data):
                    self._put(one)
            except Unknown as reason:
                refused[by] = str(reason)
        return refused

    def _put(self, one: Unpacked) -> None:
        path = self.view.real(one.path)
        self.made[path] = replace(one, path=path)
        self.removed.discard(path)

    def _data(self, path: str) -> bytes:
        """A file's bytes. Raises Unknown where they are not at hand."""
        real = resolve(self.view.places, path)
        found = self._files.get(real)
        if found is not None and found.kind == tarfile.REGTYPE:
            return found.content()
        if real not in self._below.texts:
            raise Unknown(f"it reads /{path}, which is not there")
        return self._below.texts[real]

    def _change(self, effect: Changed) -> None:
        found = self._files.get(self.view.real(effect.path))
        if found is None:
            raise Unknown(f"it changes /{effect.path}, which is not its own")
        numbers = {"user": found.uid, "group": found.gid}
        for kind, table, name in (("user", PASSWD, effect.user), ("group", GROUP, effect.group)):
            number = int(name) if name.isdigit() else self._accounts.number(table, name)
            if name and number is None:
                raise Unknown(f"it gives /{effect.path} to {name}, whom nobody knows")
            numbers[kind] = numbers[kind] if number is None else number
        mode = found.mode if effect.mode is None else effect.mode
        self._put(replace(found, mode=mode, uid=numbers["user"], gid=numbers["group"]))

    def _choose(self, name: str, found: Sequence[Alternative]) -> None:
        table = f"{alternatives.FOLDER}/{name}"
        text = self._below.texts.get(table)
        taken = self._below.places.get(f"etc/alternatives/{name}")
        before = alternatives.read(name, text) if text else None
        choice = alternatives.chosen(found, before, taken.target if taken else "")
        best = choice.candidates[0]
        links = {name: (best.link, best.path)}
        links |= {slave: (link, path) for slave, link, path in best.slaves}
        links = {one: (link, to) for one, (link, to) in links.items() if not left_out(link, to)}
        for one, (link, to) in links.items():
            self._put(symlink(link[1:], f"/etc/alternatives/{one}"))
            self._put(symlink(f"etc/alternatives/{one}", to))
        for one, link in (before.slaves if before else {}).items():
            if one not in links:
                self.removed |= {self.view.real(link[1:]), f"etc/alternatives/{one}"}
        self._put(plain(table, alternatives.record(choice)))


def left_out(link: str, path: str) -> bool:
    """Whether a generic name is one of documentation, which is not here."""
    return bool(LEFT_OUT.match(link[1:]) or LEFT_OUT.match(path[1:]))


def made(effect: Made) -> Unpacked:
    """The entry of what a script makes."""
    match effect.kind:
        case "folder":
            return folder(effect.path, effect.mode)
        case "link":
            return symlink(effect.path, effect.target)
        case "file":
            return replace(plain(effect.path, effect.data), mode=effect.mode)
