"""How large an image will be, said before it is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastItem:
    """One part of the image."""

    kind: Literal["base", "apt", "python-package", "project"]
    name: str
    version: str = ""
    size: int
    """Expected bytes, unpacked."""
    error: int = 0
    """How far off, in bytes, it may well be."""
    guess: bool = False
    """Nobody told it: it comes from experience with others."""
    compressed: int
    """Expected bytes as a registry stores it."""
    source: str
    """Where the number comes from."""
    trimmed: int = 0
    """Bytes that ``--trim`` leaves out, not counted in ``size``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The image that a plan will give."""

    size: int
    error: int
    """The image has ``size`` give or take this many bytes."""
    compressed: int
    trimmed: int = 0
    """Bytes that ``--trim`` leaves out."""
    items: tuple[ForecastItem, ...]
    """Largest first; together they are ``size``."""
    earlier: int = 0
    """How many earlier forecasts can be held against what was built."""
    earlier_error: float = 0.0
    """Their mean error (root of the mean square) as a share of the built size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherKind:
    """The image of the same notebook for the other kind of machine."""

    kind: Literal["cpu", "cuda"]
    base: str = ""
    forecast: Forecast | None = None
    """None when no such image can be planned."""
    why_not: str = ""
