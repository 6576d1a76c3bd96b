"""Debian packages that the image needs beside the base, each with its reason.

From the notebook's own ``!apt`` lines; from the libraries that the locked wheels' binaries are
linked with; from a table of what no binary shows. Libraries that come with the base are left out.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

from nb2image.errors import OptionError, RequirementsError
from nb2image.gpu.slim import compilers
from nb2image.model import Finding, LockedPackage, Place, Script, SystemPackage
from nb2image.requirements.elf import Libraries, libraries, unreadable
from nb2image.requirements.index.client import Index
from nb2image.requirements.index.listing import IndexFile
from nb2image.requirements.versions.stub import COMPILED

THREADS = 8
NAME = re.compile(r"^[a-z0-9][a-z0-9+.-]+$")
"""Debian Policy, 5.6.1."""
PYTHON2 = re.compile(r"^(?:python-(?!is-)|python2)")
TOOLCHAIN = {"build-essential", "cmake", "g++", "gcc", "gfortran", "make", "ninja-build", "swig"}
FORTRAN = re.compile(r"\.(?:f|f77|f90|for)$", re.IGNORECASE)
WITH_THE_BASE = re.compile(
    r"^(?:ld-linux.*|libBrokenLocale|libanl|libbz2|libc|libcrypt|libcrypto|libdl|libffi|libgcc_s"
    r"|liblzma|libm|libmvec|libncursesw|libnsl|libpanelw|libpthread|libpython3[\d.]*m?|libresolv"
    r"|librt|libsqlite3|libssl|libstdc\+\+|libthread_db|libtinfo|libutil|libuuid|libz)\.so[.\d]*$"
)
"""glibc, GCC's runtime and what Python itself is linked with."""
OPTIONAL = re.compile(
    r"^(?:libcuda|libcudart|libcu\w+|libnv[\w-]+|libOpenCL|libtbb\w*|libavutil|libav\w+|libsw\w+"
    r"|libhip\w+|libroc\w+|libibverbs|librdmacm|libmkl_\w+|libiomp5|libsycl)\.so[.\d]*$"
)
"""A driver's, or for parts that load only where it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRule:
    """What some distributions, or words in the code, need."""

    packages: tuple[str, ...]
    reason: str
    distributions: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    stage: Literal["final", "build"] = "final"
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemTable:
    """``system.toml``."""

    libraries: dict[str, str]
    headers: dict[str, str]
    """Package by pattern."""
    programs: dict[str, tuple[str, ...]]
    renamed: dict[str, str]
    suites: dict[str, dict[str, str]]
    rules: tuple[SystemRule, ...]

    def named(self, package: str, suite: str) -> str:
        """A package's name in a suite."""
        return self.suites.get(suite, {}).get(package, package)

    def with_header(self, header: str, suite: str) -> str:
        """The package that has a C header, such as ``libxml/tree.h``; empty where none is known."""
        known = (package for like, package in self.headers.items() if fnmatchcase(header, like))
        package = next(known, "")
        return self.named(package, suite) if package else ""

    def of_debian(self, package: str) -> str:
        """The name that Debian has for a package of an install line."""
        found = ((re.fullmatch(old, package), new) for old, new in self.renamed.items())
        return next((match.expand(new) for match, new in found if match), package)


@lru_cache(maxsize=1)
def system_table() -> SystemTable:
    """The table that comes with nb2image."""
    text = Path(__file__).with_name("system.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), SystemTable)


def system_packages(
    script: Script,
    locked: Sequence[LockedPackage],
    suite: str,
    index: Index,
    *,
    asked: Sequence[str] = (),
    refused: Sequence[str] = (),
    gpu: bool = False,
) -> tuple[tuple[SystemPackage, ...], tuple[Finding, ...]]:
    """The packages by name, the first reason for each; ``asked`` and ``refused`` are the user's.

    Raises OptionError for an invalid name, RequirementsError when the index does not answer.
    """
    files = locked_files(locked, index)
    linked, findings = from_libraries(files, suite, index)
    installed, install_findings = from_installs(script, suite)
    found = [
        *from_options(asked, building=any(not p.wheel for p in locked)),
        *installed,
        *from_programs(script, suite),
        *from_table(script, locked, suite),
        *compilers(script, locked, gpu=gpu),
        *linked,
        *from_sources(locked, files, index),
    ]
    dropped = {valid_option(name) for name in refused}
    chosen: dict[tuple[str, str], SystemPackage] = {}
    for package in found:
        if package.name not in dropped:
            chosen.setdefault((package.name, package.stage), package)
    return (
        tuple(chosen[key] for key in sorted(chosen)),
        (*install_findings, *findings),
    )


def valid_option(name: str) -> str:
    """A package's name as the user gave it. Raises OptionError."""
    if not NAME.match(name):
        raise OptionError(
            f"not the name of a Debian package: {name!r}",
            code="apt-name",
            hint="names are lower-case letters, digits, +, - and .",
        )
    return name


def from_options(asked: Iterable[str], *, building: bool) -> list[SystemPackage]:
    """What --apt adds; where something is compiled, headers for that too. Raises OptionError."""
    reason = "asked for with --apt"
    return [
        *(SystemPackage(name=valid_option(n), reason=reason) for n in asked),
        *(
            SystemPackage(name=n, reason=reason, stage="build")
            for n in asked
            if building and n.endswith("-dev")
        ),
    ]


def from_programs(script: Script, suite: str) -> list[SystemPackage]:
    """What brings the programs that the notebook's shell lines call."""
    table = system_table()
    return [
        SystemPackage(
            name=table.named(package, suite), reason=f"a shell line calls {program}", place=place
        )
        for program, place in script.programs
        for package in table.programs.get(program, ())
    ]


def from_installs(script: Script, suite: str) -> tuple[list[SystemPackage], list[Finding]]:
    """What the notebook installs with apt, by the suite's names; Python 2's packages have none."""
    packages, findings, table = [], [], system_table()
    for install in script.installs:
        if install.tool != "apt":
            continue
        name = install.requirement.partition("=")[0].partition("/")[0].partition(":")[0]
        if not NAME.match(name) or PYTHON2.match(name):
            findings.append(
                Finding(
                    severity="warning",
                    code="apt-skipped",
                    message=f"{install.requirement!r} is not installed: no such Debian package",
                    place=install.place,
                    hint="--apt NAME adds what takes its place",
                )
            )
            continue
        known = table.named(table.of_debian(name), suite)
        reason = "installed by the notebook" + (f" as {name}" if known != name else "")
        stage: Literal["final", "build"] = "build" if known in TOOLCHAIN else "final"
        packages.append(SystemPackage(name=known, reason=reason, place=install.place, stage=stage))
    return packages, findings


def from_table(script: Script, locked: Sequence[LockedPackage], suite: str) -> list[SystemPackage]:
    """What the table says of the locked distributions and of words in the code.

    A compiler's needs count only for what is compiled.
    """
    table = system_table()
    built = {p.name for p in locked if not p.wheel}
    names = {p.name for p in locked}
    found = []
    for rule in table.rules:
        who = sorted((built if rule.stage == "build" else names) & set(rule.distributions))
        place = word_place(script, rule.words)
        if not who and place is None:
            continue
        reason = f"{who[0]}: {rule.reason}" if who else rule.reason
        found += [
            SystemPackage(
                name=table.named(package, suite),
                reason=reason,
                place=None if who else place,
                stage=rule.stage,
            )
            for package in rule.packages
        ]
    return found


def word_place(script: Script, words: Sequence[str]) -> Place | None:
    """Where the first of the words stands in the code."""
    for cell in script.cells:
        for number, line in enumerate(cell.source.splitlines(), start=1):
            if any(word in line for word in words):
                return Place(cell=cell.number, line=number)
    return None


def locked_files(locked: Sequence[LockedPackage], index: Index) -> dict[str, IndexFile]:
    """The index's file of each locked package, by its name."""
    found = {}
    projects = index.projects(p.name for p in locked if not p.url)
    for package in locked:
        project = projects.get(package.name)
        if project is None:
            continue
        wanted = {value.partition(":")[2] for value in package.hashes}
        sdists = (
            f
            for f in project.files
            if not f.is_wheel and (f.sha256 in wanted or f.name == package.vendored)
        )
        file = project.file(package.wheel) if package.wheel else next(sdists, None)
        if file is not None:
            found[package.name] = file
    return found


def from_libraries(
    files: dict[str, IndexFile], suite: str, index: Index
) -> tuple[list[SystemPackage], list[Finding]]:
    """What binaries are linked with and no locked wheel brings."""
    wheels = {n: f for n, f in files.items() if f.is_wheel and not f.name.endswith("-any.whl")}

    def read(name: str) -> Libraries:
        try:
            return libraries(wheels[name], index)
        except RequirementsError as error:
            if not unreadable(error):
                raise
            return Libraries((), (), read=False)

    with ThreadPoolExecutor(THREADS) as threads:
        by_name = dict(zip(wheels, threads.map(read, wheels), strict=True))
    brought = {library for found in by_name.values() for library in found.brought}
    table = system_table()
    packages, findings = [], []
    for name, found in sorted(by_name.items()):
        for library in found.needed:
            if library in brought or WITH_THE_BASE.match(library) or OPTIONAL.match(library):
                continue
            package = table.libraries.get(library)
            if package is not None:
                reason = f"{name} is linked with {library}"
                packages.append(SystemPackage(name=table.named(package, suite), reason=reason))
            elif library.partition(".so")[0] not in {b.partition(".so")[0] for b in brought}:
                findings.append(
                    Finding(
                        severity="note",
                        code="library-unknown",
                        message=f"{name} is linked with {library}, which no known package has",
                        hint="if its import fails, --apt adds the package that has it",
                    )
                )
    return packages, findings


def from_sources(
    locked: Sequence[LockedPackage], files: dict[str, IndexFile], index: Index
) -> list[SystemPackage]:
    """The compilers for what has no wheel; none for pure Python."""
    found = []
    for package in locked:
        file = files.get(package.name)
        if package.wheel or package.url or file is None or file.is_wheel:
            continue
        members = index.contents(file).members
        if any(COMPILED.search(m) for m in members):
            reason = f"{package.name} {package.version} has no wheel and is compiled"
            found.append(SystemPackage(name="build-essential", reason=reason, stage="build"))
            if any(FORTRAN.search(m) for m in members):
                found.append(SystemPackage(name="gfortran", reason=reason, stage="build"))
            if any(m.endswith(".rs") for m in members):
                found.append(SystemPackage(name="cargo", reason=reason, stage="build"))
    return found
