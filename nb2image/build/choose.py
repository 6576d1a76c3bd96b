"""Which builder makes an image: by where it goes, by what the plan needs, by what is here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nb2image.errors import OptionError, PlanError
from nb2image.gpu.slim import not_found
from nb2image.image.base import PACKAGED
from nb2image.model import BuildPlan

PODMAN = frozenset({"--archive", "--push"})
"""What podman knows of the options that an engine does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """How an image is to be built, as the user asks for it."""

    builder: Literal["auto", "docker", "embedded", "podman"] = "auto"
    archive: Path | None = None
    """Write the image there: a folder, or a file that ends with .tar."""
    push: bool = False
    """Push it to the registry that its tag names."""
    base: str = ""
    """``debian``, or a layout or archive on disk; empty for the plan's base image."""
    snapshot: str = ""
    """Debian's packages as of a day, ``2026-01-15`` or ``20260115T120000Z``."""
    mirror: str = ""
    """A mirror of Debian's archive; empty for this machine's."""
    compression: Literal["gzip", "zstd"] = "gzip"
    check: str = ""
    """The digest that the image must have."""
    others: tuple[Path, ...] = ()
    """Contexts of the same image for other platforms."""

    @property
    def packaged(self) -> bool:
        """Whether the base is made of Debian's packages, unless an image is named."""
        return self.base == "debian" or bool(not self.base and (self.snapshot or self.mirror))

    @property
    def engineless(self) -> tuple[str, ...]:
        """The options that are given and that an engine does not know."""
        given = {
            "--archive": self.archive,
            "--push": self.push,
            "--base": self.base,
            "--snapshot": self.snapshot,
            "--mirror": self.mirror,
            "--check": self.check,
            "--compression zstd": self.compression != "gzip",
            "--also": self.others,
        }
        return tuple(name for name, value in given.items() if value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A builder and why it was chosen."""

    builder: Literal["docker", "embedded", "podman"]
    reason: str


def choose(
    plan: BuildPlan,
    asked: BuildOptions,
    engine_answers: Callable[[], bool],
    podman_is_here: Callable[[], bool] = lambda: False,
) -> Choice:
    """The builder for a plan.

    An image for the local engine is made quickest by the engine itself, one for a registry or a
    file by us; what must be compiled is made best by an engine, or by podman, which needs none.
    Each is asked only where its answer matters. Raises OptionError for options that
    contradict, PlanError for a GPU image that we cannot make.
    """
    choice = preferred(plan, asked, engine_answers)
    podmans = PODMAN.issuperset(asked.engineless)
    if choice.builder == "embedded" and asked.builder == "auto" and podmans:
        needs = "there are packages to compile" if needs_tools(plan) else ""
        needs = needs or needs_run(plan)
        if needs and podman_is_here():
            choice = Choice(builder="podman", reason=f"{choice.reason}, and {needs}")
    if choice.builder == "embedded" and (why := needs_run(plan)):
        raise PlanError(
            f"the embedded builder runs nothing in the image, and {why}",
            code="embedded-needs-run",
            hint="build with a Docker engine (--builder docker), or for the CPU (--cpu)",
        )
    return choice


def needs_run(plan: BuildPlan) -> str:
    """What a GPU image needs that only a RUN can do, in words; empty for nothing."""
    if plan.base.python_from:
        return f"{plan.base.reference} must have a Python put in"
    if plan.base.build:
        return "CUDA's compiler is needed for a package that has no wheel"
    linked = not_found(plan.requirements.locked) if plan.accelerator.kind == "cuda" else ()
    return f"{', '.join(linked)} needs the linker's cache written (ldconfig)" if linked else ""


def preferred(plan: BuildPlan, asked: BuildOptions, engine_answers: Callable[[], bool]) -> Choice:
    """The builder that suits, not looking at what only a RUN can do."""
    known = {"docker": frozenset[str](), "podman": PODMAN}.get(asked.builder)
    foreign = [] if known is None else [one for one in asked.engineless if one not in known]
    if foreign:
        raise OptionError(
            f"{foreign[0]} belongs to the embedded builder",
            code="builder-option",
            hint=f"leave out --builder {asked.builder}",
        )
    if asked.builder != "auto":
        return Choice(builder=asked.builder, reason="asked for")
    if asked.engineless:
        return Choice(builder="embedded", reason=f"for {asked.engineless[0]}")
    if not engine_answers():
        return Choice(builder="embedded", reason="no container engine answers")
    needs = "packages to build" if needs_build(plan) else "Debian packages to install"
    if needs_build(plan) or system_packages(plan):
        return Choice(builder="docker", reason=f"there are {needs}")
    return Choice(builder="docker", reason="the image is for the local engine")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseChoice:
    """What the embedded builder puts an image upon, and why."""

    kind: Literal["archive", "debian", "registry", "registry-or-debian"]
    """``registry-or-debian``: made from packages when no registry answers."""
    reason: str = ""


def choose_base(plan: BuildPlan, asked: BuildOptions) -> BaseChoice:
    """The base of an image that is built without an engine."""
    python = plan.requirements.python
    named = plan.base.reason.startswith("named")
    if asked.base and asked.base != "debian":
        return BaseChoice(kind="archive", reason="asked for with --base")
    if asked.base:
        return BaseChoice(kind="debian", reason="asked for with --base debian")
    for option, value in (("--snapshot", asked.snapshot), ("--mirror", asked.mirror)):
        if value and not named:  # else they are about the packages upon the base
            return BaseChoice(kind="debian", reason=f"asked for with {option}")
    if named:
        return BaseChoice(kind="registry", reason=plan.base.reason)
    if python not in PACKAGED:
        return BaseChoice(kind="registry", reason=f"no Debian release has Python {python}")
    return BaseChoice(kind="registry-or-debian", reason=plan.base.reason)


def base_without_engine(plan: BuildPlan) -> str:
    """What the image stands upon when no engine builds it, in words."""
    if why := needs_run(plan):
        return f"not possible: {why}"
    choice = choose_base(plan, BuildOptions())
    packages = f"Debian {PACKAGED.get(plan.requirements.python, '')}'s packages"
    if choice.kind == "debian":
        return f"made from {packages}: {choice.reason}"
    if choice.kind == "registry":
        return f"this base from its registry: {choice.reason}"
    return f"this base from its registry, or one made from {packages} when none answers"


def needs_build(plan: BuildPlan) -> bool:
    """Whether a package of the lock has no wheel."""
    return bool(plan.requirements.sources)


def needs_tools(plan: BuildPlan) -> bool:
    """Whether a package is built with packages of the distribution: a compiler, or git."""
    found = plan.requirements
    return any(p.stage == "build" for p in found.system) or any(not p.hashes for p in found.locked)


def system_packages(plan: BuildPlan) -> bool:
    """Whether the image gets packages of the distribution."""
    return any(package.stage == "final" for package in plan.requirements.system)
