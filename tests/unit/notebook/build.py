"""Makes notebooks for the tests of the script."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from nb2image.model import Notebook, Script
from nb2image.notebook.read import read_notebook
from nb2image.notebook.script import make_script
from nb2image.options import Options


def cell(source: str, kind: str = "code", **more: Any) -> dict[str, Any]:
    """A cell as nbformat 4 stores it."""
    made: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source, **more}
    if kind == "code":
        made = {"execution_count": None, "outputs": [], **made}
    return made


def document(*cells: str | Mapping[str, Any], **metadata: Any) -> bytes:
    """A notebook file with these cells; text stands for a code cell."""
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": metadata,
            "cells": [cell(c) if isinstance(c, str) else c for c in cells],
        }
    ).encode()


def notebook(*cells: str | Mapping[str, Any], **metadata: Any) -> Notebook:
    """A notebook with these cells."""
    return read_notebook(document(*cells, **metadata), name="analysis")


def script(
    *cells: str | Mapping[str, Any],
    options: Options | None = None,
    workdir: str = "",
    read: Callable[[str], bytes | None] = lambda path: None,
    **metadata: Any,
) -> Script:
    """The script of a notebook with these cells."""
    made = notebook(*cells, **metadata)
    return make_script(made, options or Options(), workdir=workdir, read=read)


def body(made: Script, number: int = 1) -> str:
    """The script's text for one code cell."""
    return next(c.source for c in made.cells if c.number == number)
