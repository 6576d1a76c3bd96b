"""The notebooks that can be opened: those below the start folder, and what was uploaded.

A notebook has a reference, which stands in the page's address: its path relative to the start
folder, or ``upload:ID``. Nothing else becomes a path.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nb2image.errors import NotebookError
from nb2image.image.contract import MANIFEST
from nb2image.image.quote import printable, slug
from nb2image.notebook.read import read_notebook
from nb2image.sizes import amount

SUFFIXES = (".ipynb", ".py", ".md")
MAX_BYTES = 50_000_000
"""Of a notebook that the dashboard opens or takes."""
MAX_NAMES = 2_000
MAX_ENTRIES = 50_000
"""Folders and files that are looked at before the list is cut."""
KEPT_BYTES = 500_000_000
"""Uploads beyond these, the oldest first, are removed when another one comes."""
UPLOAD = re.compile(r"upload:([0-9a-f]{32})")
SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """The start folder and the folder of the uploads, both resolved."""

    start: Path
    uploads: Path

    def names(self) -> tuple[str, ...]:
        """The .ipynb files below the start folder, as references, sorted; at most MAX_NAMES."""
        found: list[str] = []
        for name in notebooks_below(self.start):
            found.append(name)
            if len(found) == MAX_NAMES:
                break
        return tuple(sorted(found, key=lambda name: (name.count("/"), name.casefold())))

    def path(self, reference: str) -> Path:
        """The file of a reference. Raises NotebookError when there is none that may be opened."""
        upload = UPLOAD.fullmatch(reference)
        if upload is not None:
            files = sorted((self.uploads / upload[1]).glob("*"))
            if len(files) != 1:
                raise NotebookError(
                    "this upload is not kept any more",
                    code="notebook-missing",
                    hint="upload the notebook again",
                )
            return files[0]
        return self._below_start(reference)

    def _below_start(self, reference: str) -> Path:
        shown = printable(reference)
        try:
            path = (self.start / reference).resolve()
        except (OSError, ValueError, RuntimeError):
            path = Path("/")
        if not path.is_relative_to(self.start):
            raise NotebookError(
                f"{shown} is not below the folder of this dashboard",
                code="notebook-outside",
                hint=f"start it in the notebook's folder, or upload the notebook: {self.start}",
            )
        if not path.is_file():
            raise NotebookError(
                f"there is no notebook {shown}",
                code="notebook-missing",
                hint="paths are relative to the folder that the dashboard was started in",
            )
        if path.suffix.lower() not in SUFFIXES:
            raise NotebookError(
                f"{shown} is not a notebook",
                code="not-a-notebook",
                hint="choose a .ipynb file, or a .py or .md file of jupytext's",
            )
        if path.stat().st_size > MAX_BYTES:
            raise too_large(path.stat().st_size)
        return path

    def reference(self, path: Path) -> str | None:
        """The reference of a file, None for one that may not be opened."""
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            path = path.resolve()
            if path.is_relative_to(self.uploads):
                name = f"upload:{path.relative_to(self.uploads).parts[0]}"
                return name if UPLOAD.fullmatch(name) else None
            if path.is_relative_to(self.start):
                return path.relative_to(self.start).as_posix()
        return None

    def argument(self, reference: str) -> str:
        """What the command line, run in the start folder, calls the notebook."""
        if UPLOAD.fullmatch(reference):
            return str(self.path(reference))
        return reference

    def keep(self, name: str, data: bytes) -> str:
        """Keep an uploaded notebook, in a folder with a random name; its reference.

        Raises NotebookError for what is too large or no Python notebook, and OSError.
        """
        suffix = Path(name).suffix.lower()
        stem = Path(name).stem
        if len(data) > MAX_BYTES:
            raise too_large(len(data))
        if suffix not in SUFFIXES:
            raise NotebookError(
                f"{printable(name)} is not a notebook",
                code="not-a-notebook",
                hint="upload a .ipynb file, or a .py or .md file of jupytext's",
            )
        read_notebook(data, name=stem, suffix=suffix)
        self._make_room(len(data))
        number = secrets.token_hex(16)
        folder = self.uploads / number
        folder.mkdir(parents=True, mode=0o700)
        # its own name would end up in paths and image names: only letters, digits and hyphens do
        (folder / f"{slug(stem)}{suffix}").write_bytes(data)
        return f"upload:{number}"

    def _make_room(self, size: int) -> None:
        """Remove the oldest uploads until there is room for another one."""
        kept = sorted(self.uploads.glob("*/*"), key=lambda file: file.stat().st_mtime)
        held = sum(file.stat().st_size for file in kept)
        for file in kept:
            if held + size <= KEPT_BYTES:
                break
            held -= file.stat().st_size
            shutil.rmtree(file.parent, ignore_errors=True)


def too_large(size: int) -> NotebookError:
    """A notebook that no browser should be sent."""
    return NotebookError(
        f"the notebook has {amount(size)}; the dashboard opens {amount(MAX_BYTES)} at most",
        code="notebook-too-large",
        hint="clear its outputs in Jupyter, or convert it with the command line",
    )


def notebooks_below(start: Path) -> Iterator[str]:
    """The notebooks below a folder: none in hidden folders, environments or made contexts."""
    looked = 0
    for folder, folders, files in os.walk(start):
        looked += len(folders) + len(files)
        if looked > MAX_ENTRIES:
            return
        here = Path(folder)
        if "pyvenv.cfg" in files or MANIFEST in files:
            folders.clear()
            continue
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in SKIPPED)
        for name in files:
            path = here / name
            if path.suffix == ".ipynb" and not name.startswith(".") and path.is_file():
                if path.is_symlink() and not path.resolve().is_relative_to(start):
                    continue
                relative = path.relative_to(start).as_posix()
                if not UPLOAD.fullmatch(relative):
                    yield relative


_listed: dict[Library, tuple[float, tuple[str, ...]]] = {}
FRESH = 5.0
"""Seconds for which a list of notebooks is shown again without looking."""


def listed(library: Library) -> tuple[str, ...]:
    """``library.names()``, looked up every few seconds at most."""
    at, names = _listed.get(library, (-FRESH, ()))
    if time.monotonic() - at > FRESH:
        names = library.names()
        _listed.clear()
        _listed[library] = time.monotonic(), names
    return names
