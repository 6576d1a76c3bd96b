"""What a run showed, cell by cell, and how that compares with what the notebook shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["same", "close", "differs", "not-comparable", "not-reached"]
Part = Literal["printed", "warnings", "value", "table", "figure", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A value that a cell displayed while it ran."""

    text: str = ""
    """Its plain text, as ``repr`` or IPython's printer makes it."""
    html: str = ""
    latex: str = ""
    type: str = ""
    """The class with its module: ``pandas.core.frame.DataFrame``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An exception that ended the run or a cell."""

    name: str
    """The class's name without its module: ``ModuleNotFoundError``."""
    value: str = ""
    line: int | None = None
    """The innermost line of the script that the traceback passes, from 1."""
    module: str = ""
    """For an import that failed, the module that was wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRun:
    """What one cell printed and showed while it ran."""

    cell: int
    """The cell's number; 0 for what came before the first and after the last."""
    printed: str = ""
    warnings: str = ""
    """What went to stderr."""
    shown: tuple[Shown, ...] = ()
    figures: tuple[str, ...] = ()
    """Files below the outputs folder that hold the cell's figures, in order."""
    raised: Raised | None = None
    seconds: float | None = None
    """None for a cell that did not come to its end."""
    cut: bool = False
    """It printed more than was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One comparison inside a cell."""

    part: Part
    grade: Grade
    how: tuple[str, ...] = ()
    """What had to be set aside to find them equal: ``addresses``, ``timings``; or why not."""
    diff: str = ""
    """Lines of the notebook (-) and of the run (+), shortened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellVerdict:
    """One cell's outputs against those saved in the notebook."""

    cell: int
    grade: Grade
    why: str = ""
    """In words, for every grade but ``same``."""
    compared: tuple[Compared, ...] = ()
    seconds: float | None = None
    figures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a run did not come to its end, in words."""

    code: str
    """A stable slug: ``module-missing``, ``out-of-memory``, …"""
    message: str
    hint: str = ""
    cell: int | None = None
    line: int | None = None
    error: str = ""
    """The exception's own line, ``ModuleNotFoundError: No module named 'yaml'``."""
    wanted: str = ""
    """What is missing: the module, the library's file name, the host, the path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The proof: the image's run against the notebook."""

    ran: bool
    """The script came to its end with exit status 0."""
    exit_status: int
    runs: int = 1
    seconds: float = 0.0
    """Of the first run."""
    peak_memory: int | None = None
    rtol: float = 0.0
    cells: tuple[CellVerdict, ...] = ()
    failure: Failure | None = None

    def count(self, *grades: Grade) -> int:
        """How many cells have one of these grades."""
        return sum(cell.grade in grades for cell in self.cells)

    @property
    def reproduced(self) -> float | None:
        """The share of the comparable cells that are same or close; None without any.

        Cells that were not reached count as not reproduced.
        """
        good = self.count("same", "close")
        all_of_them = good + self.count("differs", "not-reached")
        return good / all_of_them if all_of_them else None

    @property
    def proved(self) -> bool:
        """It ran to its end and nothing differs."""
        return self.ran and not self.count("differs", "not-reached")
