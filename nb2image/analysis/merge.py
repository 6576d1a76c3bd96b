"""Stacks an image's layers: what a container sees, and what lies hidden below it.

Semantics of the OCI image specification 1.1 (layer.md): a whiteout hides the path and all below
it in lower layers, an opaque marker hides what lower layers put into the folder, a file takes
the place of a folder and the reverse. Markers act on lower layers only, in whatever order the
entries stand.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nb2image.analysis.below import Below
from nb2image.model.analysis import Cause, HiddenFile
from nb2image.model.layer import Entry, Layer

Hidden = tuple[int, Entry, int, Cause]
"""The layer and entry that is hidden, the layer that hides it, and how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The file system that the layers make together."""

    visible: dict[str, tuple[int, Entry]]
    """By path: the layer's number and the entry."""
    hidden: tuple[HiddenFile, ...]
    """Files whose bytes are stored and can never be seen; largest first."""


def merge(layers: Sequence[Layer]) -> Merged:
    """Stack the layers, lowest first."""
    visible: dict[str, tuple[int, Entry]] = {}
    hidden: list[Hidden] = []
    for layer in layers:
        number = layer.number
        whiteouts = {e.path for e in layer.files.entries if e.kind == "whiteout"}
        opaque = {e.path for e in layer.files.entries if e.kind == "opaque"}
        replaced = {
            e.path
            for e in layer.files.entries
            if e.kind not in ("dir", "whiteout", "opaque")
            and (old := visible.get(e.path)) is not None
            and old[1].kind == "dir"
        }
        for path in whiteouts:
            lower = visible.pop(path, None)
            if lower:
                hidden.append((*lower, number, "deleted"))
        for path, cause in below(visible, whiteouts, replaced, opaque):
            hidden.append((*visible.pop(path), number, cause))
        for entry in layer.files.entries:
            if entry.kind in ("whiteout", "opaque"):
                continue
            lower = visible.get(entry.path)
            if lower is not None and lower[0] != number:
                hidden.append((*lower, number, "overwritten"))
            visible[entry.path] = (number, entry)
    return Merged(visible=visible, hidden=hidden_files(hidden, visible))


def below(
    visible: dict[str, tuple[int, Entry]],
    whiteouts: Collection[str],
    replaced: Collection[str],
    opaque: Collection[str],
) -> list[tuple[str, Cause]]:
    """(path, cause) of everything that stands below a removed, replaced or opaque folder."""
    causes: dict[str, Cause] = {
        **dict.fromkeys(opaque, "opaque"),
        **dict.fromkeys(replaced, "overwritten"),
        **dict.fromkeys(whiteouts, "deleted"),
    }
    if not causes:
        return []
    roots = Below(causes)
    return [(p, causes[root]) for p in visible if (root := roots.root(p)) is not None]


def hidden_files(
    hidden: Sequence[Hidden], visible: dict[str, tuple[int, Entry]]
) -> tuple[HiddenFile, ...]:
    """The hidden files whose bytes no visible hard link of the same layer still shows."""
    shown = {
        (number, entry.target) for number, entry in visible.values() if entry.kind == "hardlink"
    }
    files = [
        HiddenFile(
            path=entry.path,
            size=entry.size,
            layer=number,
            hidden_by=by,
            cause=cause,
            same_content=cause == "overwritten" and same(entry, visible.get(entry.path)),
        )
        for number, entry, by, cause in hidden
        if entry.size and (number, entry.path) not in shown
    ]
    return tuple(sorted(files, key=lambda file: (-file.size, file.path, file.layer)))


def same(lower: Entry, upper: tuple[int, Entry] | None) -> bool:
    """Whether what stands at the path in the end has the lower entry's content."""
    return bool(lower.digest) and upper is not None and upper[1].digest == lower.digest
