"""What an inspection of an image found: where its bytes are and who brought them.

All sizes are bytes. Shares are fractions of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nb2image.model.place import Finding

Cause = Literal["deleted", "overwritten", "opaque"]
OwnerKind = Literal["python-package", "apt", "conda", "python", "project", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerShare:
    """One layer's part of the image."""

    number: int
    digest: str
    command: str
    size: int
    """Bytes of its files."""
    compressed_size: int | None
    """As stored; None where it is stored uncompressed."""
    compressed_estimate: int
    """The same, or where that is None an estimate from samples."""
    files: int
    """Regular files and hard links."""
    base: bool
    """It belongs to the base image."""
    wasted: int
    """Bytes of this layer that a later one hides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenFile:
    """A file that is stored in one layer and hidden by a later one."""

    path: str
    size: int
    layer: int
    hidden_by: int
    cause: Cause
    same_content: bool = False
    """What overwrites it has the same content: only owner, mode or time were changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waste:
    """A path that occurs in two layers or more, as dive counts."""

    path: str
    size: int
    """The sum of its sizes in all layers."""
    layers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """dive's figures."""

    score: float
    """1.0 when no path occurs twice."""
    wasted_bytes: int
    wasted_user_share: float
    """Wasted bytes over the bytes of all layers but the first."""
    wastes: tuple[Waste, ...] = ()
    """Largest first; without those that have no bytes (folders, links), which dive lists, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """One content that stands under several paths of the final file system."""

    size: int
    """Of one copy."""
    paths: tuple[str, ...]

    @property
    def excess(self) -> int:
        """Bytes beyond the first copy."""
        return self.size * (len(self.paths) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """How a package came to be needed: a cell's import and the packages between."""

    cells: tuple[int, ...]
    """The cells that import the first package; empty when none does."""
    reason: str = ""
    """Why the first package is there when no cell imports it."""
    packages: tuple[str, ...]
    """From what the notebook needs directly to the package itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageShare:
    """The bytes of one package, or of one of the things that belong to none."""

    kind: OwnerKind
    name: str
    version: str = ""
    size: int
    files: int
    layers: tuple[int, ...] = ()
    """The layers that its files lie in."""
    bytecode: int = 0
    """Bytes of it that are compiled Python."""
    tests: int = 0
    """Bytes of it below folders named tests."""
    chain: Chain | None = None
    """None when the image holds no plan, or the plan does not know the package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellShare:
    """What the imports of one cell cost."""

    cell: int
    direct: tuple[str, ...]
    """The packages that it imports."""
    size: int
    """Bytes of these packages and all that they need."""
    alone: int
    """Bytes that no other cell needs: what leaving the cell out would save."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The bytes of a folder or of a kind of file."""

    name: str
    size: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where an image says it comes from: its labels; empty where it says nothing."""

    nb2image: str = ""
    """The version that made it."""
    plan_digest: str = ""
    notebook: str = ""
    notebook_sha256: str = ""
    python: str = ""
    source: str = ""
    revision: str = ""
    base: str = ""
    base_digest: str = ""
    plan_matches: bool | None = None
    """The plan inside has the digest that the label names; None without plan or label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """A change that would make the image smaller; nobody makes it unasked."""

    code: str
    """A stable slug: ``torch-cpu``."""
    message: str
    """What is there and why it can go, with its place."""
    saving: int
    """Expected bytes, unpacked."""
    how: str
    """What to do, as a command or an option where there is one."""
    estimated: bool = False
    """The saving is a guess from experience, not a sum of files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """Limits that an image must keep; None asks for nothing."""

    max_size: int | None = None
    """Bytes of all layers, unpacked."""
    max_compressed: int | None = None
    """Bytes of all layers as a registry stores them."""
    max_layer: int | None = None
    """Bytes of the largest layer above the base image."""
    max_package: int | None = None
    """Bytes of the largest Python package."""
    max_wasted: int | None = None
    """dive's wasted bytes."""
    max_wasted_share: float | None = None
    """dive's wasted bytes over the bytes of all layers but the first."""
    min_efficiency: float | None = None
    """dive's score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """Whether one limit was kept."""

    gate: str
    """The option's name without dashes: ``max-size``."""
    ok: bool
    limit: float
    actual: float
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Everything that is known about an image's bytes."""

    reference: str
    id: str
    platform: str = ""
    created: str = ""
    size: int
    """Of all layers, unpacked."""
    compressed_size: int | None = None
    """Of all layers; None where one of them is stored uncompressed."""
    compressed_estimate: int
    """The same, or where that is None an estimate from samples."""
    visible_size: int
    """Of the files that a container sees."""
    base_size: int | None = None
    """Of the base image's layers; None when they cannot be told from the others."""
    layers: tuple[LayerShare, ...]
    packages: tuple[PackageShare, ...]
    """Largest first; together they are ``visible_size``."""
    cells: tuple[CellShare, ...] = ()
    folders: tuple[Share, ...] = ()
    """The larger folders with all below them, by path."""
    file_types: tuple[Share, ...] = ()
    efficiency: Efficiency
    hidden_size: int
    """Bytes that are stored and never seen."""
    hidden: tuple[HiddenFile, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    advice: tuple[Advice, ...] = ()
    """Most saving first."""
    provenance: Provenance
    gates: tuple[GateResult, ...] = ()
    """What was asked of the image, each kept or not."""
    findings: tuple[Finding, ...] = ()
