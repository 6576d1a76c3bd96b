"""Notebooks that jupytext keeps as text."""

from __future__ import annotations

import jupytext  # noqa: F401  asks for pandoc's version when it is first imported: not in a test
import pytest

from nb2image.errors import NotebookError
from nb2image.notebook.read import read_notebook

HEADER = "---\njupyter:\n  jupytext:\n    text_representation:\n      extension: .{0}\n      format_name: {1}\n  kernelspec:\n    name: python3\n    display_name: Python 3\n    language: python\n---\n"  # noqa: E501


def commented(text: str) -> str:
    """The header as a Python file has it."""
    return "".join(f"# {line}\n" for line in text.splitlines())


PERCENT = '# %% [markdown]\n# # Title\n\n# %% tags=["parameters"]\n# %matplotlib inline\nx = 1\n'
LIGHT = '# # Title\n\n# + tags=["parameters"]\n# %matplotlib inline\nx = 1\n# -\n'
MARKDOWN = '# Title\n\n```python tags=["parameters"]\n%matplotlib inline\nx = 1\n```\n'


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        (PERCENT, ".py"),
        (commented(HEADER.format("py", "percent")) + "\n" + PERCENT, ".py"),
        (commented(HEADER.format("py", "light")) + "\n" + LIGHT, ".py"),
        (HEADER.format("md", "markdown") + "\n" + MARKDOWN, ".md"),
        ((HEADER.format("md", "markdown") + "\n" + MARKDOWN).replace("\n", "\r\n"), ".md"),
    ],
    ids=["percent", "percent with header", "light", "markdown", "markdown with crlf"],
)
def test_each_format(text: str, suffix: str) -> None:
    """Cells, their tags and the magics that jupytext writes as comments are read."""
    made = read_notebook(text.encode(), name="x", suffix=suffix)
    assert made.format == "jupytext"
    assert [(c.kind, c.source, c.tags) for c in made.cells] == [
        ("markdown", "# Title", ()),
        ("code", "%matplotlib inline\nx = 1", ("parameters",)),
    ]


@pytest.mark.parametrize(
    ("text", "suffix", "words"),
    [
        ("import os\nprint(1)\n", ".py", "no cell marks"),
        ("# Read me\n\n```python\nx = 1\n```\n", ".md", "no jupytext header"),
        ("---\ntitle: page\n---\n\n```python\nx = 1\n```\n", ".md", "no jupytext header"),
        ("---\njupytext: [\n---\n", ".md", "jupytext cannot read"),
        (HEADER.format("md", "markdown") + "\n# only text\n", ".md", "no code cells"),
        (
            HEADER.format("md", "markdown").replace("python", "julia") + "\n```julia\nx\n```\n",
            ".md",
            "not Python",
        ),
    ],
)
def test_what_is_no_notebook_is_refused(text: str, suffix: str, words: str) -> None:
    """A script and a page of text are not notebooks."""
    with pytest.raises(NotebookError, match=words):
        read_notebook(text.encode(), name="x", suffix=suffix)
