"""What must be installed, exactly, with the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nb2image.model.place import Finding, Place

Rule = Literal[
    "user",
    "lock",
    "environment",
    "file",
    "install-line",
    "catalogue",
    "pipreqs",
    "same-name",
    "hidden",
    "drift",
    "script",
    "gpu",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One rule's say about where a module comes from; losers are kept beside the winner."""

    rule: Rule
    candidate: str
    """The distribution that the rule proposes."""
    won: bool
    detail: str
    """In words: what was read and, for a loser, why it lost."""
    place: Place | None = None
    source: str = ""
    """Where the fact comes from: a file of the project, or a documentation address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A module that the notebook's code imports."""

    module: str
    """Dotted, as imported: ``sklearn.ensemble``."""
    names: tuple[str, ...] = ()
    """For ``from module import names``."""
    place: Place
    optional: bool = False
    """Guarded (``try``, ``if IN_COLAB``): dropped rather than an error when nothing provides it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectRequirement:
    """A distribution that the notebook itself needs."""

    name: str
    """Canonical (PEP 503): ``scikit-learn``."""
    specifier: str = ""
    """PEP 440 bounds known before resolving: ``>=1.2,<2``."""
    preferred: str = ""
    """Bounds that give way when nothing fits them: a project file's, a lock's, an environment's."""
    extras: tuple[str, ...] = ()
    url: str = ""
    """A direct reference (``git+https://…``) instead of an index."""
    modules: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnModule:
    """A module of the project that is out of the notebook's reach, and that no index has."""

    name: str
    """Top-level: ``toolbox``."""
    root: str
    """The folder that must be on ``sys.path``, project-relative; empty for the project's root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackage:
    """One pinned distribution of the lock."""

    name: str
    version: str
    hashes: tuple[str, ...] = ()
    """``sha256:…`` of every file that may be installed."""
    url: str = ""
    """A direct reference, empty for a package from the index."""
    direct: bool = False
    via: tuple[str, ...] = ()
    """The locked packages that ask for it; with ``direct``, also the notebook itself."""
    wheel: str = ""
    """File name of the wheel for the image's platform; empty when it must be built."""
    size: int | None = None
    """The wheel's or sdist's bytes; None when the index does not say."""
    vendored: str = ""
    """File name of the wheel or sdist when no index on the network serves it: the build context
    brings it, in its folder ``wheels``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPackage:
    """A package of the distribution (apt)."""

    name: str
    reason: str
    place: Place | None = None
    stage: Literal["final", "build"] = "final"
    """``build`` packages (compilers, headers) are never in the image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionStep:
    """One try of the ladder that looks for a set of versions that fit together."""

    python: str
    as_of: str = ""
    """ISO date; empty for the newest releases."""
    ok: bool
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """The lock for one Python on one platform, and how it came about."""

    python: str
    """``3.11``."""
    python_reason: str = ""
    platform: str
    """uv's name of the platform, glibc included: ``x86_64-manylinux_2_36``."""
    versions: Literal["env", "as-of", "latest", "file"] = "latest"
    as_of: str = ""
    direct: tuple[DirectRequirement, ...] = ()
    locked: tuple[LockedPackage, ...] = ()
    system: tuple[SystemPackage, ...] = ()
    needs: tuple[Need, ...] = ()
    own: tuple[OwnModule, ...] = ()
    """Modules of the project that the image puts on its path; their imports are among the needs."""
    steps: tuple[ResolutionStep, ...] = ()
    text: str
    """requirements.txt: every version, hash and, as comments, the evidence."""
    findings: tuple[Finding, ...] = ()

    @property
    def sources(self) -> tuple[LockedPackage, ...]:
        """The locked packages that have no wheel, and must be built."""
        return tuple(package for package in self.locked if not package.wheel)
