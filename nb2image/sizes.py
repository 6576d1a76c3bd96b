"""Numbers of bytes as people write and read them: decimal units, as Docker shows them."""

from __future__ import annotations

import re

UNITS = ("B", "kB", "MB", "GB", "TB")
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt]?)(i?)b?)?", re.IGNORECASE)


def amount(number: float) -> str:
    """Bytes for people: ``3.1 MB``; negative for a saving."""
    size = abs(number)
    unit = 0
    while size >= 999.95 and unit < len(UNITS) - 1:
        size /= 1000
        unit += 1
    digits = f"{size:.0f}" if unit == 0 else f"{size:.1f}"
    return f"{'-' if number < 0 and size else ''}{digits} {UNITS[unit]}"


def parse_size(text: str) -> int | None:
    """Bytes of ``800MB``, ``1.5 GiB`` or ``4096``; None when it is no size."""
    found = SIZE.fullmatch(text.strip())
    if found is None:
        return None
    power: int = " kmgt".index((found[2] or " ").lower())
    return round(float(found[1]) * float(1024 if found[3] else 1000) ** power)
