"""The helper functions that a script may hold, from templates/script/helpers.py."""

from __future__ import annotations

import re
from functools import cache

from nb2image import resources


def helper(name: str, known_as: str) -> str:
    """The text of a helper, under the name that it has in the script."""
    return re.sub(rf"^(def|class) {name}\b", rf"\1 {known_as}", helpers()[name])


@cache
def helpers() -> dict[str, str]:
    """The text of every helper by name."""
    text = (resources.folder("templates") / "script" / "helpers.py").read_text("utf-8")
    parts = re.split(r"\n\n\n(?=(?:def|class) (\w+))", text)
    return dict(zip(parts[1::2], (part.rstrip() for part in parts[2::2]), strict=True))
