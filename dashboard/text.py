"""Text from notebooks and builders, made ready for Markdown."""

from __future__ import annotations

import re

from nb2image.terminal import one_line

MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")


def sentence(text: str) -> str:
    """A message as the beginning of a sentence, on one line."""
    shown = one_line(text)
    return shown[:1].upper() + shown[1:]


def escape(text: str) -> str:
    """Text from anywhere, so that Markdown shows it as it is: no link, picture or formula."""
    return MARKUP.sub(r"\\\1", one_line(text))
