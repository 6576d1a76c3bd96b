"""The Python and platform of the image: which files of an index can be installed there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags

from nb2image.requirements.age.python_releases import last_patch

# PEP 600: the older names of three glibc levels.
LEGACY_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
# The oldest glibc that a manylinux tag can name, by architecture (PEP 513, PEP 599).
OLDEST_GLIBC = {"x86_64": 5, "i686": 5}
OLDEST_GLIBC_ELSEWHERE = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A CPython on a Linux with glibc."""

    python: str
    """``3.11``, or with a patch release: ``3.11.9``."""
    platform: str = "x86_64-manylinux_2_36"
    """uv's name of the platform: architecture and the base's glibc."""

    @property
    def version(self) -> tuple[int, int]:
        """(3, 11)"""
        major, minor = self.python.split(".")[:2]
        return int(major), int(minor)

    @property
    def full_version(self) -> str:
        """With a patch release: the last one, which a base image has."""
        return self.python if self.python.count(".") >= 2 else last_patch(self.python)

    @property
    def architecture(self) -> str:
        """``x86_64`` or ``aarch64``."""
        return self.platform.partition("-")[0]

    @property
    def glibc(self) -> tuple[int, int]:
        """(2, 36)"""
        major, minor = self.platform.rpartition("manylinux_")[2].split("_")
        return int(major), int(minor)

    def tags(self) -> tuple[Tag, ...]:
        """The wheel tags that can be installed, the best first (PEP 425, PEP 600)."""
        return target_tags(self)

    def accepts(self, requires_python: str) -> bool:
        """Whether a ``Requires-Python`` lets this Python in; an unreadable one does."""
        if not requires_python:
            return True
        return python_accepted(self.full_version, requires_python)

    def marker_environment(self) -> dict[str, str]:
        """The values of environment markers (PEP 508) in the image."""
        major, minor = self.version
        return {
            "implementation_name": "cpython",
            "implementation_version": self.full_version,
            "os_name": "posix",
            "platform_machine": self.architecture,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.full_version,
            "python_version": f"{major}.{minor}",
            "sys_platform": "linux",
        }


def platforms(target: Target) -> Iterator[str]:
    """Platform tags from the target's glibc down to the oldest, then plain Linux."""
    major, minor = target.glibc
    oldest = OLDEST_GLIBC.get(target.architecture, OLDEST_GLIBC_ELSEWHERE)
    for level in range(minor, oldest - 1, -1):
        yield f"manylinux_{major}_{level}_{target.architecture}"
        if level in LEGACY_NAMES:
            yield f"{LEGACY_NAMES[level]}_{target.architecture}"
    yield f"linux_{target.architecture}"


@lru_cache(maxsize=32)
def target_tags(target: Target) -> tuple[Tag, ...]:
    """See ``Target.tags``."""
    major, minor = target.version
    interpreter = f"cp{major}{minor}"
    # Named here because packaging would ask the Python that runs nb2image. "m" is pymalloc,
    # part of the ABI's name until 3.7.
    abi = f"{interpreter}m" if target.version < (3, 8) else interpreter
    names = list(platforms(target))
    tags = [
        *cpython_tags(target.version, abis=[abi], platforms=names),
        *compatible_tags(target.version, interpreter, names),
    ]
    return tuple(dict.fromkeys(tags))


@lru_cache(maxsize=4096)
def python_accepted(full_version: str, requires_python: str) -> bool:
    """See ``Target.accepts``."""
    try:
        return SpecifierSet(requires_python).contains(full_version, prereleases=True)
    except InvalidSpecifier:
        return True
