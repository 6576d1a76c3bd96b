"""What is known of a notebook by reading it alone: at once, and without running anything."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nb2image.errors import Nb2ImageError
from nb2image.events import Event, Noticed
from nb2image.gpu.need import gpu_evidence
from nb2image.model import Cell, Finding, GpuEvidence, Notebook, Script
from nb2image.options import Options
from nb2image.pipeline import read, script
from nb2image.project.root import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A notebook as it was read."""

    project: Project
    notebook: Notebook
    script: Script | None = None
    error: Nb2ImageError | None = None
    """Why there is no script."""
    gpu: GpuEvidence | None = None
    """Whether it needs a GPU; None without a script."""
    findings: tuple[Finding, ...] = ()

    @property
    def code(self) -> tuple[Cell, ...]:
        """The cells with code in them."""
        return tuple(c for c in self.notebook.cells if c.kind == "code" and c.source.strip())

    @property
    def text(self) -> tuple[Cell, ...]:
        """The cells of text."""
        return tuple(c for c in self.notebook.cells if c.kind == "markdown")

    @property
    def lines(self) -> int:
        """Lines of code."""
        return sum(c.source.rstrip().count("\n") + 1 for c in self.code)


def overview(path: Path, options: Options) -> Overview:
    """Read a notebook and make its script, or recall what came of it.

    Raises NotebookError when it cannot be read at all; that it cannot be converted is told by the
    overview's ``error``.
    """
    stat = path.stat()
    return remembered(path, stat.st_mtime_ns, stat.st_size, options)


@lru_cache(maxsize=16)
def remembered(path: Path, changed: int, size: int, options: Options) -> Overview:
    """Read a notebook, as it was changed last."""
    findings: list[Finding] = []

    def keep(event: Event) -> None:
        if isinstance(event, Noticed):
            findings.append(event.finding)

    project, notebook = read(path, keep)
    try:
        made = script(project, notebook, options, keep)
    except Nb2ImageError as error:
        return Overview(project=project, notebook=notebook, error=error, findings=tuple(findings))
    return Overview(
        project=project,
        notebook=notebook,
        script=made,
        gpu=gpu_evidence(notebook, made),
        findings=tuple(findings),
    )
