"""What a source distribution is built with: its build requirements as wheels, and pip.

Nothing of it is run here; https://peps.python.org/pep-0518/ says what a project may ask for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from packaging.requirements import InvalidRequirement, Requirement

from nb2image.errors import BuildError, RequirementsError
from nb2image.image.quote import printable
from nb2image.image.render import FIRST_DAY
from nb2image.model import LockedPackage
from nb2image.network import NetworkConfig
from nb2image.requirements.index.archive import MAX_MEMBER_BYTES
from nb2image.requirements.index.cache import index_cache
from nb2image.requirements.index.sdist import members
from nb2image.requirements.target import Target
from nb2image.requirements.versions.resolver import Refusal, ResolveRequest, resolve
from nb2image.services import Services

LEGACY = ("setuptools>=40.8.0", "wheel")
"""For a project that does not say, as pip has it."""
PIP = ("pip",)


class BuildSystem(msgspec.Struct):
    """PEP 518's table."""

    requires: tuple[str, ...] = LEGACY


class Pyproject(msgspec.Struct, rename="kebab"):
    """What counts of a pyproject.toml."""

    build_system: BuildSystem = msgspec.field(default_factory=BuildSystem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """Finds build tools on the package index."""

    services: Services
    network: NetworkConfig

    def locked(
        self, wanted: Sequence[str], target: Target, as_of: str
    ) -> tuple[LockedPackage, ...]:
        """Wheels for the requirements, of the day ``as_of`` (ISO) where there are such.

        An old setup.py fails with today's setuptools; a young Python with that of an old day.
        Raises BuildError when no wheels satisfy them.
        """
        day = max(as_of, FIRST_DAY) if as_of else ""
        for at in dict.fromkeys((day, "")):
            request = ResolveRequest(
                requirements=tuple(wanted),
                python=target.python,
                platform=target.platform,
                as_of=at,
                later=(("setuptools", at),) if at else (),
            )
            cache = index_cache(self.services.cache)
            found = resolve(request, self.services, self.network, cache)
            if not isinstance(found, Refusal) and all(p.wheel for p in found.packages):
                return found.packages
        why = found.message if isinstance(found, Refusal) else "some have no wheel"
        raise BuildError(
            f"no wheels of its build requirements ({', '.join(map(printable, wanted))}) fit",
            code="build-requirements",
            hint="build with an engine (--builder docker), or choose a release with a wheel",
            details=why.splitlines()[-6:],
        )


def build_requirements(sdist: Path, name: str, target: Target) -> tuple[str, ...]:
    """The build requirements that a source distribution states, those for this Python.

    Raises BuildError for a pyproject.toml that is none, and for a requirement with an address.
    """
    try:
        with sdist.open("rb") as file:
            texts = (
                read()
                for path, size, read in members(file, name)
                if path == "pyproject.toml" and size < MAX_MEMBER_BYTES
            )
            text = next(texts, b"")
    except RequirementsError as error:
        raise BuildError(error.message, code="sdist-broken", hint=error.hint) from error
    try:
        stated = msgspec.toml.decode(text, type=Pyproject).build_system.requires
        lines = [Requirement(line) for line in stated]
    except (msgspec.MsgspecError, UnicodeDecodeError, InvalidRequirement) as error:
        raise BuildError(
            f"the pyproject.toml of {printable(name)} cannot be read: {printable(str(error))}",
            code="sdist-broken",
        ) from error
    environment = target.marker_environment()
    wanted = [one for one in lines if one.marker is None or one.marker.evaluate(environment)]
    for one in wanted:
        if one.url:
            raise BuildError(
                f"{printable(name)} is built with {printable(str(one))}, which no index has",
                code="build-requirements",
            )
        one.marker = None
    # setuptools asked for wheel in its own way until 70.1
    return tuple(dict.fromkeys((*map(str, wanted), "wheel")))
