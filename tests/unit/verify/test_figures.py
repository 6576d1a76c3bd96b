"""Figures compare by proportions and structure."""

from __future__ import annotations

import io
import math

import pytest
from PIL import Image, ImageDraw

from nb2image.verify.figures import compare_figures


def drawn(size: int = 300, *, phase: float = 0.0, wide: float = 1.5, title: bool = True) -> bytes:
    """A picture of a curve with axes, ``size`` pixels high."""
    width = int(size * wide)
    picture = Image.new("RGB", (width, size), "white")
    pen = ImageDraw.Draw(picture)
    unit = size / 100
    pen.rectangle((10 * unit, 10 * unit, width - 5 * unit, 90 * unit), outline="black", width=2)
    points = [
        (x, size * (0.5 + 0.35 * math.sin(phase + 9 * x / width)))
        for x in range(int(10 * unit), int(width - 5 * unit))
    ]
    pen.line(points, fill="blue", width=max(1, int(unit)))
    if title:
        pen.rectangle((40 * unit, 3 * unit, 70 * unit, 7 * unit), fill="black")
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()


@pytest.mark.parametrize(
    ("expected", "found", "grade"),
    [
        (drawn(), drawn(), "same"),
        (drawn(300), drawn(420), "close"),
        (drawn(300), drawn(300, phase=0.02), "close"),
        (drawn(), drawn(phase=1.5), "differs"),
        (drawn(300), drawn(420, phase=1.5), "differs"),
        (drawn(), drawn(wide=1.0), "differs"),
        (drawn(), b"no picture", "not-comparable"),
        (b"", drawn(), "not-comparable"),
    ],
)
def test_figures_compare_by_what_they_show(expected: bytes, found: bytes, grade: str) -> None:
    """Resolution does not count; another curve or other proportions do."""
    assert compare_figures(expected, found).grade == grade


def test_a_picture_of_enormous_size_is_not_unpacked() -> None:
    """A few bytes that claim a giant picture are refused."""
    made = io.BytesIO()
    Image.new("1", (9_000, 9_000)).save(made, "PNG")
    assert compare_figures(made.getvalue(), drawn()).grade == "not-comparable"
