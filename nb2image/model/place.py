"""Where something stands, and what was found there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point in the notebook or in a file beside it; every field may be unknown."""

    cell: int | None = None
    """The cell's number: 1 for the notebook's first cell, all kinds of cells counted."""
    line: int | None = None
    """The line inside the cell (or inside ``file``), from 1."""
    file: str | None = None
    """A project file, relative to the project's root, POSIX; None for the notebook itself."""

    def __str__(self) -> str:
        parts = [self.file] if self.file else []
        if self.cell is not None:
            parts.append(f"cell {self.cell}")
        if self.line is not None:
            parts.append(f"line {self.line}")
        return ", ".join(parts) or "the notebook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that the user should know about the notebook, found without running it."""

    severity: Literal["note", "warning", "error"]
    code: str
    """A stable slug, such as ``magic-dropped``; documentation and tests refer to it."""
    message: str
    place: Place | None = None
    hint: str = ""
    """What to do about it, in one sentence; empty when nothing needs doing."""
