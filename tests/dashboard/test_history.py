"""The History page: filters, an entry with its log and figures, what can be done with it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from nb2image.history.store import History
from nb2image.model import Report
from nb2image.model.history import HistoryEntry, HistoryPicture
from nb2image.model.place import Place
from nb2image.model.verdict import CellVerdict, Compared, Verdict
from tests.dashboard.conftest import OpenPage
from tests.fake_jobs import FakeLaunch


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    """A history of the test's own."""
    path = tmp_path / "history.db"
    monkeypatch.setenv("NB2IMAGE_HISTORY", str(path))
    return History(path)


@pytest.fixture
def entry(tmp_path: Path) -> HistoryEntry:
    """A conversion of a notebook below the start folder."""
    start = tmp_path / "start"
    return HistoryEntry(
        at="2026-01-02T03:04:05.000+00:00",
        action="convert",
        notebook=str(start / "a.ipynb"),
        ok=True,
        seconds=20.0,
        reference="a:1",
        image_id="sha256:1",
        size=100_000_000,
        steps=8,
        cached_steps=1,
        command=("convert", "--json", "a.ipynb", "--tag", "a:1"),
        cwd=str(start),
    )


def picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (20, 10), "#0b5cad").save(made, "PNG")
    return made.getvalue()


def test_nothing_yet(history: History, open_page: OpenPage) -> None:
    """An empty history leads to the form."""
    page = open_page("history")
    assert not page.exception
    assert any("Nothing was planned" in text.value for text in page.markdown)


def test_switched_off(monkeypatch: pytest.MonkeyPatch, open_page: OpenPage) -> None:
    """Without a history the page says how that came."""
    monkeypatch.setenv("NB2IMAGE_HISTORY", "off")
    page = open_page("history")
    assert not page.exception
    assert "switched off" in page.info[0].value


def test_filters(history: History, entry: HistoryEntry, open_page: OpenPage) -> None:
    """What is asked for is listed, and the same is a command."""
    history.add(entry)
    history.add(replace(entry, action="run", ok=False, message="out of memory"))
    page = open_page("history")
    assert not page.exception
    assert list(page.dataframe[0].value["Number"]) == [2, 1]
    assert page.code[-1].value == "nb2image history"
    page.text_input(key="find").set_value("MEMORY").run()
    page.selectbox(key="result").set_value("failed").run()
    page.multiselect(key="action").set_value(["run"]).run()
    assert list(page.dataframe[0].value["Number"]) == [2]
    assert page.code[-1].value == "nb2image history --find MEMORY --action run --state failed"
    page.text_input(key="find").set_value("nothing like it").run()
    assert any("No entry" in text.value for text in page.markdown)


def test_trend(history: History, entry: HistoryEntry, open_page: OpenPage) -> None:
    """Two builds of a notebook make a trend of size and time."""
    history.add(entry)
    page = open_page("history")
    page.selectbox(key="notebook").set_value(entry.notebook).run()
    assert any("needs two builds" in text.value for text in page.caption)
    history.add(replace(entry, size=90_000_000))
    page.run()
    assert [item.value for item in page.subheader] == ["Size", "Build time"]
    assert page.code[-1].value == f"nb2image history --notebook {entry.notebook}"


def test_entry(history: History, entry: HistoryEntry, open_page: OpenPage) -> None:
    """The verdict with what differs and both figures, the log, the report."""
    verdict = Verdict(
        ran=True,
        exit_status=0,
        cells=(
            CellVerdict(cell=1, grade="same"),
            CellVerdict(
                cell=2,
                grade="differs",
                why="a number",
                compared=(Compared(part="printed", grade="differs", diff="-1.0\n+2.0"),),
            ),
        ),
    )
    number = history.add(
        entry,
        report=msgspec.json.encode(Report(notebook="a.ipynb", verdict=verdict)).decode(),
        log="first line\n# [a link](http://evil.example)\nlast line",
        pictures=[
            HistoryPicture(name=f"cell2-1-{side}.png", data=picture())
            for side in ("notebook", "run")
        ],
    )
    page = open_page("history", entry=str(number))
    assert not page.exception
    assert [tab.label for tab in page.tabs][-4:] == ["Verdict", "Facts", "Log", "Report"]
    codes = [code.value for code in page.code]
    assert "-1.0\n+2.0" in codes
    assert any("[a link](http://evil.example)" in code for code in codes)
    assert len(page.image) == 2
    page.text_input(key="find-log").set_value("LAST").run()
    assert "last line" in [code.value for code in page.code]
    assert page.code[-1].value == f"nb2image history show {number}"


def test_failed_entry(history: History, entry: HistoryEntry, open_page: OpenPage) -> None:
    """Why it failed and what to do come first, and nothing of it is markup."""
    report = Report(
        notebook="a.ipynb", error="x", error_hint="add *apt*", error_place=Place(cell=3)
    )
    number = history.add(
        replace(entry, ok=False, error="x", message="![p](http://evil.example/x.png)", size=None),
        report=msgspec.json.encode(report).decode(),
    )
    page = open_page("history", entry=str(number))
    assert not page.exception
    assert page.error[0].value == "**\\!\\[p\\]\\(http\\://evil\\.example/x\\.png\\)**"
    shown = " ".join(text.value for text in page.markdown)
    assert "add \\*apt\\*" in shown
    assert "cell 3" in shown


@pytest.mark.parametrize("number", ["7", "x", "-1", "99999999999999999999"])
def test_no_such_entry(number: str, history: History, open_page: OpenPage) -> None:
    """An address of something else is no error."""
    page = open_page("history", entry=number)
    assert not page.exception


def test_repeat(
    history: History, entry: HistoryEntry, open_page: OpenPage, launch: FakeLaunch
) -> None:
    """The same command becomes a job, where it was given, and is watched."""
    number = history.add(entry)
    page = open_page("history", entry=str(number))
    page.button(key="repeat").click().run()
    (request,) = launch.requests
    assert (request.kind, request.arguments) == ("convert", ("a.ipynb", "--tag", "a:1"))
    assert (request.folder, request.notebook) == (entry.cwd, entry.notebook)
    assert page.query_params["job"]


def test_repeat_outside_is_refused(
    history: History, entry: HistoryEntry, open_page: OpenPage
) -> None:
    """A command that was given elsewhere is not run from here."""
    number = history.add(replace(entry, cwd="/"))
    page = open_page("history", entry=str(number))
    assert page.button(key="repeat").disabled


def test_edit(history: History, entry: HistoryEntry, open_page: OpenPage, tmp_path: Path) -> None:
    """The form opens with the notebook, as long as that is there."""
    number = history.add(entry)
    page = open_page("history", entry=str(number))
    assert "edit" not in {button.key for button in page.button}
    (tmp_path / "start" / "a.ipynb").touch()
    page.run()
    assert "edit" in {button.key for button in page.button}


def test_run_push_save(
    history: History, entry: HistoryEntry, open_page: OpenPage, launch: FakeLaunch
) -> None:
    """Each is a job with the arguments of the command line."""
    number = history.add(entry)
    page = open_page("history", entry=str(number))
    page.button(key="begin-run").click().run()
    page = open_page("history", entry=str(number))
    page.text_input(key="push-name").set_value("localhost:5000/me/a:1").run()
    page.button(key="begin-push").click().run()
    page = open_page("history", entry=str(number))
    page.text_input(key="save-file").set_value("out/a.tar").run()
    page.button(key="begin-save").click().run()
    assert [(request.kind, request.arguments) for request in launch.requests] == [
        ("run", ("a:1", "--output", "outputs")),
        ("push", ("a:1", "--tag", "localhost:5000/me/a:1")),
    ]  # two at once; the third waits
    assert not page.exception


@pytest.mark.parametrize(
    ("key", "text", "button"),
    [
        ("run-folder", "../elsewhere", "begin-run"),
        ("run-folder", "", "begin-run"),
        ("run-folder", "--rm", "begin-run"),
        ("save-file", "/etc/x.tar", "begin-save"),
        ("push-name", "--all-tags", "begin-push"),
        ("push-name", "UPPER case", "begin-push"),
    ],
)
def test_what_is_refused(
    key: str, text: str, button: str, history: History, entry: HistoryEntry, open_page: OpenPage
) -> None:
    """Nothing is written outside the start folder, nothing is taken for an option."""
    number = history.add(entry)
    page = open_page("history", entry=str(number))
    page.text_input(key=key).set_value(text).run()
    assert page.error
    assert button not in {one.key for one in page.button}
