"""Each cell gets the verdict that a reader would give it."""

from __future__ import annotations

import pytest

from nb2image.model import (
    Cell,
    CellRun,
    MimeData,
    Notebook,
    Output,
    Raised,
    Script,
    ScriptCell,
    Shown,
    Verdict,
)
from nb2image.verify.cells import inline_picture, judge_cell
from nb2image.verify.judge import Witnessed, judge


def stdout(text: str) -> Output:
    return Output(kind="stream", stream="stdout", text=text)


def result(text: str, **others: str) -> Output:
    mimes = {
        "html": "text/html",
        "latex": "text/latex",
        "png": "image/png",
        "widget": "application/vnd.jupyter.widget-view+json",
    }
    data = [MimeData(mime="text/plain", text=text)]
    data += [MimeData(mime=mimes[name], text=value) for name, value in others.items()]
    return Output(kind="result", data=tuple(data))


def error(name: str) -> Output:
    return Output(kind="error", error_name=name)


TABLE = "<table><tr><td>{}</td></tr></table>"
FRAME = "pandas.core.frame.DataFrame"

CASES = [
    ((), CellRun(cell=1), "same"),
    ((stdout("a\n"),), CellRun(cell=1, printed="a\n"), "same"),
    ((stdout("a\n"), stdout("b\n")), CellRun(cell=1, printed="a\nb\n"), "same"),
    ((stdout("a\n"),), CellRun(cell=1, printed="b\n"), "differs"),
    ((stdout("a\n"),), CellRun(cell=1), "differs"),
    ((), CellRun(cell=1, printed="more\n"), "differs"),
    ((stdout("0.33333333\n"),), CellRun(cell=1, printed="0.333333331\n"), "close"),
    ((), CellRun(cell=1, warnings="FutureWarning"), "close"),
    ((result("{'b', 'a'}"),), CellRun(cell=1, shown=(Shown(text="{'a', 'b'}"),)), "close"),
    ((result("1"),), CellRun(cell=1, shown=(Shown(text="2"),)), "differs"),
    ((result("1"), result("2")), CellRun(cell=1, shown=(Shown(text="1"),)), "differs"),
    ((result("1"),), CellRun(cell=1, printed="1\n"), "same"),
    (
        (result("x  1", html=TABLE.format("1.50")),),
        CellRun(cell=1, shown=(Shown(text="x 9", html=TABLE.format("1.5"), type=FRAME),)),
        "close",
    ),
    (
        (result("x  1", html=TABLE.format("7")),),
        CellRun(cell=1, shown=(Shown(text="x  1", html=TABLE.format("1"), type=FRAME),)),
        "differs",
    ),
    ((result("w", widget="{}"),), CellRun(cell=1), "not-comparable"),
    (
        (result("w", widget="{}"),),
        CellRun(cell=1, figures=("001-cell1.png",), shown=(Shown(text="4"),)),
        "not-comparable",
    ),
    (
        (result("w", html="<style></style><script>go()</script>"),),
        CellRun(cell=1, shown=(Shown(text="w", html="<style></style><script>go()</script>"),)),
        "not-comparable",
    ),
    (
        (result("x/2", latex="$$x/2$$", png="iVBO"),),
        CellRun(cell=1, shown=(Shown(text="x/2", latex="$x/2$"),)),
        "same",
    ),
    (
        (result("x/2", latex="$$x/2$$", png="iVBO"),),
        CellRun(cell=1, shown=(Shown(text="x/3", latex="$x/3$"),)),
        "differs",
    ),
    ((error("KeyError"),), CellRun(cell=1, raised=Raised(name="KeyError")), "same"),
    ((error("KeyError"),), CellRun(cell=1, raised=Raised(name="ValueError")), "differs"),
    ((error("KeyError"),), CellRun(cell=1), "differs"),
    ((), CellRun(cell=1, raised=Raised(name="ValueError")), "differs"),
    ((error("KeyError"),), CellRun(cell=1, warnings="Traceback\nKeyError: 3\n"), "same"),
]


@pytest.mark.parametrize(("outputs", "run", "grade"), CASES)
def test_a_cell_is_judged_by_all_that_it_shows(
    outputs: tuple[Output, ...], run: CellRun, grade: str
) -> None:
    """Text, values, tables and errors each count; warnings alone never make a cell differ."""
    verdict = judge_cell(
        Cell(number=1, kind="code", source="x", outputs=outputs), run, lambda path: None, 1e-6
    )
    assert verdict.grade == grade
    assert verdict.why or grade == "same"


@pytest.mark.parametrize(
    ("source", "grade"),
    [("%prun f()", "not-comparable"), ("print?", "not-comparable"), ("f()  # why?", "differs")],
)
def test_what_a_pager_showed_was_not_saved(source: str, grade: str) -> None:
    """Profiles and help stand in Jupyter's pager: that they print here is no difference."""
    cell = Cell(number=1, kind="code", source=source)
    verdict = judge_cell(cell, CellRun(cell=1, printed="x"), lambda path: None, 1e-6)
    assert verdict.grade == grade


def test_what_an_install_line_printed_is_no_output() -> None:
    """The image was built with the packages: nothing is installed, and printed, when it runs."""
    cell = Cell(number=1, kind="code", source="%pip install x", outputs=(stdout("Collecting x"),))
    run = CellRun(cell=1)
    assert judge_cell(cell, run, lambda path: None, 0, installs=True).grade == "not-comparable"
    assert judge_cell(cell, run, lambda path: None, 0).grade == "differs"


def test_a_profile_kept_as_a_value_is_not_compared() -> None:
    """Some front ends keep what a pager showed, with the times of that day."""
    cell = Cell(number=1, kind="code", source="%prun f()", outputs=(result("3 calls in 0.1 s"),))
    run = CellRun(cell=1, printed="3 calls in 0.2 s")
    assert judge_cell(cell, run, lambda path: None, 1e-6).grade == "not-comparable"


@pytest.mark.parametrize(
    ("html", "picture"),
    [
        ('<img src="data:image/png;base64,AAAA" width="640">', "AAAA"),
        ("<div><img src='data:image/png;base64,AAAA'></div>", "AAAA"),
        ('<p>text</p><img src="data:image/png;base64,AAAA">', None),
        ('<img src="https://example.org/x.png">', None),
    ],
)
def test_a_picture_in_html_is_a_figure(html: str, picture: str | None) -> None:
    """matplotlib's notebook backend saves figures as HTML that is nothing but a picture."""
    assert inline_picture(html) == picture


def notebook(*cells: Cell) -> tuple[Notebook, Script]:
    made = tuple(
        ScriptCell(number=c.number, source="", first_line=1, last_line=1, left_out=c.number == 8)
        for c in cells
    )
    return (
        Notebook(name="x", cells=cells, sha256="", format="4.5"),
        Script(name="train.py", text="", lines=(), cells=made),
    )


def code(number: int, *outputs: Output, executed: bool = True) -> Cell:
    count = number if executed else None
    return Cell(number=number, kind="code", source="x", outputs=outputs, execution_count=count)


def test_every_verdict_kind() -> None:
    """Same, differs, random, not reached, left out and never executed are told apart."""
    book, script = notebook(
        code(1, stdout("a")),
        code(2, stdout("a")),
        code(3, stdout("0.25")),
        code(5, executed=False),
        code(8, stdout("a")),
        code(9, stdout("a")),
    )
    runs = [
        Witnessed(
            (
                CellRun(cell=1, printed="a"),
                CellRun(cell=2, printed="b"),
                CellRun(cell=3, printed=number),
                CellRun(cell=5, printed="new"),
            ),
            lambda path: None,
        )
        for number in ("0.5", "0.75")
    ]
    verdicts = judge(book, script, runs, 1e-6)
    assert [(v.cell, v.grade) for v in verdicts] == [
        (1, "same"),
        (2, "differs"),
        (3, "not-comparable"),
        (5, "not-comparable"),
        (8, "not-comparable"),
        (9, "not-reached"),
    ]
    assert "random" in verdicts[2].why
    verdict = Verdict(ran=True, exit_status=0, cells=verdicts)
    assert verdict.reproduced == pytest.approx(1 / 3)
    assert not verdict.proved


def test_a_notebook_without_outputs_proves_only_that_it_runs() -> None:
    """Where nothing was saved, nothing can differ."""
    book, script = notebook(code(1), code(2))
    seen = Witnessed((CellRun(cell=1, printed="x"), CellRun(cell=2)), lambda path: None)
    verdict = Verdict(ran=True, exit_status=0, cells=judge(book, script, [seen], 1e-6))
    assert verdict.reproduced is None
    assert verdict.proved
    ended = Witnessed((CellRun(cell=1, raised=Raised(name="E")),), lambda path: None)
    verdict = Verdict(ran=False, exit_status=1, cells=judge(book, script, [ended], 1e-6))
    assert verdict.reproduced is None
    assert not verdict.proved
