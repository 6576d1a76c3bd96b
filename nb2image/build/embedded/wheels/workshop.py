"""Makes wheels of source distributions where no engine is: in a sandbox, without a network.

A project's setup.py is a stranger's program. It runs as the image's user in a container of the
image's own base, with the plan's compilers, and sees its own source and its build requirements.
"""

from __future__ import annotations

import platform
import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from nb2image.build.causes import explain
from nb2image.build.embedded import project
from nb2image.build.embedded.bases.base import Base
from nb2image.build.embedded.bases.sources import BaseSource
from nb2image.build.embedded.documents import make_image
from nb2image.build.embedded.targets import Delivery, Destination
from nb2image.build.embedded.wheels.files import (
    FROM_SOURCE,
    BuiltWheel,
    FileSource,
    LockedFile,
    digest_of,
)
from nb2image.build.embedded.wheels.tools import PIP, Toolbox, build_requirements
from nb2image.build.steps import KEPT_LINES, Failure
from nb2image.errors import BuildError, EngineError, PlanError
from nb2image.events import Emit, Event, OutputLine
from nb2image.image.contract import APP, INSTALLED, OUTPUTS, VENV
from nb2image.image.quote import printable
from nb2image.image.render import build_packages
from nb2image.model import BuildPlan, LockedPackage, SystemPackage
from nb2image.requirements.target import Target
from nb2image.run.request import Limits, RunRequest
from nb2image.run.rootless import run_file
from nb2image.run.roots import ARCHITECTURES, scratch
from nb2image.services import Services
from nb2image.terminal import clean

RECIPE = 1
SECONDS = 3600
PRINTED = 50_000_000
ROUNDS = 3
"""Times that a project may ask for more build requirements."""
FILE = re.compile(r"[A-Za-z0-9][\w.+!-]*")
ASKS = re.compile(r"Could not find a version that satisfies the requirement (.+?) \(from versions")
"""pip's words for a build requirement that only setup.py names."""
ESSENTIAL = ("g++", "gcc", "libc6-dev", "make")
"""build-essential without its tools for making Debian packages, and their Perl."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Where source distributions are built."""

    services: Services
    base: BaseSource
    delivery: Delivery
    toolbox: Toolbox

    def wheels(
        self, plan: BuildPlan, base: Base, source: FileSource, emit: Emit
    ) -> dict[str, BuiltWheel]:
        """A wheel for each locked package that has none, by the package's name.

        One that was made before is taken again. Raises BuildError when a source cannot be built,
        PlanError when it cannot be tried here.
        """
        keys = {
            package.name: built_key(package, plan, base) for package in plan.requirements.sources
        }
        found = {}
        for name, key in keys.items():
            known = source.cache.fact(key, BuiltWheel)
            if known is not None and source.cache.find(known.digest):
                found[name] = known
        missing = [package for package in plan.requirements.sources if package.name not in found]
        if missing:
            for name, made in self.make(missing, plan, base, source, emit).items():
                source.cache.remember(keys[name], made)
                found[name] = made
        return found

    @property
    def roots(self) -> Path:
        """Where the sandbox's file system is unpacked."""
        return self.services.cache / "roots"

    def make(
        self,
        packages: Sequence[LockedPackage],
        plan: BuildPlan,
        base: Base,
        source: FileSource,
        emit: Emit,
    ) -> dict[str, BuiltWheel]:
        """The wheels of some packages, by name. Raises BuildError and PlanError."""
        named = ", ".join(f"{p.name} {p.version}" for p in packages)
        with scratch(self.roots) as folder:
            layout, brought = folder / "workshop", folder / "wheels"
            target = self.write(layout, with_compilers(plan, base), emit)
            sdists = [source.file(package) for package in packages]
            wanted = [build_requirements(s.path, file_name(s.name), target) for s in sdists]
            for _ in range(ROUNDS):
                tools = self.tools(wanted, target, plan, source)
                there = (*tools, *sdists)
                request = RunRequest(
                    image=str(layout),
                    command=command(tools[0], sdists),
                    env=ENVIRONMENT,
                    outputs=brought,
                    files=tuple((f"{APP}/{f.name}", f.path.read_bytes()) for f in there),
                    limits=Limits(seconds=SECONDS, printed=PRINTED),
                )
                status, lines = self.run(request, named, emit)
                if status == 0:
                    return {p.name: kept(brought, p, source) for p in packages}
                more = asked(lines, chain.from_iterable(wanted))
                if not more:
                    break
                wanted.append(more)
        raise explain(Failure(step=FROM_SOURCE, message=f"exit code: {status}", lines=tuple(lines)))

    def write(self, layout: Path, plan: BuildPlan, emit: Emit) -> Target:
        """Write the sandbox's image, for this machine: what wheels can be used in it.

        Raises PlanError on a machine for which there are no images.
        """
        architecture = ARCHITECTURES.get(platform.machine())
        if architecture is None:
            raise PlanError(
                f"no sandbox to build wheels in can be made for {platform.machine()}",
                code="embedded-needs-wheels",
                hint="build with an engine (--builder docker)",
            )
        base = self.base.get(plan, architecture, emit)
        python = plan.requirements.python
        setup = project.setup_layer(self.delivery.cache, base, python, "gzip")
        image = make_image(plan, base, [*base.added, setup])
        self.delivery.deliver([image], "workshop", Destination(layout=layout), emit)
        planned = Target(python=python, platform=plan.requirements.platform)
        libc = self.base.target(plan, planned).platform.partition("-")[2]
        return replace(planned, platform=f"{platform.machine()}-{libc}")

    def tools(
        self,
        wanted: Sequence[tuple[str, ...]],
        target: Target,
        plan: BuildPlan,
        source: FileSource,
    ) -> list[LockedFile]:
        """pip, and the wheels of all build requirements; each project's fit together."""
        locked = list(self.toolbox.locked(PIP, target, ""))
        for lines in dict.fromkeys(wanted):
            locked += self.toolbox.locked(lines, target, plan.requirements.as_of)
        files = [source.file(package) for package in locked]
        return list({file_name(file.name): file for file in files}.values())

    def run(self, request: RunRequest, named: str, emit: Emit) -> tuple[int, list[str]]:
        """Run pip in the sandbox: its status and its last lines. Raises PlanError."""
        lines: deque[str] = deque(maxlen=KEPT_LINES)

        def say(event: Event) -> None:
            if isinstance(event, OutputLine):
                line = clean(event.line)
                lines.append(line)
                emit(OutputLine(stage="build", step=FROM_SOURCE, line=line))

        services = self.services
        try:
            done = run_file(request, services.run, services.environ, self.roots, say)
        except EngineError as error:
            raise PlanError(
                f"there is no wheel for {named}, and no sandbox to build one in works here: "
                f"{error.message}",
                code="embedded-needs-wheels",
                hint=f"{error.hint}; or build with an engine (--builder docker), or with podman",
            ) from error
        return done.exit_status, list(lines)


START = """
import runpy, sys, zipfile
zipfile.ZipFile(sys.argv.pop(1)).extractall("/tmp/pip")
sys.path.insert(0, "/tmp/pip")
runpy.run_module("pip", run_name="__main__")
"""
"""Unpacks pip and starts it; it starts itself again for each project's build requirements."""
ENVIRONMENT = (
    ("HOME", "/tmp"),
    ("PIP_NO_COMPILE", "1"),
    ("PYTHONHASHSEED", "0"),
    ("SOURCE_DATE_EPOCH", str(INSTALLED)),
)


def built_key(package: LockedPackage, plan: BuildPlan, base: Base) -> str:
    """What a wheel that is built here depends on; of a day's tools, it is told by the day."""
    below = "+".join(layer.diff_id for layer in base.layers)
    tools = f"{plan.requirements.as_of}/{build_packages(plan)}"
    return f"built/{RECIPE}/{platform.machine()}/{below}/{tools}/{'+'.join(package.hashes)}"


def with_compilers(plan: BuildPlan, base: Base) -> BuildPlan:
    """The plan of the sandbox: nothing but the packages that building needs.

    The official images have Python's own headers; Debian's Python has them in a package.
    """
    names = set(build_packages(plan))
    if "build-essential" in names:
        names = {*names, *ESSENTIAL} - {"build-essential"}
    if names and base.facts.interpreter.startswith("/usr/bin/"):
        names.add(f"libpython{plan.requirements.python}-dev")
    system = tuple(SystemPackage(name=name, reason="to build with") for name in sorted(names))
    return replace(plan, requirements=replace(plan.requirements, locked=(), system=system))


def command(pip: LockedFile, sdists: Iterable[LockedFile]) -> tuple[str, ...]:
    """pip out of its own wheel, which takes what lies in /app and nothing else."""
    return (
        *(f"{VENV}/bin/python", "-c", START, f"{APP}/{pip.name}", "wheel"),
        *("--no-index", "--find-links", APP, "--no-deps", "--use-pep517", "--no-cache-dir"),
        *("--disable-pip-version-check", "--progress-bar", "off", "--wheel-dir", OUTPUTS),
        *(f"{APP}/{sdist.name}" for sdist in sdists),
    )


def file_name(name: str) -> str:
    """A file's name as it may stand in a path and a command. Raises BuildError."""
    if FILE.fullmatch(name) is None:
        raise BuildError(f"{printable(name[:200])!r} is no name of a distribution's file")
    return name


def asked(lines: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """The build requirements that pip lacked and that were not given yet."""
    found = []
    for line in lines:
        for text in ASKS.findall(line):
            try:
                one = Requirement(text)
            except InvalidRequirement:
                continue
            if not one.url and str(one) not in known:
                found.append(str(one))
    return tuple(dict.fromkeys(found))


def kept(folder: Path, package: LockedPackage, source: FileSource) -> BuiltWheel:
    """The wheel that was brought, in the cache. Raises BuildError when it is not the package's."""
    for path in folder.glob("*.whl"):
        if is_of(path.name, package):
            digest = digest_of(path)
            with source.cache.writing() as file:
                file.write(path.read_bytes())
                source.cache.keep(file, digest)
            return BuiltWheel(name=path.name, digest=digest)
    names = ", ".join(printable(path.name) for path in folder.iterdir()) or "nothing"
    raise BuildError(
        f"building {package.name} {package.version} made {names}", code="wheel-foreign"
    )


def is_of(wheel: str, package: LockedPackage) -> bool:
    """Whether a wheel's file name is of this very release."""
    try:
        name, version, _, _ = parse_wheel_filename(wheel)
        return name == package.name and version == Version(package.version)
    except (InvalidWheelFilename, InvalidVersion):
        return False
