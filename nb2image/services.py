"""What the impure stages need of the world, passed in so that tests can pass something else."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import platformdirs

from nb2image import process


def default_cache() -> Path:
    """The user's cache folder for nb2image (``NB2IMAGE_CACHE`` overrides)."""
    named = os.environ.get("NB2IMAGE_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("nb2image"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The process runner, the environment, the cache folder and the day."""

    run: process.Runner = process.run
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cache: Path = field(default_factory=default_cache)
    today: Callable[[], date] = date.today
