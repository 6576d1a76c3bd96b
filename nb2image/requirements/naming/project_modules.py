"""The project's own modules: what an import finds without any distribution."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from nb2image.model import Need, OwnModule
from nb2image.project.root import Project
from nb2image.requirements.index.surface import surface

ROOT = re.compile(r"([\w-][\w.-]*/)*", re.ASCII)
"""Folders that PYTHONPATH and a Dockerfile hold as they are."""
SOURCE_ROOTS = ("", "src/", "python/", "lib/")
"""Folders of a project that hold its packages."""


def beside(need: Need, project: Project) -> bool:
    """Whether a module beside the notebook answers an import, as it would at run time.

    A folder that only shares the name of a package that is used does not: it must have the
    submodule, or one of the names that are imported. A folder of data never does.
    """
    folder = f"{project.workdir}/" if project.workdir else ""
    return bool(found_in(need, project, folder))


def own_module(need: Need, project: Project, *, telling: bool) -> OwnModule | None:
    """The module of the project that answers an import, where nothing puts it on ``sys.path``.

    It lies in the folders above the notebook, or in their source folders; where what is imported
    is ``telling``, it may be the only one of the project that answers.
    """
    for folder in folders(project):
        for root in SOURCE_ROOTS:
            at = f"{folder}{root}"
            if ROOT.fullmatch(at) and found_in(need, project, at):
                return OwnModule(name=top(need), root=at.removesuffix("/"))
    found = list(anywhere(need, project)) if telling else []
    return OwnModule(name=top(need), root=found[0].removesuffix("/")) if len(found) == 1 else None


def anywhere(need: Need, project: Project) -> Iterator[str]:
    """Every folder of the project whose module answers an import."""
    ends = (f"{top(need)}.py", f"{top(need)}/__init__.py")
    paths = (f"/{path}" for path in project.walk() if path.endswith(ends))
    ended = ((path, end) for path in paths for end in ends if path.endswith(f"/{end}"))
    for root in dict.fromkeys(path.removesuffix(end)[1:] for path, end in ended):
        if ROOT.fullmatch(root) and found_in(need, project, root):
            yield root


def top(need: Need) -> str:
    """The first part of an imported module."""
    return need.module.partition(".")[0]


def found_in(need: Need, project: Project, folder: str) -> str:
    """The file below ``folder`` that answers an import; empty when none does."""
    base = folder + need.module.replace(".", "/")
    for path in (f"{base}/__init__.py", f"{base}.py"):
        source = project.read(path)
        if source is None:
            continue
        wanted = {name for name in need.names if name != "*"}
        if not wanted:
            return path
        package = path.endswith("/__init__.py")
        text = source.decode("utf-8", "replace")
        shown = surface(text, need.module, package=package)
        if shown.anything or shown.stars or wanted & shown.names:
            return path
        if package and any(has_module(project, f"{base}/{name}") for name in wanted):
            return path
    if need.names and any(has_module(project, f"{base}/{name}") for name in need.names):
        return base  # a folder without __init__: a namespace package
    return ""


def has_module(project: Project, base: str) -> bool:
    """Whether a module or package lies at a path without its suffix."""
    return any(
        (at := project.locate(path)) is not None and at.is_file()
        for path in (f"{base}.py", f"{base}/__init__.py")
    )


def folders(project: Project) -> list[str]:
    """The notebook's folder and those above it, up to the root, each with a slash at its end."""
    parents = PurePosixPath(project.notebook).parents
    return ["" if str(p) == "." else f"{p}/" for p in parents]


def packages(project: Project, folder: str) -> set[str]:
    """The top-level packages and modules of a project in ``folder`` or its source folders."""
    found = set()
    for root in SOURCE_ROOTS:
        at = project.locate(f"{folder}{root}")
        if at is None or not at.is_dir():
            continue
        for entry in sorted(at.iterdir()):
            if entry.suffix == ".py" and entry.stem.isidentifier() and entry.stem != "setup":
                found.add(entry.stem)
            elif entry.name.isidentifier() and (entry / "__init__.py").is_file():
                found.add(entry.name)
    return found
