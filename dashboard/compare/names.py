"""What a visitor may name as an image, and how the images of a page are called. Pure but for
looking at paths below the start folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nb2image.history.text import when
from nb2image.measuring.inspection import is_path
from nb2image.model.history import HistoryEntry
from nb2image.sizes import amount

MAX_NAMES = 12
REFERENCE = re.compile(r"@\d{1,9}|[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,299}")


def refused(name: str, start: Path) -> str:
    """Why this cannot be compared, in words; empty when it can.

    Paths must lie below ``start``, where links lead them included; what is no path must have
    the form of an image's name.
    """
    if not name or name.startswith("-") or not name.isprintable():
        return "this is no name of an image"
    try:
        path = (start / name).resolve()
        exists = (start / name).exists()
    except (OSError, ValueError, RuntimeError):
        return "this is no name of an image"
    if exists or is_path(name):
        if not path.is_relative_to(start):
            return "this lies outside the folder that the dashboard was started in"
        return "" if exists else "there is no such file or folder"
    return "" if REFERENCE.fullmatch(name) else "this is no name of an image"


def builds(entries: Iterable[HistoryEntry]) -> dict[str, str]:
    """``@12`` and what to call it, for each image of the history once, newest first."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for entry in entries:
        image = entry.image_id or entry.reference
        if entry.ok and entry.reference and entry.size and image not in seen:
            seen.add(image)
            found[f"@{entry.id}"] = build_label(entry)
    return found


def build_label(entry: HistoryEntry) -> str:
    """``tiny:cpu, 121.8 MB, build 12 of 2026-11-20 14:03``."""
    size = f", {amount(entry.size)}" if entry.size else ""
    return f"{entry.reference}{size}, build {entry.id} of {when(entry)[:16]}"


def short(name: str, offered: Mapping[str, str]) -> str:
    """What to call an image in a few words: ``tiny:cpu @12``."""
    return f"{offered[name].split(', ')[0]} {name}" if name in offered else name


def labels(names: Sequence[str]) -> tuple[str, ...]:
    """The names, each different from the others and from the other columns of tables."""
    seen = dict.fromkeys(("", "Name", "Kind", "Version"), 1)
    made = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(made)


def with_first(names: Sequence[str], first: int) -> tuple[int, ...]:
    """The numbers of the names with one of them moved to the front."""
    return (first, *(number for number in range(len(names)) if number != first))


def variants_there(
    tag: str, variants: Sequence[str], entries: Iterable[HistoryEntry]
) -> Mapping[str, HistoryEntry]:
    """The variants of a notebook that the history has a build of, newest first; ``tag`` is the
    images' name without the variant."""
    found: dict[str, HistoryEntry] = {}
    for entry in entries:
        name, _, variant = entry.reference.rpartition(":")
        if entry.ok and entry.size and name == tag and variant in variants:
            found.setdefault(variant, entry)
    return found
