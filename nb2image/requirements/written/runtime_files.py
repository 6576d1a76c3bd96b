"""Files beside the notebook that name its Python: runtime.txt, environment.yml and their like."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from nb2image.model import Place
from nb2image.requirements.written.declared import poetry_bounds

EXACT = re.compile(r"^(?:python-?)?={0,2}v?(3\.\d{1,2})(?:\.(?:\d+|\*))?$")
CONDA_PYTHON = re.compile(
    r"^[ \t]{0,20}-[ \t]{1,20}[\"']?python(?:[ \t]{0,20}(?=[=<>!~])|[ \t]{1,20}(?=\d))([^\"'#\n]*)",
    re.MULTILINE,
)
CONDA_BUILD = re.compile(r"(?<=[\d*])=.*")
TOOL_PYTHON = re.compile(r"^python\s+(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPython:
    """What one file says of the Python."""

    place: Place
    exact: str = ""
    """``3.10`` where the file names one."""
    allowed: SpecifierSet = field(default_factory=SpecifierSet)
    """Where it gives bounds only."""
    of_package: bool = False
    """They are those of the project as a package: an old example in it need not know them."""


def named_pythons(workdir: str, read: Callable[[str], bytes | None]) -> list[NamedPython]:
    """What the files of the notebook's folder and those above it say, the nearest first.

    ``read`` gives a project-relative file or None.
    """
    found = []
    for folder in (PurePosixPath(workdir), *PurePosixPath(workdir).parents):
        for name, parse in READERS.items():
            path = (folder / name).as_posix()
            data = read(path)
            said = parse(data.decode("utf-8", "replace")) if data is not None else ""
            if not said:
                continue
            place = Place(file=path)
            if match := EXACT.match(said):
                found.append(NamedPython(place=place, exact=match[1]))
                continue
            try:
                allowed = SpecifierSet(said)
                package = name == "pyproject.toml"
                found.append(NamedPython(place=place, allowed=allowed, of_package=package))
            except InvalidSpecifier:
                continue  # a file for other tools: what it means there is not ours to report
    return found


def from_first_line(text: str) -> str:
    """runtime.txt and .python-version: ``python-3.10.4`` or ``3.10``."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def from_environment(text: str) -> str:
    """environment.yml: ``- python=3.9``; conda's single ``=`` takes any patch release."""
    match = CONDA_PYTHON.search(text)
    return CONDA_BUILD.sub("", match[1].strip().replace(" ", "")) if match else ""


def from_tool_versions(text: str) -> str:
    """.tool-versions: ``python 3.10.4``."""
    match = TOOL_PYTHON.search(text)
    return match[1] if match else ""


def from_pyproject(text: str) -> str:
    """``requires-python``, or Poetry's ``python = "^3.9"``."""
    table = toml(text)
    said = dig(table, "project", "requires-python")
    if said:
        return said
    return poetry_bounds(dig(table, "tool", "poetry", "dependencies", "python"))


def from_pipfile(text: str) -> str:
    """Pipfile: ``python_version`` or ``python_full_version``."""
    table = toml(text)
    return dig(table, "requires", "python_version") or dig(table, "requires", "python_full_version")


def toml(text: str) -> dict[str, Any]:
    """A TOML text's content; empty when it is broken, or nested without end."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def dig(table: dict[str, Any], *keys: str) -> str:
    """The text at the end of a path of keys; empty when it is not there."""
    value: object = table
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value.strip() if isinstance(value, str) else ""


READERS: dict[str, Callable[[str], str]] = {
    "runtime.txt": from_first_line,
    "binder/runtime.txt": from_first_line,
    ".binder/runtime.txt": from_first_line,
    ".python-version": from_first_line,
    "environment.yml": from_environment,
    "environment.yaml": from_environment,
    "binder/environment.yml": from_environment,
    ".binder/environment.yml": from_environment,
    "Pipfile": from_pipfile,
    ".tool-versions": from_tool_versions,
    "pyproject.toml": from_pyproject,
}
"""Files that name one Python stand before those that only bound it."""
