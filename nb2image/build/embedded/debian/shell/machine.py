"""The image that a maintainer script would run in, as far as scripts ask for it."""

from __future__ import annotations

from typing import Protocol

Value = str | None
"""None: nothing can be told of it."""


class Machine(Protocol):
    """The image that the package is put into."""

    architecture: str

    def kind(self, path: str, *, follow: bool) -> str:
        """``file``, ``folder``, ``link``, or nothing where there is none."""

    def matching(self, pattern: str) -> list[str]:
        """The paths that a pattern stands for, sorted."""

    def account(self, table: str, name: str) -> bool:
        """Whether ``passwd`` or ``group`` has a name."""

    def installed(self, package: str) -> bool:
        """Whether there is a package."""
