"""train.py and what the notebook's code asks of its surroundings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nb2image.model.place import Finding, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptCell:
    """A code cell as plain Python."""

    number: int
    source: str
    """The cell's Python after magics were given their meaning; what imports are read from."""
    first_line: int
    """The line of the script where ``source`` begins, from 1."""
    last_line: int
    broken: bool = False
    """The cell could not be parsed: ``source`` is its text as found, kept for its import lines."""
    left_out: bool = False
    """The cell is not in the script (skipped by tag or option)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """An install line found in a cell (``%pip``, ``!pip``, ``%conda``, ``!apt``)."""

    tool: Literal["pip", "conda", "apt"]
    requirement: str
    """One requirement as written: ``numpy==1.26``, ``git+https://…``, ``-r file`` → ``-r file``."""
    place: Place
    options: tuple[str, ...] = ()
    """Options of the line that matter to resolving (``--index-url …``, ``--pre``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A variable of the parameters cell, a command-line option of the script."""

    name: str
    kind: Literal["int", "float", "bool", "str", "list", "dict", "none"]
    default: str
    """The default as a Python literal."""
    help: str = ""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalModule:
    """A Python file that the code reaches: a sibling, a package of the project, ``%%writefile``."""

    path: str
    """Relative to the project's root, POSIX."""
    source: str
    written_by_cell: int | None = None
    """The ``%%writefile`` cell that makes it; None for a file on disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The notebook's faithful twin as a Python script."""

    name: str
    """``train.py``, or another name where that would shadow a module in use."""
    notebook: str = ""
    """The notebook's name for people: one printable line, nothing to build a path from."""
    text: str
    lines: tuple[Place | None, ...]
    """For each line of ``text`` (index 0 is line 1) the cell and line it came from."""
    cells: tuple[ScriptCell, ...]
    installs: tuple[Install, ...] = ()
    programs: tuple[tuple[str, Place], ...] = ()
    """(name, place) of each program that a shell line calls, each once."""
    parameters: tuple[Parameter, ...] = ()
    local_modules: tuple[LocalModule, ...] = ()
    extra_requirements: tuple[tuple[str, str], ...] = ()
    """(distribution, reason) that the script itself needs, such as ipython for a real shell."""
    findings: tuple[Finding, ...] = ()
