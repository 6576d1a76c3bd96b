"""Requirements that the notebook's project writes down: files beside the notebook and above it.

The nearest folder comes first, and in a folder a lock before a list. Files are read, never run:
of a setup.py only literal arguments count. What cannot be read is left out with a finding.
"""

from __future__ import annotations

import ast
import configparser
import json
import posixpath
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import yaml
from packaging.utils import canonicalize_name

from nb2image.model import Finding, Place
from nb2image.project.root import Project
from nb2image.requirements.naming.catalogue import Catalogue
from nb2image.requirements.naming.project_modules import folders, packages
from nb2image.requirements.target import Target
from nb2image.requirements.written.declared import (
    Declared,
    parse_conda,
    parse_requirement,
    poetry_bounds,
    requirement_lines,
)
from nb2image.requirements.written.origins import (
    elsewhere,
    from_lock,
    name_of,
    placed,
    refused,
    uv_sources,
)

MAX_BYTES = 4_000_000
"""Of a file: a lock of hundreds of packages is smaller."""
LOCKS = ("uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock")
LISTS = (
    "requirements.txt",
    "environment.yml",
    "environment.yaml",
    "binder/requirements.txt",
    "binder/environment.yml",
    ".binder/requirements.txt",
    ".binder/environment.yml",
    "pyproject.toml",
    "Pipfile",
    "setup.cfg",
    "setup.py",
)
INCLUDE = re.compile(r"(?:-r|--requirement|-c|--constraint)[\s=]+(\S+)")
"""Constraints say of versions what requirements do: both are for what is imported."""
MAX_INCLUDES = 20
YAML: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C reader, where there is one: the other takes a minute for the largest file."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one project file into requirements."""

    project: Project
    target: Target
    catalogue: Catalogue
    findings: list[Finding] = field(default_factory=list)
    """What is to be told of the files that were read."""

    def read(self, path: str, *, seen: set[str] | None = None) -> Iterator[Declared]:
        """The requirements in a file; none when it is not there. Raises ValueError.

        ``seen`` are the files that were read already: each is included once.
        """
        seen = set() if seen is None else seen
        text = None if path in seen or len(seen) > MAX_INCLUDES else self.text(path)
        if text is None:
            return
        seen.add(path)
        name = PurePosixPath(path).name
        if name in READERS:
            yield from READERS[name](self, text, path)
        elif name.endswith((".yml", ".yaml")):
            yield from self.conda(text, path)
        else:
            yield from self.lines(text, path, seen)

    def text(self, path: str) -> str | None:
        """A file's text; None when there is none. Raises ValueError when it is too large."""
        data = self.project.read(path)
        if data is None:
            return None
        if len(data) > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES} bytes")
        return data.decode("utf-8-sig", "replace")

    def lines(self, text: str, path: str, seen: set[str]) -> Iterator[Declared]:
        """requirements.txt, with the files that it includes."""
        for number, line in requirement_lines(text):
            if include := INCLUDE.match(line):
                included = posixpath.normpath(posixpath.join(posixpath.dirname(path), include[1]))
                yield from self.read(included, seen=seen)
            else:
                yield from self.one(line, path, line=number)

    def one(
        self,
        text: str,
        path: str,
        *,
        line: int | None = None,
        source: object = None,
    ) -> Iterator[Declared]:
        """One PEP 508 requirement; ``source`` is the table that says where it comes from."""
        place = Place(file=path, line=line)
        found = parse_requirement(text, rule="file", place=place, target=self.target)
        if told := refused(text, source, place, self.target):
            self.findings.append(told)
            found = found or elsewhere(text, "file", place)
        if found is not None:
            yield placed(found, source)

    def locked(self, package: object, path: str) -> Iterator[Declared]:
        """One package of a lock."""
        if found := from_lock(package, Place(file=path), self.target):
            yield found

    def conda(self, text: str, path: str) -> Iterator[Declared]:
        """environment.yml: conda's packages and those under pip."""
        table = yaml.load(text, YAML)
        rows = table.get("dependencies") if isinstance(table, dict) else None
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, str):
                place = Place(file=path)
                found = parse_conda(row, rule="file", place=place, catalogue=self.catalogue)
                if found is not None:
                    yield found
            elif isinstance(row, dict) and isinstance(row.get("pip"), list):
                for line in row["pip"]:
                    if isinstance(line, str):
                        yield from self.one(line, path)

    def pyproject(self, text: str, path: str) -> Iterator[Declared]:
        """pyproject.toml: the project's own distribution and what it requires (PEP 621, Poetry)."""
        table = tomllib.loads(text)
        own = table.get("project", {})
        poetry = table.get("tool", {}).get("poetry", {})
        sources = uv_sources(table)
        yield from self.itself(own.get("name") or poetry.get("name"), path)
        extras = own.get("optional-dependencies", {})
        groups = table.get("dependency-groups", {})
        for row in [own.get("dependencies", []), *extras.values(), *groups.values()]:
            for line in row:
                if isinstance(line, str):
                    yield from self.one(line, path, source=sources.get(name_of(line)))
        for part in [poetry, *poetry.get("group", {}).values()]:
            for name, wanted in part.get("dependencies", {}).items():
                yield from self.loose(name, wanted, path)

    def pipfile(self, text: str, path: str) -> Iterator[Declared]:
        """Pipfile."""
        for name, wanted in tomllib.loads(text).get("packages", {}).items():
            yield from self.loose(name, wanted, path)

    def loose(self, name: str, wanted: Any, path: str) -> Iterator[Declared]:
        """Poetry's and Pipenv's ``name = "^1.2"`` or ``name = {version = …}``."""
        if name == "python":
            return
        version = wanted.get("version", "*") if isinstance(wanted, dict) else wanted
        extras = wanted.get("extras", []) if isinstance(wanted, dict) else []
        square = f"[{','.join(extras)}]" if extras else ""
        bounds = poetry_bounds(version) if isinstance(version, str) else ""
        found = list(self.one(f"{name}{square}{bounds}", path, source=wanted))
        # bounds that PEP 440 has no words for ("^1 || ^2") bound nothing
        yield from found or self.one(f"{name}{square}", path, source=wanted)

    def setup_cfg(self, text: str, path: str) -> Iterator[Declared]:
        """setup.cfg of setuptools."""
        parser = configparser.RawConfigParser()
        parser.read_string(text)
        yield from self.itself(parser.get("metadata", "name", fallback=None), path)
        for line in parser.get("options", "install_requires", fallback="").splitlines():
            yield from self.one(line, path)

    def setup_py(self, text: str, path: str) -> Iterator[Declared]:
        """setup.py: the literal arguments of ``setup()``."""
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("setup"):
                for keyword in node.keywords:
                    try:
                        value = ast.literal_eval(keyword.value)
                    except ValueError:
                        continue
                    if keyword.arg == "name":
                        yield from self.itself(value, path)
                    elif keyword.arg == "install_requires" and isinstance(value, list | tuple):
                        for line in value:
                            yield from self.one(str(line), path)

    def itself(self, name: object, path: str) -> Iterator[Declared]:
        """The distribution that the project itself is, for the packages in its folders."""
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9._-]+", name):
            return
        folder = str(PurePosixPath(path).parent)
        modules = tuple(sorted(packages(self.project, "" if folder == "." else f"{folder}/")))
        if modules:
            yield Declared(
                rule="file",
                name=canonicalize_name(name),
                place=Place(file=path),
                written=f"the project itself is {name}",
                modules=modules,
                itself=True,
            )

    def toml_lock(self, text: str, path: str) -> Iterator[Declared]:
        """uv.lock, poetry.lock, pylock.toml."""
        table = tomllib.loads(text)
        for package in table.get("package", table.get("packages", ())):
            yield from self.locked(package, path)

    def pipfile_lock(self, text: str, path: str) -> Iterator[Declared]:
        """Pipfile.lock."""
        for name, row in json.loads(text).get("default", {}).items():
            yield from self.locked({**row, "name": name}, path)


READERS: dict[str, Callable[[Reader, str, str], Iterator[Declared]]] = {
    "pyproject.toml": Reader.pyproject,
    "Pipfile": Reader.pipfile,
    "setup.cfg": Reader.setup_cfg,
    "setup.py": Reader.setup_py,
    "uv.lock": Reader.toml_lock,
    "poetry.lock": Reader.toml_lock,
    "pylock.toml": Reader.toml_lock,
    "Pipfile.lock": Reader.pipfile_lock,
}


def from_project(
    project: Project, target: Target, catalogue: Catalogue, named: Sequence[str] = ()
) -> tuple[list[Declared], list[Finding]]:
    """What the project's files ask for, the nearest first, and files that cannot be read.

    ``named`` are files that the notebook's install lines read (``pip install -r``), relative to
    its folder: they come before all others.
    """
    reader = Reader(project, target, catalogue)
    paths = [posixpath.normpath(posixpath.join(project.workdir, path)) for path in named]
    paths += [f"{folder}{name}" for folder in folders(project) for name in (*LOCKS, *LISTS)]
    found: dict[Declared, None] = {}
    findings: list[Finding] = []
    for path in dict.fromkeys(paths):
        try:
            found |= dict.fromkeys(reader.read(path))
        except Exception as error:  # whatever a hostile file makes a parser do
            findings.append(
                Finding(
                    severity="warning",
                    code="requirements-unreadable",
                    message=f"{path} cannot be read: {type(error).__name__}: {error}"[:300],
                    place=Place(file=path),
                    hint="repair the file, or remove it",
                )
            )
    return list(found), [*findings, *dict.fromkeys(reader.findings)]
