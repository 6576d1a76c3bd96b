"""Reads a notebook from its bytes."""

from __future__ import annotations

from nb2image.model import Notebook


def read_notebook(data: bytes, *, name: str, suffix: str = ".ipynb") -> Notebook:
    """The notebook in ``data``; ``suffix`` tells .ipynb from jupytext's .py and .md.

    Raises NotebookError.
    """
    raise NotImplementedError
