"""Reads what a project asks of its images: ``[tool.nb2image]`` in pyproject.toml, nb2image.toml."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from nb2image.errors import OptionError
from nb2image.model.analysis import Gates
from nb2image.sizes import parse_size

OWN_FILE = "nb2image.toml"
PYPROJECT = "pyproject.toml"
SHARES = {"min_efficiency", "max_wasted_share"}


def find_gates(folder: Path) -> Gates:
    """The limits of the nearest configuration in the folder or above it; none set without one.

    The search ends at a git root. Raises OptionError when a file cannot be read.
    """
    for place in (folder, *folder.parents):
        own = place / OWN_FILE
        if own.is_file():
            return gates_of(load(own), own)
        project = place / PYPROJECT
        if project.is_file():
            table = load(project).get("tool", {}).get("nb2image")
            if table is not None:
                return gates_of(table, project)
        if (place / ".git").exists():
            break
    return Gates()


def gates_for(given: Mapping[str, Any]) -> Gates:
    """The configuration's limits for the current folder, and over them those of a command line.

    ``given`` maps a limit's name (``max_size``) to its text; others and empty ones are left out.
    Raises OptionError.
    """
    return replace(find_gates(Path.cwd()), **stated_limits(given))


def stated_gates(given: Mapping[str, Any]) -> Gates:
    """The limits of a command line alone; see ``gates_for``. Raises OptionError."""
    return Gates(**stated_limits(given))


def stated_limits(given: Mapping[str, Any]) -> dict[str, Any]:
    """The limits that are given, by name, as numbers."""
    names = (field.name for field in fields(Gates))
    return {name: limit(name, given[name]) for name in names if given.get(name)}


def load(path: Path) -> dict[str, Any]:
    """A TOML file. Raises OptionError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OptionError(
            f"{path} cannot be read: {error}",
            code="configuration-invalid",
            hint="mend the file; it must be TOML in UTF-8",
        ) from error


def gates_of(table: Mapping[str, Any], path: Path) -> Gates:
    """The ``gates`` table of a configuration. Raises OptionError when it is wrong."""
    given = table.get("gates", {}) if isinstance(table, Mapping) else None
    if not isinstance(given, Mapping):
        raise OptionError(
            f"gates in {path} is no table",
            code="configuration-invalid",
            hint='write [gates] (in pyproject.toml [tool.nb2image.gates]) and max-size = "800MB"',
        )
    known = {field.name.replace("_", "-"): field.name for field in fields(Gates)}
    values: dict[str, Any] = {}
    for key, value in given.items():
        name = known.get(key)
        if name is None:
            raise OptionError(
                f"{path} sets a gate {key!r}, which does not exist",
                code="configuration-invalid",
                hint=f"there are {', '.join(known)}",
            )
        values[name] = limit(name, value)
    return Gates(**values)


def limit(name: str, value: object) -> float:
    """One limit as a number. Raises OptionError."""
    gate = name.replace("_", "-")
    return share(gate, value) if name in SHARES else byte_count(gate, value)


def growth(value: str) -> int | float:
    """How much an image may grow: bytes such as ``20MB``, or as a float a share, of ``5%``.

    Raises OptionError.
    """
    text = value.strip()
    if not text.endswith("%"):
        return byte_count("max-growth", text)
    try:
        share = float(text.removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not 0 <= share < math.inf:
        raise OptionError(
            f"max-growth is {value!r}, which is no share",
            code="option-invalid",
            hint="give a size such as 20MB or a share such as 5%",
        )
    return share


def byte_count(gate: str, value: object) -> int:
    """A limit in bytes, as a number or as ``800MB``. Raises OptionError."""
    size = parse_size(value) if isinstance(value, str) else value
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise OptionError(
            f"{gate} is {value!r}, which is no size",
            code="option-invalid",
            hint="give bytes or a size such as 800MB or 1.5GiB",
        )
    return size


def share(gate: str, value: object) -> float:
    """A limit between 0 and 1, as a number or as ``95%``. Raises OptionError."""
    number = value
    if isinstance(value, str):
        text = value.strip()
        try:
            number = float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            number = None
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1:
        raise OptionError(
            f"{gate} is {value!r}, which is no share",
            code="option-invalid",
            hint="give a number from 0 to 1, such as 0.95, or 95%",
        )
    return float(number)
