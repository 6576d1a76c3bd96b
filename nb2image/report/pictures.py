"""The figures that a report shows side by side: the notebook's and the run's."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from nb2image.model import Notebook, Verdict
from nb2image.verify.cells import displayed
from nb2image.verify.figures import FORMATS, MAX_PIXELS, Unreadable, decoded

MAX_PICTURES = 60
WIDEST = 900
"""Pixels; larger pictures are reduced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One figure, ready to be shown."""

    cell: int
    number: int
    """Among the cell's figures, from 1."""
    side: Literal["notebook", "run"]
    data: bytes
    """PNG, drawn anew: nothing of the original's bytes reaches a page."""

    @property
    def name(self) -> str:
        """Its file's name."""
        return f"cell{self.cell}-{self.number}-{self.side}.png"

    @property
    def inline(self) -> str:
        """It as an address that holds it."""
        return "data:image/png;base64," + base64.b64encode(self.data).decode()


def pictures(notebook: Notebook, verdict: Verdict | None, figures: Path) -> tuple[Picture, ...]:
    """The figures of every cell that has some, the notebook's and the run's."""
    found: list[Picture] = []
    cells = {cell.number: cell for cell in notebook.cells}
    for judged in verdict.cells if verdict else ():
        cell = cells.get(judged.cell)
        sides: dict[Literal["notebook", "run"], list[bytes]] = {"notebook": [], "run": []}
        for text in displayed(cell.outputs)[1] if cell else ():
            try:
                sides["notebook"].append(decoded(text))
            except Unreadable:
                continue
        for path in judged.figures:
            if path.endswith(".png"):
                sides["run"].append((figures / path).read_bytes())
        for side, data in sides.items():
            for number, original in enumerate(data, 1):
                drawn = redrawn(original)
                if drawn and len(found) < MAX_PICTURES:
                    found.append(Picture(cell=judged.cell, number=number, side=side, data=drawn))
    return tuple(found)


def redrawn(data: bytes) -> bytes:
    """The picture as a PNG of bounded size; empty when it cannot be read."""
    try:
        original = Image.open(io.BytesIO(data), formats=FORMATS)
        if original.width * original.height > MAX_PIXELS:
            return b""
        picture = original.convert("RGBA")
        picture.thumbnail((WIDEST, WIDEST * 4))
        made = io.BytesIO()
        picture.save(made, "PNG")
        return made.getvalue()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return b""
