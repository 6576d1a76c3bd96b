"""dive's efficiency score and wasted bytes, by its published algorithm.

Source: wagoodman/dive, README.md ("estimate image efficiency") and filetree/efficiency.go (MIT),
read 2025-05. In words: every leaf (a file, an empty folder, a link, a deletion) of every layer
adds its size to its path. A path's minimum is the smallest size it ever had. The score is the
sum of the minima over the sum of all; the wasted bytes are the whole sums of the paths that
occur in two layers or more. A deletion counts 0 for a file, and for a folder what it held.

Consequences to know when reading the figures: a file that is written twice counts wholly as
wasted, not by half; a deleted folder is no waste for dive unless its files are named one by one;
hard links count nothing, and what an opaque folder hides is not seen. What can really be won
back is in ``Inspection.hidden``. One difference: at a deletion of something that no lower layer
holds dive's program leaves the rest of that layer out; here it counts as nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nb2image.analysis.below import Below
from nb2image.model.analysis import Efficiency, Waste
from nb2image.model.layer import Entry, Layer


def measure(layers: Sequence[Layer]) -> Efficiency:
    """dive's figures for an image's layers, lowest first."""
    several = in_several(layers)
    total: dict[str, int] = dict.fromkeys(several, 0)
    least: dict[str, int] = {}
    seen: dict[str, list[int]] = {path: [] for path in several}
    everything = once = 0
    stacked: dict[str, int] = {}
    last_deletion = max((layer.number for layer in layers if deletions(layer)), default=0)
    for layer in layers:
        removed = deletions(layer)
        held = folder_sizes(removed, stacked)
        for path, size in leaves(layer.files.entries, held):
            everything += size
            if path in several:
                total[path] += size
                least[path] = min(least.get(path, size), size)
                seen[path].append(layer.number)
            else:
                once += size
        if layer.number < last_deletion:
            stack(layer.files.entries, removed, stacked)
    wastes = [
        Waste(path=path, size=size, layers=tuple(seen[path]))
        for path, size in total.items()
        if size
    ]
    wasted = sum(waste.size for waste in wastes)
    user = sum(e.size for layer in layers[1:] for e in layer.files.entries)
    return Efficiency(
        score=(once + sum(least.values())) / everything if everything else 1.0,
        wasted_bytes=wasted,
        wasted_user_share=wasted / user if user else 0.0,
        wastes=tuple(sorted(wastes, key=lambda waste: (-waste.size, waste.path))),
    )


def in_several(layers: Sequence[Layer]) -> set[str]:
    """The paths that occur as leaves more than once: few, so that little is held of the rest."""
    once: set[str] = set()
    several: set[str] = set()
    for layer in layers:
        for path, _ in leaves(layer.files.entries, {}):
            (several if path in once else once).add(path)
    return several


def deletions(layer: Layer) -> set[str]:
    """The paths that a layer deletes."""
    return {e.path for e in layer.files.entries if e.kind == "whiteout"}


def leaves(entries: Sequence[Entry], held: dict[str, int]) -> Iterable[tuple[str, int]]:
    """(path, size) of what has nothing below it in its layer; deletions with what they take."""
    folders = folders_above(entry.path for entry in entries)
    named = {e.path for e in entries if e.kind not in ("whiteout", "opaque")}
    for entry in entries:
        if entry.kind == "whiteout":
            yield entry.path, held.get(entry.path, 0)
        elif entry.kind == "opaque" and entry.path in named:
            continue  # the marker makes a folder of its name only where no entry does
        elif entry.path not in folders:
            yield entry.path, entry.size


FOLDER = -1
"""Stands for a folder's size among what is stacked."""


def folder_sizes(removed: set[str], stacked: dict[str, int]) -> dict[str, int]:
    """For each removed path that was a folder, the bytes of what it held below it."""
    sizes = {path: 0 for path in removed if stacked.get(path) == FOLDER}
    if sizes:
        roots = Below(sizes)
        for path, size in stacked.items():
            if size > 0 and (root := roots.root(path)) is not None:
                sizes[root] += size
    return sizes


def stack(entries: Sequence[Entry], removed: set[str], stacked: dict[str, int]) -> None:
    """Lay a layer upon those below, as dive does: opaque markers change nothing."""
    if removed:
        roots = Below(removed)
        gone = [p for p in stacked if p in removed or roots.root(p) is not None]
        for path in gone:
            del stacked[path]
    added = [e for e in entries if e.kind not in ("whiteout", "opaque")]
    for folder in folders_above(entry.path for entry in added):
        # a folder that this layer only implies loses its mark, as it does in dive
        stacked[folder] = 0
    for entry in added:
        stacked[entry.path] = FOLDER if entry.kind == "dir" else entry.size


def folders_above(paths: Iterable[str]) -> set[str]:
    """Every folder above the paths, the root (empty) included."""
    folders = {""}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders
