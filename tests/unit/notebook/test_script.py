"""The form of train.py."""

from __future__ import annotations

import ast

import pytest

from nb2image.errors import NotebookError
from nb2image.model import Place
from nb2image.options import Options
from tests.unit.notebook.build import body, cell, script


def test_a_plain_notebook_gives_plain_python() -> None:
    """Without magics nothing is added but comments, and what shows a cell's value."""
    made = script(cell("# Title\ntext", "markdown"), "x = 1\nprint(x)", "x")
    assert made.text.splitlines()[2:] == [
        "",
        "import sys",
        "",
        "# %% [markdown]",
        "# # Title",
        "# text",
        "",
        "# %% [cell 2]",
        "x = 1",
        "print(x)",
        "",
        "# %% [cell 3]",
        "sys.displayhook(x)",
    ]


def test_every_line_knows_its_place() -> None:
    """The map has one entry for each line and leads back to cell and line."""
    made = script("\n\na = 1\nb = (\n  2\n)", "a + b")
    assert len(made.lines) == len(made.text.splitlines())
    text = made.text.splitlines()
    assert made.lines[text.index("b = (")] == Place(cell=1, line=4)
    assert made.lines[text.index("sys.displayhook(a + b)")] == Place(cell=2, line=1)
    assert made.lines[text.index("import sys")] is None


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x", "sys.displayhook(x)"),
        ("x;", "x;"),
        ("x;  # quiet", "x;  # quiet"),
        ("x  # c;", "sys.displayhook(x)  # c;"),
        ("a, b", "sys.displayhook((a, b))"),
        ("(a), b", "sys.displayhook(((a), b))"),
        ("*a, b", "sys.displayhook((*a, b))"),
        ("(a\n + b)", "sys.displayhook((a\n + b))"),
        ("f(a,\n  b).c", "sys.displayhook(f(a,\n  b).c)"),
        ("y = 1; y", "y = 1; sys.displayhook(y)"),
        ("'é'; 'é'", "'é'; sys.displayhook('é')"),
        ("print(x)", "print(x)"),
        ("print = f\n", "print = f"),
        ("from IPython.display import display\ndisplay(x)", None),
        ("from IPython.display import display as show\nshow(x)", "sys.displayhook(show(x))"),
        ("x = 1", "x = 1"),
        ("if x:\n    x", "if x:\n    x"),
    ],
)
def test_the_last_expression_is_shown(source: str, expected: str | None) -> None:
    """As in a notebook: only the last expression, at the top, without a semicolon."""
    assert body(script(source)).endswith(f"{expected or source}\n")


def test_a_rebound_print_is_shown() -> None:
    """Once the notebook has its own print, that it returns nothing is not known."""
    made = script("print = str", "print(1)")
    assert body(made, 2) == "sys.displayhook(print(1))\n"


def test_a_rebound_sys_does_no_harm() -> None:
    """A notebook that uses the name sys for something else keeps it."""
    made = script("sys = 3", "sys")
    assert "import sys as sys_" in made.text
    assert body(made, 2) == "sys_.displayhook(sys)\n"


def test_future_imports_rise() -> None:
    """``from __future__`` is allowed only at the top of a file."""
    made = script("import os", "from __future__ import annotations\nx = 1")
    compile(made.text, "train.py", "exec")
    assert body(made, 2) == "x = 1\n"


def test_raw_cells_are_no_code() -> None:
    """Raw cells are left out altogether."""
    made = script(cell("not python at all", "raw"), "x = 1")
    assert "not python" not in made.text


@pytest.mark.parametrize("evil", ["\r", "\x0c", "\x0b", "\x1c", "\x85", "\u2028", "\u2029", "\x00"])
def test_markdown_never_becomes_code(evil: str) -> None:
    """Whatever ends a line somewhere stays inside the comment."""
    made = script(cell(f"text{evil}import os{evil}'''", "markdown"), "x = 1")
    assert len(ast.parse(made.text).body) == 1
    assert not any(line.startswith("import") for line in made.text.splitlines())


def test_an_encoding_cookie_in_the_text_means_nothing() -> None:
    """A first cell that says ``coding: …`` does not change how the script is read."""
    made = script(cell("-*- coding: utf-7 -*-", "markdown"), "print('é')")
    compile(made.text.encode(), "train.py", "exec")
    assert not any("coding" in line for line in made.text.splitlines()[:2])


def test_a_broken_cell_costs_a_finding() -> None:
    """One cell that is no Python becomes comments; the others are converted."""
    made = script("x = 1", "for in :\n'''", "x")
    assert "# for in :\n# '''" in made.text
    ast.parse(made.text)
    assert [f.code for f in made.findings] == ["cell-unparsable"]
    assert made.findings[0].place == Place(cell=2, line=2)
    assert [c.broken for c in made.cells] == [False, True, False]


@pytest.mark.parametrize(
    "source", ["return 5", "%%time\nfor in", "yield 1", "%%capture\n%%time\nx = = 1", "break"]
)
def test_what_can_be_read_and_not_compiled_is_broken_too(source: str) -> None:
    """A ``return`` at the top of a cell, or a body that is no Python, costs a finding."""
    made = script("x = 1", source, "x")
    compile(made.text, "train.py", "exec")
    assert f"# {source.splitlines()[-1]}" in made.text
    assert [f.code for f in made.findings] == ["cell-unparsable"]
    assert [c.broken for c in made.cells] == [False, True, False]


def test_global_at_the_top_says_nothing() -> None:
    """In a notebook ``global`` may follow a use in an earlier cell, in one script it may not."""
    made = script("x = 1", "if x:\n    global x\nglobal y\nx: int = 2", "x")
    compile(made.text, "train.py", "exec")
    assert "    pass" in made.text


def test_python_2_is_refused() -> None:
    """The message names the cells."""
    with pytest.raises(NotebookError, match="cell 2") as caught:
        script("x = 1", "print x")
    assert caught.value.code == "python-2"


@pytest.mark.parametrize(("count", "refused"), [(3, True), (None, False)])
def test_a_slip_is_not_python_2(count: int | None, refused: bool) -> None:
    """In a notebook that says it is Python 3, only a cell that ran shows that it is not."""
    cells = ["x = 1", cell("print x", execution_count=count)]
    language = {"name": "python", "version": "3.8.1"}
    if refused:
        with pytest.raises(NotebookError, match="Python 2"):
            script(*cells, language_info=language)
    else:
        made = script(*cells, language_info=language)
        assert [f.code for f in made.findings] == ["cell-unparsable"]


@pytest.mark.parametrize(
    ("options", "tags", "reason"),
    [
        (Options(skip_cells=(2,)), [], "--skip-cells"),
        (Options(until_cell=1), [], "--until"),
        (Options(), ["nb2image-skip"], "nb2image-skip"),
        (Options(), ["skip-execution"], "skip-execution"),
    ],
)
def test_cells_can_be_left_out(options: Options, tags: list[str], reason: str) -> None:
    """By option or tag; the script says which and why."""
    made = script("x = 1", cell("secret = 2", metadata={"tags": tags}), options=options)
    assert "secret" not in made.text
    assert reason in made.text
    assert [c.left_out for c in made.cells] == [False, True]


def test_everything_that_cannot_be_is_listed_at_once() -> None:
    """One error names every cell that cannot be converted."""
    with pytest.raises(NotebookError) as caught:
        script("%nosuchmagic", "%%nosuchcell\nx")
    assert [str(f.place) for f in caught.value.findings] == ["cell 1, line 1", "cell 2, line 1"]
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "source",
    [
        "x = 'a\x00b'",
        "(" * 300 + ")" * 300,
        "x = " + "-" * 20_000 + "1",
        "\n".join(["!ls"] * 600),
        "%%time\n" * 200,
        "x = " + "1" * 10_000,
        "?" * 5000,
        "!" + "$a'" * 10_000,
        "!" + "{" * 5000,
    ],
    ids=lambda s: ascii(s)[:20],
)
def test_hostile_cells(source: str) -> None:
    """However odd a cell is, the script is Python or the notebook is refused."""
    try:
        made = script("a = 1", source)
    except NotebookError:
        return
    compile(made.text, "train.py", "exec")


def test_messages_are_one_printable_line() -> None:
    """What is quoted of a notebook cannot write to the terminal."""
    with pytest.raises(NotebookError) as caught:
        script("x = 1", "%nosuch \x1b[31m" + "long " * 500)
    message = caught.value.findings[0].message
    assert message.isprintable()
    assert len(message) < 400
