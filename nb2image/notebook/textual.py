"""Notebooks that jupytext keeps as text: Python files with cell marks, and Markdown."""

from __future__ import annotations

import re
from typing import Any

from nb2image.errors import NotebookError

HEADER = re.compile(r"\A(?:# )?---\n(.*?)\n(?:# )?---\n", re.DOTALL)
NOTEBOOK_HEADER = re.compile(r"^(?:#)?\s*(jupytext|kernelspec)\s*:", re.MULTILINE)
CELL_MARK = re.compile(r"^# (%%|\+(\s|$))|^#%%", re.MULTILINE)


def notebook_of_text(text: str, suffix: str) -> dict[str, Any]:
    """The notebook, in nbformat 4, of a .py or .md file.

    Raises NotebookError when the file is not marked as a notebook: a script needs no conversion,
    and a page of text is none.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    header = HEADER.match(text)
    marked = header is not None and NOTEBOOK_HEADER.search(header[1]) is not None
    if suffix == ".py" and not marked and not CELL_MARK.search(text):
        raise NotebookError(
            "the file is a Python script, not a notebook: it has no cell marks",
            code="not-a-notebook",
            hint='begin its cells with "# %%", or run the script as it is',
        )
    if suffix == ".md" and not marked:
        raise NotebookError(
            "the file is a page of text, not a notebook: it has no jupytext header",
            code="not-a-notebook",
            hint="pair it with a notebook first: jupytext --to md notebook.ipynb",
        )
    # costs 0.3 s, and asks for the version of pandoc where that is installed: only such files pay
    import jupytext

    try:
        return dict(jupytext.reads(text, fmt=suffix.removeprefix(".")))
    except Exception as error:  # jupytext raises whatever a malformed header leads to
        raise NotebookError(
            f"jupytext cannot read the file: {error}",
            code="not-a-notebook",
            hint="repair the header at the top of the file",
        ) from error
