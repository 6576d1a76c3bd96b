"""The lock as pylock.toml (PEP 751), for tools other than pip."""

from __future__ import annotations

import re
from pathlib import Path

from nb2image.errors import OptionError, RequirementsError
from nb2image.model import LockedPackage, Requirements
from nb2image.requirements.versions.conflicts import diagnose
from nb2image.requirements.versions.mend import resolve_mended
from nb2image.requirements.versions.resolver import Refusal, ResolveRequest
from nb2image.requirements.world import World

REQUIRES_PYTHON = re.compile(r'(?m)^requires-python = "[^"]*"$')


def pylock(requirements: Requirements, world: World) -> str:
    """The same releases as the requirements lock, with the addresses of their files.

    Raises RequirementsError when the index does not have them any more.
    """
    request = ResolveRequest(
        requirements=tuple(pinned(package) for package in requirements.locked),
        python=requirements.python,
        platform=requirements.platform,
    )
    found = resolve_mended(request, world.resolve, world.index)
    if isinstance(found, Refusal):
        refused = diagnose(found.message)
        raise RequirementsError(
            f"pylock.toml cannot be written: {refused.explanation}", code=refused.kind
        )
    return stated(found.pylock, requirements.python)


def stated(pylock: str, python: str) -> str:
    """The lock for every patch release of the Python, and of nobody else's making.

    uv writes the very patch release that it resolved for as the oldest that will do.
    """
    text = REQUIRES_PYTHON.sub(f'requires-python = "=={python}.*"', pylock, count=1)
    return text.replace('created-by = "uv"', 'created-by = "nb2image"', 1)


def pinned(package: LockedPackage) -> str:
    """A locked package as one PEP 508 line."""
    return (
        f"{package.name} @ {package.url}" if package.url else f"{package.name}=={package.version}"
    )


def write_pylock(path: Path, requirements: Requirements, world: World) -> None:
    """Write the lock. Raises OptionError when the file cannot be written, RequirementsError."""
    text = pylock(requirements, world)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OptionError(
            f"--lock: cannot write {path}: {error.strerror or error}", code="lock-unwritable"
        ) from error
