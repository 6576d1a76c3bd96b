"""The chart of a comparison as PNG, for where SVG is not taken."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

from nb2image.analysis.chart import BAR_HEIGHT, WIDTH, layout
from nb2image.model.comparison import Comparison

SCALE = 2
"""Pixels for each of the chart's: sharp on screens and on paper."""
MARGIN = 16
PAPER, INK, MINOR = "#ffffff", "#1f2328", "#59636e"
TEXT, SMALL = 13, 12


def png(comparison: Comparison) -> bytes:
    """The chart on white."""
    chart = layout(comparison)
    size = ((WIDTH + 2 * MARGIN) * SCALE, (chart.height + 2 * MARGIN) * SCALE)
    picture = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(picture)
    font, small = (ImageFont.load_default(points * SCALE) for points in (TEXT, SMALL))

    def at(number: float) -> float:
        return (number + MARGIN) * SCALE

    for bar in chart.bars:
        base = (at(0), at(bar.y - 7))
        draw.text(base, bar.name, fill=INK, font=font, anchor="ls")
        after = base[0] + draw.textlength(bar.name + "  ", font=font)
        draw.text((after, base[1]), bar.label, fill=MINOR, font=small, anchor="ls")
        for piece in bar.pieces:
            corners = [at(piece.x), at(bar.y), at(piece.x + piece.width), at(bar.y + BAR_HEIGHT)]
            draw.rectangle(corners, fill=piece.colour, outline=PAPER, width=1)
    for entry in chart.legend:
        corners = [at(entry.x), at(entry.y), at(entry.x + 12), at(entry.y + 12)]
        draw.rectangle(corners, fill=entry.colour)
        place = (at(entry.x + 18), at(entry.y + 11))
        draw.text(place, entry.name, fill=INK, font=small, anchor="ls")
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()
