"""Finds the outputs of a stopped container: /outputs, and what was written below /app."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from nb2image.run.outputs import CHUNK, Outputs

if TYPE_CHECKING:
    import docker

APP, OUTPUTS, FIGURES = "/app", "/outputs", "/outputs/figures"
GO_DIRECTORY = 1 << 31
"""The bit of a folder in the mode that the engine reports (Go's fs.ModeDir)."""
CHANGED = (0, 1)
"""The kinds of change for modified and added; 2 is deleted."""
ONE_BY_ONE = 20
"""With more changed files than this in a folder, the folder is read once."""


def collect(
    engine: docker.DockerClient,
    container: str,
    outputs: Outputs,
    *,
    put: Collection[str] = (),
    only_figures: bool = False,
) -> None:
    """Bring the outputs of a container, without the files that were ``put`` into it.

    Raises RunError when there are too many or they cannot be written.
    """
    api: Any = engine.api
    config = api.inspect_container(container)["Config"]
    workdir = posixpath.normpath(config.get("WorkingDir") or APP)
    changes = {str(c["Path"]): int(c["Kind"]) for c in api.diff(container) or ()}
    wanted = {FIGURES} if only_figures else {OUTPUTS, *changed_below(APP, changes)} - set(put)
    for path in archives(wanted):
        bring(api, container, path, wanted, workdir, outputs)


def bring(
    api: Any, container: str, path: str, wanted: set[str], workdir: str, outputs: Outputs
) -> None:
    """Unpack what is wanted of one path of the container."""
    from docker.errors import NotFound

    try:
        chunks, info = api.get_archive(container, path, chunk_size=CHUNK)
    except NotFound:
        return
    if (info or {}).get("mode", 0) & GO_DIRECTORY and path in wanted - {OUTPUTS, FIGURES}:
        # an empty folder, or only its times or mode changed: its files are listed themselves
        chunks.close()
        return
    above = posixpath.dirname(path)

    def place(member: str) -> str:
        full = posixpath.join(above, member)
        return destination(full, workdir) if is_wanted(full, wanted) else ""

    outputs.take(chunks, place)


def changed_below(root: str, changes: dict[str, int]) -> set[str]:
    """The paths below ``root`` that were added or modified, without the folders of others."""
    paths = {p for p, kind in changes.items() if p.startswith(f"{root}/") and kind in CHANGED}
    return paths - {posixpath.dirname(p) for p in changes}


def archives(wanted: set[str]) -> list[str]:
    """The paths to ask the engine for: each wanted one, or its folder where there are many."""
    folders = defaultdict(list)
    for path in sorted(wanted):
        folders[posixpath.dirname(path)].append(path)
    return [
        path
        for folder, paths in sorted(folders.items())
        for path in (paths if len(paths) <= ONE_BY_ONE or folder == "/" else [folder])
    ]


def is_wanted(path: str, wanted: set[str]) -> bool:
    """Whether a path of the container, or a folder that it lies in, is wanted."""
    return path in wanted or path.startswith(f"{OUTPUTS}/")


def destination(path: str, workdir: str) -> str:
    """Where a container's file goes below the outputs folder; empty for none.

    /outputs and the working directory lose their prefix; what lies elsewhere below /app keeps
    its own, so that nothing gets in the way of another.
    """
    for root in (OUTPUTS, workdir):
        if path == root:
            return ""
        if path.startswith(f"{root}/"):
            return path.removeprefix(f"{root}/")
    return path.lstrip("/")
