"""Modules that the notebook brings itself while it runs: files that it fetches or makes.

``!wget https://…/helpers.py``, ``urlretrieve(url, "helpers.py")``, ``!protoc points.proto
--python_out=.``: an import of such a file means no distribution, whatever the index has under its
name. What a cloned repository holds is not known here: it may explain what nothing else does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nb2image.model import Notebook

COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
FETCHES = re.compile(r"\b(?:wget|curl|urlretrieve|download\w*|get|urlopen)\b")
ADDRESS = re.compile(r"https?://[^\s'\"<>]+/([A-Za-z_]\w*)\.py\b")
SAVED = re.compile(
    r"(?:\s-[oO]|\s--output(?:-document)?)[ =](?:[\w./-]*/)?([A-Za-z_]\w*)\.py\b"
    r"|\burlretrieve\(.*['\"/]([A-Za-z_]\w*)\.py['\"]"
)
PROTOC = re.compile(r"\bprotoc\b.*\b([A-Za-z_]\w*)\.proto\b")
CLONE = re.compile(
    r"\bgit\s+clone\b[^\n;&|]*?([\w.+-]+:/*\S+?|\S+@\S+:\S+?)(?:\.git)?/?(?=[\s'\";&|]|$)"
)

FOLDER = re.compile(r"\bsys\.path\.(?:append|insert)\((?:\s*\d+\s*,)?\s*(['\"])(/[^'\"]+)\1")
"""A folder on the path that is none of the project's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What the notebook brings itself."""

    modules: frozenset[str] = frozenset()
    """Modules that a line fetches or generates."""
    linked: frozenset[str] = frozenset()
    """Modules whose address stands somewhere: they may be fetched by it."""
    clones: tuple[str, ...] = ()
    """Addresses of the repositories that it clones."""
    folders: tuple[str, ...] = ()
    """Absolute paths that it puts on ``sys.path``."""

    @property
    def unseen(self) -> bool:
        """Whether modules may come from where nobody looks."""
        return bool(self.clones or self.folders)

    def explains(self, module: str) -> str:
        """In words, where a module that nothing provides may come from; empty for none."""
        top = module.partition(".")[0]
        if top in self.linked:
            return "its address is in the notebook, which may fetch it"
        if self.clones:
            return f"it may be in {self.clones[0]}, which the notebook clones"
        if self.folders:
            return f"it may be in {self.folders[0]}, which the notebook puts on its path"
        return ""


def read_made(notebook: Notebook) -> Made:
    """What the code cells fetch, generate and clone."""
    modules: set[str] = set()
    linked: set[str] = set()
    clones: dict[str, None] = {}
    folders: dict[str, None] = {}
    for cell in notebook.cells:
        if cell.kind != "code":
            continue
        for line in COMMENT.sub("", cell.source).replace("\\\n", " ").splitlines():
            addressed = ADDRESS.findall(line)
            linked.update(addressed)
            if FETCHES.search(line):
                modules.update(addressed)
                modules.update(name for found in SAVED.findall(line) for name in found if name)
            for proto in PROTOC.findall(line):
                modules.update((f"{proto}_pb2", f"{proto}_pb2_grpc"))
            clones.update(dict.fromkeys(CLONE.findall(line)))
            folders.update(dict.fromkeys(path for _, path in FOLDER.findall(line)))
    return Made(
        modules=frozenset(modules),
        linked=frozenset(linked),
        clones=tuple(clones),
        folders=tuple(folders),
    )
