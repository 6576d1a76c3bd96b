"""What is known of the whole notebook while one of its cells is translated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The same for every cell of a notebook."""

    bound: frozenset[str] = frozenset()
    """Every name that some cell binds."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Names whose text is known without running anything."""
    workdir: str = ""
    """The notebook's folder, relative to the project's root."""
    read: Callable[[str], bytes | None] = lambda path: None
    """Reads a file of the project."""

    def module(self, name: str) -> str:
        """The name under which the script imports a standard module."""
        return f"{name}_" if name in self.bound else name
