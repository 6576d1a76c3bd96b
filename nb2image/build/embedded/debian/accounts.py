"""The users and groups of an image, and system accounts that packages add to them. Pure.

https://manpages.debian.org/passwd.5
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from nb2image.build.embedded.debian.scripts import Account, Unknown

PASSWD, GROUP, SHADOW, GSHADOW = "etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"
TABLES = (PASSWD, GROUP, SHADOW, GSHADOW)
SYSTEM = range(100, 1000)
"""Numbers of system accounts (Debian Policy, 9.2.2)."""
NOGROUP = 65534


class AccountTables:
    """The four tables; what is added is in ``changed``."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        self._texts = {
            path: texts[path].decode("utf-8", "replace") for path in TABLES if path in texts
        }
        self._added: set[str] = set()

    def number(self, table: str, name: str) -> int | None:
        """A user's or group's number; None where there is no such name."""
        return self._numbers(table).get(name)

    def _numbers(self, table: str) -> dict[str, int]:
        rows = (line.split(":") for line in self._texts.get(table, "").splitlines())
        return {row[0]: int(row[2]) for row in rows if len(row) > 2 and row[2].isdigit()}

    def add(self, account: Account) -> None:
        """Add what is not there yet."""
        if account.user and self.number(PASSWD, account.user) is not None:
            return
        gid = self.number(GROUP, account.group) if account.group else NOGROUP
        if gid is None:
            gid = self._free(account, GROUP)
            self._append(GROUP, f"{account.group}:x:{gid}:")
            self._append(GSHADOW, f"{account.group}:!::", optional=True)
        if account.user:
            uid = self._free(account, PASSWD)
            numbers = (str(uid), str(gid))
            row = (account.user, "x", *numbers, account.gecos, account.home, account.shell)
            self._append(PASSWD, ":".join(field.replace(":", " ") for field in row))
            self._append(SHADOW, f"{account.user}:!:0::::::", optional=True)

    def _free(self, account: Account, table: str) -> int:
        """A number that nobody has; adduser counts up, systemd-sysusers down for both tables."""
        taken = {*self._numbers(table).values()}
        if account.number is not None and account.number not in taken:
            return account.number
        if not account.from_top:
            return next(number for number in SYSTEM if number not in taken)
        own = self.number(GROUP, account.group) if table == PASSWD else None
        if own is not None and own in SYSTEM and own not in taken:
            return own
        taken |= {*self._numbers(PASSWD).values(), *self._numbers(GROUP).values()}
        return next(number for number in reversed(SYSTEM) if number not in taken)

    def _append(self, path: str, line: str, *, optional: bool = False) -> None:
        if optional and path not in self._texts:
            return
        before = self._texts.get(path, "")
        self._texts[path] = (
            before + "\n" * (bool(before) and not before.endswith("\n")) + line + "\n"
        )
        self._added.add(path)

    def changed(self) -> Iterator[tuple[str, bytes]]:
        """The tables with what was added."""
        for path in sorted(self._added):
            yield path, self._texts[path].encode()


def sysusers(text: str) -> Iterator[Account]:
    """The accounts of a file of sysusers.d (sysusers.d.5). Raises Unknown for one that is none."""
    for line in text.splitlines():
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise Unknown(f"its accounts are written as {line[:40]!r}") from error
        if len(words) < 2 or words[0].rstrip("!-") not in ("u", "g"):
            continue
        kind, name, number, gecos, home, shell = (*words, *[""] * 6)[:6]
        digits = int(number) if number.isdigit() else None
        if kind.startswith("g"):
            yield Account(group=name, number=digits, from_top=True)
            continue
        yield Account(
            user=name,
            group=name,
            gecos=gecos.strip("-"),
            home=home.removeprefix("-") or "/",
            shell=shell.removeprefix("-") or "/usr/sbin/nologin",
            number=digits,
            from_top=True,
        )
