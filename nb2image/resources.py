"""Finds the folders that travel with the package, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

PACKAGE = Path(__file__).resolve().parent


def folder(name: Literal["templates", "dashboard", "sample_notebooks"]) -> Path:
    """The folder ``name``; in a wheel it lies below ``nb2image/_data``.

    Raises FileNotFoundError when the installation is incomplete.
    """
    for candidate in (PACKAGE / "_data" / name, PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"the folder {name} is missing from this installation of nb2image")
