"""What a notebook, a build or a container prints, made harmless for a terminal."""

from __future__ import annotations

import re

SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC, DCS and the like: titles, clipboard, links
    r"|[ -/]*[0-~]?)"
)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
MOUNT = re.compile(r"--mount=\S+ ")
HARMLESS = re.compile(r"\x1b\[[0-9;]*[mKABCDEFGJ]")
"""Colours, erasing and moving the cursor: what progress bars are made of."""


def clean(text: str) -> str:
    """Without terminal codes and control characters; line ends and tabs stay."""
    return text if text.isprintable() else CONTROL.sub("", SEQUENCE.sub("", text))


def one_line(text: str) -> str:
    """Clean, on one line."""
    return " ".join(clean(text).split())


def step_title(step: str, limit: int = 100) -> str:
    """A build step's name without its mounts, cut to ``limit`` characters."""
    title = one_line(MOUNT.sub("", step))
    return title if len(title) <= limit else title[: limit - 1] + "…"


def passable(text: str) -> str:
    """With colours and cursor moves kept; nothing that sets titles, keys or the clipboard."""
    if "\x1b" not in text and text.isprintable():
        return text
    kept = SEQUENCE.sub(lambda s: s[0] if HARMLESS.fullmatch(s[0]) else "", text)
    return re.sub(r"[\x00-\x07\x0b-\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]", "", kept)
