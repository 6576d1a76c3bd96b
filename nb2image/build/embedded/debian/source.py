"""A base made from Debian's packages, for when no registry answers or it is asked for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nb2image.build.embedded.bases.base import (
    WANTED,
    Base,
    BaseFacts,
    Entry,
    facts_of,
    read_facts,
    remember_facts,
)
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.debian.archive import DebianArchive, state
from nb2image.build.embedded.debian.closure import closure
from nb2image.build.embedded.debian.index import Package
from nb2image.build.embedded.debian.refusals import refuse_known
from nb2image.build.embedded.debian.root import root_entries, write_root
from nb2image.build.embedded.layers.layer import Compression, Layer
from nb2image.errors import PlanError
from nb2image.events import Emit
from nb2image.image.base import GLIBC, PACKAGED
from nb2image.model import BuildPlan
from nb2image.requirements.target import Target

RECIPE = 7
PACKAGES = (
    *("base-files", "base-passwd", "ca-certificates", "libc-bin", "libgomp1", "libstdc++6"),
    *("netbase", "tzdata"),
)
APART = {"3.9": ("python3-distutils",), "3.11": ("python3-distutils",)}
"""What Python's own images have of the standard library and Debian keeps apart: distutils, and
lib2to3, which it depends on."""
SHELL = ("bash", "coreutils", "dash", "findutils", "grep", "gzip", "sed", "tar")
"""What a script that starts programs may call, as in the official slim images."""
ESSENTIAL = (*SHELL, "debianutils", "diffutils", "hostname", "mawk", "perl-base")
"""What programs take for granted, so that their packages do not name it (Debian Policy, 3.8)."""
DROPPED = frozenset(
    {
        # their work is done by ``root.extras``, or they serve scripts that never run here
        *(
            "awk",
            "debconf",
            "debconf-2.0",
            "debianutils",
            "dpkg",
            "init-system-helpers",
            "install-info",
        ),
        *(
            "libpam-runtime",
            "login",
            "mawk",
            "openssl",
            "perl-base",
            "perl:any",
            "ucf",
            "sensible-utils",
        ),
        *("usr-is-merged", "python3-minimal", "media-types", "mime-support", "mailcap"),
    }
)
STARTS_PROGRAMS = re.compile(r"\b(subprocess|os\.system|os\.popen|pexpect|get_ipython|sh\.)")
TIME = 315619200
"""1980-01-02, as for the dependencies: the same packages make the same layer."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianBase:
    """A ``BaseSource`` of Debian's packages."""

    archive: DebianArchive
    cache: BlobCache
    compression: Compression = "gzip"
    reason: str = ""

    @property
    def described(self) -> str:
        """In a few words."""
        return "Debian packages"

    def target(self, plan: BuildPlan, planned: Target) -> Target:
        """The C library is the release's."""
        glibc = GLIBC[suite_of(plan.requirements.python)].replace(".", "_")
        return replace(planned, platform=f"{planned.architecture}-manylinux_{glibc}")

    def get(self, plan: BuildPlan, architecture: str, emit: Emit) -> Base:
        """See ``BaseSource``."""
        python = plan.requirements.python
        suite = suite_of(python)
        wanted = wanted_names(plan, suite)
        base, more = self._packages(suite, architecture, root_names(plan, wanted), wanted)
        made = [self._layer(base, (), architecture, python)]
        if more:
            made.append(self._layer(more, base, architecture, python))
        layers = [layer for layer, _ in made]
        facts = self._facts(made, python)
        lock = hashlib.sha256("\n".join(p.sha256 for p in (*base, *more)).encode()).hexdigest()
        return Base(
            name=f"debian:{suite}",
            digest="",
            architecture=architecture,
            settings={
                "Env": [f"PATH={PATH}", "LANG=C.UTF-8"],
                "Labels": {"io.nb2image.base.packages": f"sha256:{lock}"},
            },
            history=tuple(
                {"created": "1980-01-02T00:00:00Z", "created_by": layer.what} for layer in layers
            ),
            layers=tuple(layers),
            facts=facts,
            reason=f"made from {len(base) + len(more)} packages of Debian {suite}: {self.reason}",
        )

    def _facts(self, made: Sequence[tuple[Layer, Mapping[str, Entry]]], python: str) -> BaseFacts:
        layers = [layer for layer, _ in made]
        if all(entries for _, entries in made):  # just written: not to be read again
            found = {path: one for _, entries in made for path, one in entries.items()}
            size = sum(layer.content for layer in layers)
            facts = replace(facts_of(found, python, PATH), size=size)
            remember_facts(self.cache, layers, facts, python, PATH)
        return read_facts(self.cache, layers, python, PATH)

    def _packages(
        self, suite: str, architecture: str, names: tuple[str, ...], wanted: tuple[str, ...]
    ) -> tuple[tuple[Package, ...], tuple[Package, ...]]:
        """The packages of the base, and those that the plan's apt packages add."""
        releases = self.archive.releases(suite)
        key = f"debian/{RECIPE}/{architecture}/{state(releases, architecture)}/{names}/{wanted}"
        known = self.cache.fact(key, list[tuple[Package, ...]])
        if known is None or len(known) != 2:
            packages = self.archive.index(releases, architecture)
            base = closure(packages, names, DROPPED.difference(names))
            there = {p.name for p in base}
            dropped = DROPPED.difference(names, wanted)
            all_of_them = closure(packages, (*names, *wanted), dropped)
            known = [base, tuple(p for p in all_of_them if p.name not in there)]
            self.cache.remember(key, known)
        return known[0], known[1]

    def _layer(
        self,
        packages: Sequence[Package],
        below: Sequence[Package],
        architecture: str,
        python: str,
    ) -> tuple[Layer, Mapping[str, Entry]]:
        """A layer of packages, and when it was made anew what it holds of interest."""
        hashes = "+".join(p.sha256 for p in (*packages, *below))
        key = f"debian-layer/{RECIPE}/{architecture}/{python}/{self.compression}/{hashes}"
        known = self.cache.fact(key, Layer)
        if known is not None and self.cache.find(known.digest, known.size):
            return known, {}
        refuse_known([p.name for p in packages])
        debs = self.archive.debs([*packages, *below])
        own = {p.name: debs[p.name] for p in packages}
        entries = root_entries(
            packages,
            own,
            architecture=architecture,
            python=python,
            below=[(p, debs[p.name]) for p in below],
        )
        layer = self.cache.layer(
            key,
            lambda file: write_root(
                file, packages, entries, time=TIME, compression=self.compression
            ),
        )
        return layer, {
            path: Entry(one.kind, one.target, one.data)
            for path, one in entries.items()
            if WANTED.fullmatch(path)
        }


def wanted_names(plan: BuildPlan, suite: str) -> tuple[str, ...]:
    """The packages that the plan asks for beside the base, by their names in a suite.

    A plan has the names of the suite of its base image, of which another one may stand in.
    """
    names = [package.name for package in plan.requirements.system if package.stage == "final"]
    if not names:
        return ()
    from nb2image.requirements.system import system_table  # takes its time to load

    return tuple(sorted({system_table().named(name, suite) for name in names}))


def suite_of(python: str) -> str:
    """The Debian release that has a Python. Raises PlanError when none has."""
    suite = PACKAGED.get(python)
    if suite is None:
        raise PlanError(
            f"no Debian release has Python {python}; its packages give {', '.join(PACKAGED)}",
            code="base-debian-python",
            hint="choose one of them with --python, or name a base: --base FILE",
        )
    return suite


def root_names(plan: BuildPlan, wanted: Sequence[str]) -> tuple[str, ...]:
    """The packages that the base is made of, where others are ``wanted`` upon it."""
    python = plan.requirements.python
    code = [plan.script.text, *(module.source for module in plan.script.local_modules)]
    tools: tuple[str, ...] = ()
    if any(STARTS_PROGRAMS.search(text) for text in code):
        tools = SHELL
    if any(not name.startswith("lib") or name.endswith("-perl") for name in wanted):
        tools = ESSENTIAL  # programs, many of which are scripts
    return (f"python{python}", *APART.get(python, ()), *PACKAGES, *tools)
