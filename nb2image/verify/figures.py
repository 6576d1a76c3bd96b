"""Compares pictures as a person would: proportions and structure, not single pixels.

Two renderings of one figure differ in resolution, fonts and anti-aliasing. Both are therefore
drawn on white, reduced to a small grey picture of one size, and compared window by window with
the structural similarity index (Wang, Bovik, Sheikh, Simoncelli 2004), whose mean must reach
``ALIKE``. A figure with other data falls below it; another dpi or matplotlib release does not.
"""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from statistics import fmean

from PIL import Image, ImageChops, ImageFilter, UnidentifiedImageError

from nb2image.model.verdict import Compared

ALIKE = 0.75
"""Mean structural similarity from which two figures count as close."""
PROPORTIONS = 0.15
"""How much the proportions (width to height) of two figures may differ, relative."""
SIDE = 160
"""The longer side of the reduced picture, in pixels."""
WINDOW, STEP = 8, 4
MAX_PIXELS = 50_000_000
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
# the constants of the index for values from 0 to 255
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


class Unreadable(ValueError):
    """The bytes are no picture that can be read."""


def decoded(text: str) -> bytes:
    """The bytes of a picture saved in a notebook. Raises Unreadable."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("the saved figure is not base64") from error


def read(data: bytes) -> Image.Image:
    """A picture on white, in grey. Raises Unreadable; nothing large is unpacked."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            if picture.width * picture.height > MAX_PIXELS:
                raise Unreadable(f"{picture.width} × {picture.height} pixels are too many")
            colours = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError,
            Image.DecompressionBombWarning) as error:  # fmt: skip
        raise Unreadable(f"no picture that can be read: {error}") from error
    white = Image.new("RGBA", colours.size, "white")
    return Image.alpha_composite(white, colours).convert("L")


def trimmed(picture: Image.Image) -> Image.Image:
    """Without the empty margin, whose width depends on the backend's settings."""
    empty = Image.new("L", picture.size, picture.getpixel((0, 0)))
    box = ImageChops.difference(picture, empty).getbbox()
    return picture.crop(box) if box else picture


def compare_figures(expected: bytes, found: bytes) -> Compared:
    """Compare the notebook's figure with the run's."""
    if expected == found:
        return Compared(part="figure", grade="same")
    try:
        old, new = read(expected), read(found)
    except Unreadable as error:
        return Compared(part="figure", grade="not-comparable", how=(str(error),))
    if old.size == new.size and old.tobytes() == new.tobytes():
        return Compared(part="figure", grade="same")
    old, new = trimmed(old), trimmed(new)
    sizes = f"{old.width} × {old.height} and {new.width} × {new.height} pixels"
    if abs(old.width * new.height / (old.height * new.width) - 1) > PROPORTIONS:
        return Compared(part="figure", grade="differs", how=(f"other proportions: {sizes}",))
    alike = similarity(old, new)
    return Compared(
        part="figure",
        grade="close" if alike >= ALIKE else "differs",
        how=(f"figures {alike:.0%} alike" + (f", {sizes}" if old.size != new.size else ""),),
    )


def similarity(old: Image.Image, new: Image.Image) -> float:
    """The mean structural similarity of the reduced pictures; windows with nothing in either
    of them are left out, since most of a figure is empty paper."""
    scale = SIDE / max(old.size)
    size = (max(WINDOW, round(old.width * scale)), max(WINDOW, round(old.height * scale)))
    # a line that lies half a pixel elsewhere is the same line
    soft = ImageFilter.GaussianBlur(1)
    a, b = (picture.resize(size, Image.Resampling.BOX).filter(soft) for picture in (old, new))
    grids = [list(picture.tobytes()) for picture in (a, b)]
    values = [
        window_similarity(*(window(grid, size[0], x, y) for grid in grids))
        for y in range(0, size[1] - WINDOW + 1, STEP)
        for x in range(0, size[0] - WINDOW + 1, STEP)
    ]
    busy = [value for value in values if value is not None]
    return fmean(busy) if busy else 1.0


def window(grid: list[int], width: int, x: int, y: int) -> list[int]:
    """The values of one window."""
    return [
        v for row in range(y, y + WINDOW) for v in grid[row * width + x : row * width + x + WINDOW]
    ]


def window_similarity(a: list[int], b: list[int]) -> float | None:
    """The index of one window; None when both are one and the same even colour."""
    mean_a, mean_b = fmean(a), fmean(b)
    var_a = fmean([(v - mean_a) ** 2 for v in a])
    var_b = fmean([(v - mean_b) ** 2 for v in b])
    if var_a < 1 and var_b < 1 and abs(mean_a - mean_b) < 2:
        return None
    both = fmean([(v - mean_a) * (w - mean_b) for v, w in zip(a, b, strict=True)])
    return ((2 * mean_a * mean_b + C1) * (2 * both + C2)) / (
        (mean_a**2 + mean_b**2 + C1) * (var_a + var_b + C2)
    )
