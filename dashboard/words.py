"""Text from anywhere, made harmless for what shows it."""

from __future__ import annotations

import re

from nb2image.terminal import one_line

PLAIN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$<>:&])")


def plain(text: str) -> str:
    """Text that Markdown shows as it is: no link, picture, formula, icon or colour."""
    return PLAIN.sub(r"\\\1", one_line(text))
