"""The files that make a run in the image tell of the notebook's cells."""

from __future__ import annotations

import json

from nb2image import resources
from nb2image.model import Place, Script


def runtime_files(script: Script) -> tuple[tuple[str, bytes], ...]:
    """(name, content) of every file that belongs in /opt/nb2image, sorted by name.

    The folder must be on PYTHONPATH and MPLBACKEND be ``module://nb2image_figures``; what the
    files do is said in templates/runtime/.
    """
    folder = resources.folder("templates") / "runtime"
    files = [(path.name, path.read_bytes()) for path in folder.glob("*.py")]
    return tuple(sorted([*files, ("map.json", map_json(script))]))


def map_json(script: Script) -> bytes:
    """map.json; templates/runtime/nb2image_runtime.py says what it holds."""
    content = {
        "script": script.name,
        "notebook": script.notebook or "the notebook",
        "cells": [
            {"cell": cell.number, "first": cell.first_line, "last": cell.last_line}
            for cell in script.cells
            if not cell.left_out
        ],
        "lines": [place and entry(place) for place in script.lines],
    }
    return json.dumps(content, separators=(",", ":")).encode()


def entry(place: Place) -> list[int | str | None]:
    """A place as the map's lines hold it."""
    where: list[int | str | None] = [place.cell, place.line or 1]
    return [*where, place.file] if place.file else where
