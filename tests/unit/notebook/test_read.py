"""Reading a notebook: every kind that is found in public, and clear refusals."""

from __future__ import annotations

import json

import pytest

from nb2image.errors import NotebookError
from nb2image.notebook.read import read_notebook
from tests.unit.notebook.build import cell, document, notebook

V3 = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": "old"},
    "worksheets": [
        {
            "metadata": {},
            "cells": [
                {"cell_type": "heading", "level": 1, "metadata": {}, "source": ["Title"]},
                {
                    "cell_type": "code",
                    "collapsed": False,
                    "input": ["x = 1\n", "x"],
                    "language": "python",
                    "metadata": {},
                    "outputs": [
                        {"output_type": "pyout", "prompt_number": 1, "text": ["1"], "metadata": {}}
                    ],
                    "prompt_number": 1,
                },
            ],
        }
    ],
}


def test_cells_of_every_kind_are_numbered_from_one() -> None:
    """Numbers count markdown and raw cells too, as people do."""
    made = notebook(cell("# Title", "markdown"), cell("raw", "raw"), "x = 1")
    assert [(c.number, c.kind) for c in made.cells] == [(1, "markdown"), (2, "raw"), (3, "code")]


def test_neither_kernel_nor_language_is_needed() -> None:
    """A sixth of public notebooks do not say their language: they are taken for Python."""
    made = notebook("x = 1")
    assert made.kernel_name == made.python_version == ""


def test_metadata_is_kept() -> None:
    """Kernel and Python version come from the notebook's metadata."""
    made = notebook(
        "x = 1",
        kernelspec={"name": "python3", "display_name": "Python 3"},
        language_info={"name": "python", "version": "3.10.6"},
    )
    assert (made.kernel_name, made.kernel_display_name) == ("python3", "Python 3")
    assert made.python_version == "3.10.6"
    assert json.loads(made.metadata_json)["kernelspec"]["name"] == "python3"


def test_nbformat_3_is_upgraded() -> None:
    """Notebooks of IPython 1 and 2 read like those of today."""
    made = read_notebook(json.dumps(V3).encode(), name="old")
    assert made.format == "3.0"
    assert [(c.kind, c.source) for c in made.cells] == [
        ("markdown", "# Title"),
        ("code", "x = 1\nx"),
    ]
    assert made.cells[1].outputs[0].kind == "result"


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().encode("utf-16"),
        lambda data: data.replace(b", ", b",\r\n"),
    ],
    ids=["byte order mark", "utf-16", "crlf"],
)
def test_text_as_editors_leave_it(change) -> None:  # type: ignore[no-untyped-def]
    """A byte order mark, CRLF line ends and UTF-16 do no harm."""
    made = read_notebook(change(document("é = 1\r\né")), name="x")
    assert made.cells[0].source == "é = 1\né"


def test_outputs_are_kept() -> None:
    """Streams, results, figures and errors are read as nbformat stores them."""
    saved = [
        {"output_type": "stream", "name": "stderr", "text": ["a\n", "b"]},
        {
            "output_type": "execute_result",
            "data": {"text/plain": ["1"], "application/json": {"a": 1}},
        },
        {"output_type": "display_data", "data": {"image/png": "AAAA"}},
        {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["a", "b"]},
    ]
    outputs = notebook(cell("x", outputs=saved)).cells[0].outputs
    assert [o.kind for o in outputs] == ["stream", "result", "display", "error"]
    assert (outputs[0].stream, outputs[0].text) == ("stderr", "a\nb")
    assert [(d.mime, d.text) for d in outputs[1].data] == [
        ("application/json", '{"a": 1}'),
        ("text/plain", "1"),
    ]
    assert (outputs[3].error_name, outputs[3].text) == ("ValueError", "a\nb")


def test_tags_and_times_are_kept() -> None:
    """Tags, counts and JupyterLab's execution time are read; what is malformed counts as absent."""
    times = {"iopub.execute_input": "2024-05-06T07:08:09Z"}
    made = notebook(
        cell("1", metadata={"tags": ["parameters", 3], "execution": times}, execution_count=7),
        cell("2", metadata={"tags": "x"}, execution_count="7", outputs={}),
    )
    assert made.cells[0].tags == ("parameters",)
    assert made.cells[0].executed_at == "2024-05-06T07:08:09Z"
    assert made.cells[0].execution_count == 7
    assert (made.cells[1].tags, made.cells[1].execution_count) == ((), None)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "not-json", "empty"),
        (b'{"a": 1,\n  oops}', "not-json", "line 2, column 3"),
        (b"<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n", "not-json", "conflict"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not-json", "Git LFS"),
        (b"[" * 100_000, "not-json", "recursion"),
        (b"[1, 2]", "not-a-notebook", "nbformat"),
        (b'{"nbformat": 4}', "not-a-notebook", "cells"),
        (b'{"nbformat": 4, "cells": [3]}', "not-a-notebook", "cells"),
        (b'{"nbformat": 3, "worksheets": [{"cells": [{}]}]}', "not-a-notebook", "upgrade"),
        (b'{"nbformat": 9, "cells": []}', "nbformat", "9"),
        (b"caf\xe9", "not-text", "0xe9"),
        (document(cell("text", "markdown")), "no-code", "code"),
        (document(" \n"), "no-code", "code"),
        (document("x <- 1", kernelspec={"name": "ir", "language": "R"}), "not-python", "R"),
        (document("x", language_info={"name": "julia"}), "not-python", "julia"),
        (document("x", kernelspec={"name": "bash"}), "not-python", "bash"),
    ],
)
def test_what_is_no_python_notebook_is_refused(data: bytes, code: str, words: str) -> None:
    """The message says what the file is and what to do."""
    with pytest.raises(NotebookError) as caught:
        read_notebook(data, name="x")
    assert caught.value.code == code
    assert words.lower() in f"{caught.value.message} {caught.value.hint}".lower()
    assert caught.value.hint


def test_a_file_of_another_kind_is_refused() -> None:
    """Only notebooks are read."""
    with pytest.raises(NotebookError, match=r"\.csv"):
        read_notebook(b"a,b", name="table", suffix=".csv")
