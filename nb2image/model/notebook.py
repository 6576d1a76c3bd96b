"""A notebook as read from disk: cells, outputs and the metadata that later stages use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nb2image.model.place import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class MimeData:
    """One representation of an output."""

    mime: str
    text: str
    """The data as nbformat stores it: text, JSON text, or base64 for binary kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One saved output of a code cell."""

    kind: Literal["stream", "display", "result", "error"]
    stream: str = ""
    """``stdout`` or ``stderr`` for a stream."""
    text: str = ""
    """The stream's text; for an error its traceback, ANSI codes and all."""
    data: tuple[MimeData, ...] = ()
    """The representations of a display or result."""
    error_name: str = ""
    error_value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell."""

    number: int
    """1 for the notebook's first cell; all kinds of cells are counted."""
    kind: Literal["code", "markdown", "raw"]
    source: str
    """The cell's text with ``\\n`` line ends."""
    execution_count: int | None = None
    tags: tuple[str, ...] = ()
    outputs: tuple[Output, ...] = ()
    executed_at: str = ""
    """ISO time of the last execution where the notebook recorded it, else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """A readable Python notebook with at least one code cell."""

    name: str
    """The file's name without its suffix, as the user wrote it; not validated, hostile."""
    cells: tuple[Cell, ...]
    sha256: str
    """Hex digest of the file's bytes."""
    format: str
    """The nbformat as ``major.minor`` as found (before any upgrade), or ``jupytext``."""
    kernel_name: str = ""
    kernel_display_name: str = ""
    python_version: str = ""
    """``language_info.version`` (``3.10.6``), empty when the notebook does not say."""
    metadata_json: str = "{}"
    """The notebook-level metadata as canonical JSON text (Colab, Kaggle, uv.lock, …)."""
    findings: tuple[Finding, ...] = ()
