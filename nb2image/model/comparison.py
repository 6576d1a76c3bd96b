"""Several images side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from nb2image.model.analysis import GateResult, Gates, OwnerKind, Waste


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of an image that others may have, too: a package, a layer, a folder."""

    name: str
    size: int
    note: str = ""
    """A package's version."""
    kind: OwnerKind | Literal["base", "layer", "folder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One of the images that are compared, built or forecast."""

    name: str
    reference: str = ""
    """What the engine or a path knows it by; empty for a forecast."""
    notebook: str = ""
    """The notebook it was made of, where it says so."""
    forecast: bool = False
    """It is not built: its sizes are expected ones."""
    size: int
    compressed_size: int | None = None
    """Where layers are stored uncompressed, an estimate."""
    layer_count: int | None = None
    packages: tuple[Part, ...] = ()
    layers: tuple[Part, ...] = ()
    folders: tuple[Part, ...] = ()
    layer_sizes: tuple[tuple[str, int], ...] = ()
    """(diff id, bytes) of each layer."""
    hidden_size: int = 0
    """Bytes that are stored and never seen."""
    efficiency: float | None = None
    wasted_bytes: int | None = None
    wastes: tuple[Waste, ...] = ()
    """The paths that waste most, as dive counts."""
    cold_seconds: float | None = None
    """A build without a cache; None when none is known."""
    warm_seconds: float | None = None
    """A build with everything in the cache."""
    partly_seconds: float | None = None
    """A build with something in the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One part in all images."""

    name: str
    kind: str
    sizes: tuple[int, ...]
    """In the order of the images; 0 where one does not have it."""
    notes: tuple[str, ...]

    @property
    def deltas(self) -> tuple[int, ...]:
        """Against the first image."""
        return tuple(size - self.sizes[0] for size in self.sizes)

    @property
    def largest_delta(self) -> int:
        """The largest difference to the first image, without its sign."""
        return max(abs(delta) for delta in self.deltas)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Images side by side; the first is what the others are held against."""

    subjects: tuple[Subject, ...]
    shared: tuple[int, ...]
    """For each image the bytes of the layers that the first one has as well."""
    packages: tuple[Row, ...]
    """Largest difference first, as in the other lists."""
    layers: tuple[Row, ...]
    folders: tuple[Row, ...]
    gates: tuple[tuple[GateResult, ...], ...] = ()
    """For each image what was asked of it, kept or not; empty when nothing was asked. What is
    not known of an image (the efficiency of one that is not built) is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits that every image of a comparison must keep; None asks for nothing."""

    gates: Gates = field(default_factory=Gates)
    max_growth: int | float | None = None
    """How much larger than the first image the others may be: bytes, or as a float a share."""
