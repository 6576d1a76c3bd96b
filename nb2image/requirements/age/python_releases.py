"""When each CPython came out: what a version number tells of a notebook's age."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The releases of one minor version."""

    end_of_life: date
    patches: tuple[date, ...]
    """The release date of each patch release: index 0 is ``X.Y.0``."""


@lru_cache(maxsize=1)
def all_series() -> dict[str, Series]:
    """Every series that the table knows, oldest first."""
    text = Path(__file__).with_name("python_releases.toml").read_text(encoding="utf-8")
    return {
        name: Series(end_of_life=entry["end_of_life"], patches=tuple(entry["patches"]))
        for name, entry in tomllib.loads(text).items()
    }


def order(version: str) -> tuple[int, ...]:
    """A version such as ``3.11`` or ``3.11.4`` for comparing."""
    return tuple(int(part) for part in version.split("."))


def release_date(version: str) -> date | None:
    """When ``3.6.9`` came out; None without a patch number or when the table ends before it."""
    minor, _, patch = version.rpartition(".")
    series = all_series().get(minor)
    number = int(patch) if patch.isdigit() else -1
    if series is None or not 0 <= number < len(series.patches):
        return None
    return series.patches[number]


def last_patch(minor: str) -> str:
    """The newest patch release that the table has: ``3.7.17``; ``.0`` for a series it lacks."""
    series = all_series().get(minor)
    return f"{minor}.{len(series.patches) - 1 if series else 0}"


def in_use_at(day: date, *, at_least_days: int = 180) -> str:
    """The newest series that was out for half a year: what people worked with on that day."""
    out = [name for name, s in all_series().items() if (day - s.patches[0]).days >= at_least_days]
    return out[-1] if out else next(iter(all_series()))
