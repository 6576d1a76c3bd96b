"""The notebook's project on disk: its root, and reading files without leaving it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nb2image.errors import NotebookError
from nb2image.image.contract import MANIFEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The git root above the notebook, or the notebook's own folder."""

    root: Path
    """Absolute, symbolic links resolved."""
    notebook: PurePosixPath
    """The notebook, relative to the root."""

    @property
    def workdir(self) -> str:
        """The notebook's folder relative to the root, POSIX; empty for the root itself."""
        parent = str(self.notebook.parent)
        return "" if parent == "." else parent

    def read(self, relative: str) -> bytes | None:
        """The bytes of a project file; None when it is no regular file or lies outside."""
        path = self.locate(relative)
        if path is None or not path.is_file():
            return None
        return path.read_bytes()

    def locate(self, relative: str) -> Path | None:
        """The real path of a project-relative one; None when it would leave the root."""
        if "\0" in relative:
            return None
        path = (self.root / relative).resolve()
        return path if path == self.root or path.is_relative_to(self.root) else None

    def walk(self, below: str = "") -> Iterator[str]:
        """Every regular file below a folder, project-relative and sorted.

        Hidden folders are left out, and those that a tool filled.
        """
        start = self.locate(below)
        if start is None:
            return
        for folder, folders, files in os.walk(start):
            folders[:] = sorted(
                f for f in folders if not f.startswith(".") and not is_made(Path(folder, f))
            )
            for name in sorted(files):
                path = Path(folder) / name
                if path.is_file() and not path.is_symlink():
                    yield path.relative_to(self.root).as_posix()


def is_made(folder: Path) -> bool:
    """Whether a tool filled the folder: a virtual environment, or a context of ours."""
    return (folder / "pyvenv.cfg").exists() or (folder / MANIFEST).exists()


def find_project(notebook: Path) -> Project:
    """The project of a notebook on disk.

    Raises NotebookError when the file does not exist or cannot be read.
    """
    try:
        path = notebook.resolve(strict=True)
    except OSError as error:
        raise NotebookError(
            f"cannot open {notebook}: {error.strerror or error}",
            code="notebook-unreadable",
            hint="check the path and its permissions",
        ) from error
    if not path.is_file():
        raise NotebookError(
            f"{notebook} is not a file",
            code="notebook-unreadable",
            hint="name one notebook, such as analysis.ipynb",
        )
    folder = path.parent
    root = next((p for p in (folder, *folder.parents) if (p / ".git").exists()), folder)
    return Project(root=root, notebook=PurePosixPath(path.relative_to(root).as_posix()))
