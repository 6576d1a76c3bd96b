"""What works in a notebook's form works in the script's."""

from __future__ import annotations

import pytest

from nb2image.errors import NotebookError
from nb2image.options import Options
from tests.unit.notebook.build import body, cell, script
from tests.unit.notebook.run import output_of

SLEEP = "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    return x"


@pytest.mark.parametrize(
    ("cells", "printed"),
    [
        (["  x = 1\n  if x:\n      print(x)"], "1\n"),
        ([">>> x = 2\n>>> print(x)"], "2\n"),
        (["\n\n\t3"], "3\n"),
        ([SLEEP, "await f(3)"], "3\n"),
        ([SLEEP, "x = await f(3)", "x"], "3\n"),
        ([SLEEP, "print(await f(1), await f(2))"], "1 2\n"),
        ([SLEEP, "t = asyncio.create_task(f(4))", "await t"], "4\n"),
        ([SLEEP, "async with asyncio.Lock():\n    y: int = await f(5)", "y"], "5\n"),
        ([SLEEP, "[await f(i) for i in (1, 2)]"], "[1, 2]\n"),
        ([SLEEP, "from math import *\nawait asyncio.create_task(f(1));\npi"], "3.14"),
        ([SLEEP, "%time await f(3)"], "3\nCPU"),
        (["import sys\nif __name__ == '__main__':\n    print('main')"], "main\n"),
        (["40 + 1", "_ + 1"], "41\n42\n"),
        (["40 + 1", "Out[1] + _1"], "41\n82\n"),
        (["display(1, 'a', None)"], "1\n'a'\nNone\n"),
        (["display = print\ndisplay(1)"], "1\n"),
        (["display(1)", "from collections import deque as display", "display('a')"], "1\ndeque"),
        (["_ = 3", "_"], "3\n"),
        (
            ["from types import SimpleNamespace\nI = SimpleNamespace()",
             "I.ast_node_interactivity = 'all'\n1", "1\nif 1:\n    2\n3"],
            "1\n1\n2\n3\n",
        ),
        (["I = len", "%config InteractiveShell.ast_node_interactivity = 'none'", "1"], ""),
    ],
)  # fmt: skip
def test_works(cells: list[str], printed: str) -> None:
    """Indented cells, prompts, awaiting, history and display behave as in the notebook."""
    assert output_of(script(*cells)).startswith(printed)


def test_an_error_that_is_expected_does_not_end_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    """``raises-exception``: the error is told, and the next cell runs."""
    made = script(cell("print(1)\n1 / 0\nprint(2)", metadata={"tags": ["raises-exception"]}), "3")
    assert output_of(made) == "1\n3\n"
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_exit_ends_the_run_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """``exit()`` ends the script; converting and running both say where."""
    made = script("x = 1", "if x:\n    exit()", "print('never')")
    with pytest.raises(SystemExit) as caught:
        output_of(made)
    assert caught.value.code is None
    assert capsys.readouterr().err == "exit() in cell 2 ends the run\n"
    assert [f.code for f in made.findings] == ["exit"]


@pytest.mark.parametrize("source", ["quit", "exit", "quit()", "exit(0)"])
def test_every_way_out(source: str) -> None:
    """With or without parentheses, as IPython allows."""
    with pytest.raises(SystemExit):
        output_of(script(source, "print('never')"))


def test_answers_are_given_in_order() -> None:
    """``--answer`` serves ``input()``, and shows question and answer."""
    made = script("a = input('name? ')\nb = input()\na + b", options=Options(answers=("x", "y")))
    assert output_of(made) == "name? x\ny\n'xy'\n"


def test_too_few_answers_fail() -> None:
    """A question without an answer ends the run."""
    made = script("input('a? ')\ninput('b? ')", options=Options(answers=("x",)))
    with pytest.raises(EOFError, match="b\\?"):
        output_of(made)


def test_a_password_is_an_answer() -> None:
    """getpass is served like input."""
    import getpass

    before = getpass.getpass
    options = Options(answers=("secret",))
    made = script("from getpass import getpass\nlen(getpass('pw'))", options=options)
    try:
        assert output_of(made).endswith("6\n")
    finally:
        getpass.getpass = before


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("x = 1\ny = input()", "input", 2),
        ("def f():\n    return input('?')", "input", 2),
        ("import getpass\ngetpass.getpass()", "input", 2),
        ("breakpoint()", "debugger", 1),
        ("import pdb\npdb.set_trace()", "debugger", 2),
        ("from IPython import embed\nembed()", "debugger", 2),
        ("from ipdb import set_trace as stop\nstop()", "debugger", 2),
        ("print(In[1])", "history", 1),
        ("_i", "history", 1),
        ("__", "history", 1),
        ("Out", "history", 1),
        ("Out[7]", "history", 1),
        ("_7", "history", 1),
        ("if 1:\n    from math import *\n    await f()", "await", 1),
    ],
)
def test_refused(source: str, code: str, line: int) -> None:
    """What would wait for a person, or cannot be known, is refused with cell and line."""
    with pytest.raises(NotebookError) as caught:
        script("x = 1", source)
    found = caught.value.findings[0]
    assert (found.code, found.place and (found.place.cell, found.place.line)) == (code, (2, line))


def test_a_name_of_ones_own_asks_nobody() -> None:
    """Layers are called embed, and functions input: they are what the notebook makes of them."""
    made = script("embed = len\ninput = str\nembed(input('ab'))")
    assert output_of(made) == "2\n"


@pytest.mark.parametrize(
    ("counts", "works"), [((1, 2), True), ((None, None), True), ((2, 1), False), ((3, 4), False)]
)
def test_history_needs_an_order(counts: tuple[int | None, int | None], works: bool) -> None:
    """``Out[1]`` is the value of the first cell only if the notebook ran from the top."""
    cells = [cell(s, execution_count=n) for s, n in zip(["5", "Out[1]"], counts, strict=True)]
    if works:
        assert output_of(script(*cells)) == "5\n5\n"
    else:
        with pytest.raises(NotebookError, match="faithfully"):
            script(*cells)


def test_a_function_named_input_is_no_question() -> None:
    """A notebook may use the name for something else."""
    assert output_of(script("def input(x):\n    return x\ninput(3)")) == "3\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from tqdm.notebook import tqdm, trange", "from tqdm import tqdm, trange"),
        ("from tqdm.notebook import tqdm as bar", "from tqdm import tqdm as bar"),
        ("from tqdm import tqdm_notebook", "from tqdm import tqdm as tqdm_notebook"),
        ("from tqdm import tqdm_notebook as t", "from tqdm import tqdm as t"),
        ("from tqdm import tnrange, tqdm", "from tqdm import trange as tnrange, tqdm"),
        ("from tqdm.auto import tqdm", "from tqdm.auto import tqdm"),
    ],
)
def test_progress_bars_are_text(source: str, expected: str) -> None:
    """A bar for the browser becomes tqdm's own in text."""
    assert body(script(source)) == expected + "\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from multiprocessing import Pool\nPool(2)", 'multiprocessing.set_start_method("fork")'),
        (
            "from concurrent.futures import ProcessPoolExecutor",
            'multiprocessing.set_start_method("fork")',
        ),
        ("DataLoader(x, num_workers=2)", 'multiprocessing.set_start_method("fork")'),
        ("import multiprocessing as m\nm.get_context('spawn').Pool(2)", "del __file__"),
        ("from dask.distributed import Client\nClient()", "del __file__"),
        ("import dask.bag as db\nPool(2)", 'start_method("fork")\ndel __file__'),
        ("from joblib import Parallel\nParallel(2)", ""),
        ("DataLoader(x, num_workers=0)", ""),
        ("print(1)", ""),
    ],
)
def test_workers(source: str, expected: str) -> None:
    """Worker processes start as they did in the notebook."""
    top = script(source).text.partition("# %% [cell 1]")[0]
    assert expected in top
    assert expected or ("multiprocessing" not in top and "__file__" not in top)


def test_the_current_folder_is_on_the_path_where_it_changes() -> None:
    """A kernel looks for modules in the current folder, also after ``%cd``."""
    assert 'sys.path.insert(0, "")' in script("%cd ..").text
    assert 'sys.path.insert(0, "")' in script("import os\nos.chdir('..')").text
    assert "sys.path" not in script("import os\nos.getcwd()").text


def test_python_newer_than_ours_is_told() -> None:
    """A cell that only a newer Python can read is not silently lost."""
    language = {"name": "python", "version": "3.99.0"}
    with pytest.raises(NotebookError) as caught:
        script("x = 1", cell("new syntax", execution_count=2), language_info=language)
    assert caught.value.code == "newer-python"
    never_run = script("x = 1", "new syntax", language_info=language)
    assert [f.code for f in never_run.findings] == ["cell-unparsable"]


def test_display_with_options_is_ipythons() -> None:
    """``display(x, display_id=True)`` gives a handle, which only IPython's own can."""
    made = script("h = display(1, display_id=True)", "h.update(2)")
    assert "from IPython.display import display" in made.text.partition("# %% [cell 1]")[0]
    assert [name for name, _ in made.extra_requirements] == ["ipython"]
