"""The project's files as a notebook's code names them."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Files of the project, read by paths as the code writes them."""

    workdir: str = ""
    """The notebook's folder, relative to the project's root."""
    read: Callable[[str], bytes | None] = lambda path: None
    """Reads a file by its path from the project's root; None when there is none."""

    def inside(self, path: str) -> str | None:
        """The path from the project's root; None when it leaves the project or is absolute."""
        if posixpath.isabs(path) or path.startswith("~") or "\0" in path:
            return None
        found = posixpath.normpath(posixpath.join(self.workdir, path))
        return None if found == ".." or found.startswith("../") else found

    def read_beside(self, path: str) -> bytes | None:
        """A file by its path from the notebook's folder; None when the project has none there."""
        found = self.inside(path)
        return None if found is None else self.read(found)
