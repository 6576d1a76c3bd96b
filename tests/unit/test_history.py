"""The history: kept, read, pruned; shared by writers; damage and change survived."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nb2image.cli import main
from nb2image.errors import BuildError, HistoryError, OptionError
from nb2image.events import Event, Noticed, OutputLine, StageStarted, ignore
from nb2image.history import store as history
from nb2image.history.remember import LOG_CHARACTERS, remember
from nb2image.history.store import History, place
from nb2image.model import BuiltImage, Report, RunReport
from nb2image.model.history import HistoryEntry, HistoryPicture
from nb2image.model.verdict import CellVerdict, Verdict
from nb2image.services import Services
from tests.unit.image.plans import PLAN

ENTRY = HistoryEntry(
    at="2026-01-02T03:04:05.000+00:00",
    action="build",
    notebook="a.ipynb",
    ok=True,
    seconds=1.5,
    size=400,
    forecast=410,
)


@pytest.fixture
def kept(own_history: Path) -> History:
    return History(own_history)


def services() -> Services:
    return Services()


def test_kept_and_read(kept: History) -> None:
    """What was added comes back, newest first, with report and log."""
    first = kept.add(ENTRY, report='{"x": 1}', log="one\ntwo\ud800")
    second = kept.add(replace(ENTRY, notebook="b.ipynb", ok=False, size=None))
    assert [entry.id for entry in kept.entries()] == [second, first]
    assert kept.entries(notebook="a.ipynb") == (replace(ENTRY, id=first),)
    assert len(kept.entries(limit=1)) == 1
    detail = kept.detail(first)
    assert (detail.report, detail.log) == ('{"x": 1}', "one\ntwo?")
    with pytest.raises(OptionError, match="no entry 99"):
        kept.detail(99)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"actions": ["run", "plan"]}, [3]),
        ({"actions": ["run"], "ok": True}, []),
        ({"ok": False}, [3]),
        ({"find": "B.IPY"}, [2]),
        ({"find": "out of"}, [3]),
        ({"find": "%"}, []),
        ({"find": "ipynb", "limit": 1}, [2]),
        ({"notebook": "a.ipynb", "find": "a"}, [1]),
    ],
)
def test_entries_that_are_asked_for(kept: History, asked: dict[str, Any], found: list[int]) -> None:
    """By what was done, how it ended, and text that stands somewhere in it, not as a pattern."""
    kept.add(ENTRY)
    kept.add(replace(ENTRY, notebook="b.ipynb"))
    kept.add(replace(ENTRY, action="run", ok=False, notebook="", message="out of memory"))
    assert [entry.id for entry in kept.entries(**asked)] == found


def test_command_and_pictures_are_kept(kept: History) -> None:
    """What was typed and the report's figures come back; figures go with their entry."""
    entry = replace(ENTRY, command=("build", "a b", "--tag", "x"), cwd="/w", context="/w/a")
    number = kept.add(entry, pictures=[HistoryPicture(name="cell1-1-run.png", data=b"\0png")])
    assert kept.entries() == (replace(entry, id=number),)
    assert kept.detail(number).pictures[0].data == b"\0png"
    kept.prune(keep=0)
    with sqlite3.connect(kept.path) as database:
        assert database.execute("SELECT count(*) FROM picture").fetchone() == (0,)


def test_file_of_the_first_form_is_brought_forward(
    kept: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry that an older release wrote has no command, folder or figures."""
    kept.path.parent.mkdir()
    with sqlite3.connect(kept.path) as database:
        for statement in ";".join(history.MIGRATIONS[:2]).split(";"):
            database.execute(statement)
        database.execute("PRAGMA user_version = 2")
        database.execute(
            "INSERT INTO entry (at, action, notebook, ok, error, message, seconds, plan_digest, "
            "base, reference, image_id, steps, cached_steps) "
            "VALUES ('2026', 'plan', 'a.ipynb', 1, '', '', 1.0, '', '', '', '', 0, 0)"
        )
    database.close()
    (entry,) = kept.entries()
    assert (entry.notebook, entry.command, entry.context) == ("a.ipynb", (), "")
    assert kept.detail(entry.id).pictures == ()


@pytest.mark.parametrize(
    ("given", "kept_as"),
    [
        ("run x -e A=b --env=C=d -eE=f", "run x -e A --env=C -eE"),
        ("run x --env HOME -- -e A=b", "run x --env HOME -- -e A=b"),
        ("verify x --env TOKEN=secret=1", "verify x --env TOKEN"),
        ("convert a.ipynb -e A=b", "convert a.ipynb -e A=b"),
    ],
)
def test_values_of_a_runs_variables_are_not_kept(kept: History, given: str, kept_as: str) -> None:
    """A run's variables may be secrets; what is built into an image is no secret any more."""
    with remember("run", ignore, services(), command=given.split()):
        pass
    (entry,) = kept.entries()
    assert (entry.command, entry.cwd) == (tuple(kept_as.split()), str(Path.cwd()))


def test_figures_beside_the_report_are_kept(kept: History, tmp_path: Path) -> None:
    """Of a report with a verdict, the figures of the folder are kept with the entry."""
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "cell2-1-run.png").write_bytes(b"png")
    verdict = Verdict(ran=True, exit_status=0)
    with remember("convert", ignore, services()) as memory:
        memory.done(Report(notebook="n", context=str(tmp_path), verdict=verdict))
    with remember("convert", ignore, services()) as memory:
        memory.done(Report(notebook="n", context=str(tmp_path)))
    assert [p.name for p in kept.detail(1).pictures] == ["cell2-1-run.png"]
    assert kept.detail(2).pictures == ()
    assert kept.detail(1).entry.context == str(tmp_path)


def test_reading_makes_no_file(kept: History) -> None:
    """Looking at an empty history leaves no trace."""
    assert kept.entries() == ()
    assert kept.prune(keep=0) == 0
    assert not kept.path.exists()


def test_file_is_for_the_user_alone(kept: History) -> None:
    """Logs may tell more than others should read."""
    kept.add(ENTRY)
    assert kept.path.stat().st_mode & 0o077 == 0


def test_prune(kept: History) -> None:
    """By number, by age, and both; ids are never used again."""
    for day in range(1, 7):
        kept.add(replace(ENTRY, at=f"2026-01-0{day}"), log="x" * 1000)
    assert kept.prune(before="2026-01-03") == 2
    assert kept.prune(keep=1) == 3
    assert [entry.at for entry in kept.entries()] == ["2026-01-06"]
    assert kept.prune(keep=0) == 1
    assert kept.add(ENTRY) == 7
    with sqlite3.connect(kept.path) as database:
        assert database.execute("SELECT count(*) FROM detail").fetchone() == (1,)


def test_many_writers(kept: History) -> None:
    """Writers at once wait for each other, from the very first, which makes the file."""
    with ThreadPoolExecutor(6) as threads:
        ids = list(threads.map(lambda n: kept.add(replace(ENTRY, seconds=n)), range(36)))
    assert len(set(ids)) == 36
    assert {entry.seconds for entry in kept.entries()} == set(range(36))


@pytest.mark.parametrize("damage", [b"no database at all", b"SQLite format 3\0" + b"\xff" * 5000])
def test_damaged_file_is_set_aside(kept: History, damage: bytes) -> None:
    """A damaged file is renamed, not deleted, and a new one begun."""
    kept.path.parent.mkdir()
    kept.path.write_bytes(damage)
    assert kept.add(ENTRY) == 1
    (aside,) = kept.path.parent.glob("*.damaged-*")
    assert aside.read_bytes() == damage
    assert len(kept.entries()) == 1


def test_damage_in_the_middle(kept: History) -> None:
    """A file whose pages were overwritten is set aside when that is met."""
    for _ in range(50):
        kept.add(ENTRY, log="".join(map(str, range(2000))))
    data = bytearray(kept.path.read_bytes())
    data[4096 : len(data)] = b"\xa5" * (len(data) - 4096)
    kept.path.write_bytes(data)
    assert kept.entries() == ()
    assert list(kept.path.parent.glob("*.damaged-*"))


def test_migration(kept: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of an older release is brought forward with its entries; a newer one is left."""
    kept.add(ENTRY)
    later = (*history.MIGRATIONS, "ALTER TABLE entry ADD COLUMN colour TEXT DEFAULT 'blue'")
    monkeypatch.setattr(history, "MIGRATIONS", later)
    kept.add(ENTRY)
    with sqlite3.connect(kept.path) as database:
        assert database.execute("SELECT colour FROM entry").fetchall() == [("blue",)] * 2
        assert database.execute("PRAGMA user_version").fetchone() == (len(later),)
    monkeypatch.undo()
    before = kept.path.read_bytes()
    with pytest.raises(HistoryError, match="newer nb2image"):
        kept.add(ENTRY)
    assert kept.path.read_bytes() == before


def test_migration_that_fails_changes_nothing(
    kept: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration is done whole or not at all."""
    kept.add(ENTRY)
    later = (*history.MIGRATIONS, "ALTER TABLE entry ADD COLUMN a TEXT; SELECT * FROM nothing")
    monkeypatch.setattr(history, "MIGRATIONS", later)
    with pytest.raises(HistoryError):
        kept.add(ENTRY)
    monkeypatch.undo()
    assert len(kept.entries()) == 1


def test_place() -> None:
    """The environment names the file, or switches the history off."""
    assert place({"NB2IMAGE_HISTORY": "/x/y.db"}) == Path("/x/y.db")
    assert place({"NB2IMAGE_HISTORY": "off"}) is None
    default = place({})
    assert default is not None
    assert default.name == "history.db"


def test_remembers_a_build(kept: History) -> None:
    """Result, steps, time and log of a command are kept; events pass through."""
    seen: list[Event] = []
    image = BuiltImage(
        reference="a:1", id="sha256:1", size=9, builder="docker", seconds=1, steps=4, cached_steps=3
    )
    with remember("convert", seen.append, services(), notebook="/n.ipynb") as memory:
        memory.emit(StageStarted(stage="build"))
        memory.emit(OutputLine(stage="build", line="hello"))
        memory.done(Report(notebook="n.ipynb", plan_digest="sha256:2", image=image))
    detail = kept.detail(1)
    assert len(seen) == 2
    assert detail.log == "· build\nhello"
    assert '"reference":"a:1"' in detail.report
    entry = detail.entry
    assert (entry.ok, entry.size, entry.steps, entry.cached_steps) == (True, 9, 4, 3)
    assert (entry.notebook, entry.image_id) == ("/n.ipynb", "sha256:1")
    assert entry.seconds > 0


def test_remembers_plans_and_runs(kept: History) -> None:
    """A plan's digest and base, a run's exit status."""
    with remember("plan", ignore, services()) as memory:
        memory.done(PLAN)
    with remember("run", ignore, services()) as memory:
        memory.done(RunReport(image="a:1", exit_status=3, seconds=1))
    run, plan = kept.entries()
    assert (plan.plan_digest, plan.base) == (PLAN.digest, PLAN.base.reference)
    assert (run.reference, run.ok) == ("a:1", False)


@pytest.mark.parametrize(
    ("verdict", "message"),
    [
        (Verdict(ran=True, exit_status=0), "ran"),
        (Verdict(ran=False, exit_status=7), "the run ended with 7"),
        (
            Verdict(
                ran=True,
                exit_status=0,
                cells=(CellVerdict(cell=1, grade="same"), CellVerdict(cell=2, grade="differs")),
            ),
            "ran, 50 % reproduced",
        ),
    ],
)
def test_remembers_proofs(kept: History, verdict: Verdict, message: str) -> None:
    """How an image compared with its notebook is told in the list."""
    with remember("verify", ignore, services()) as memory:
        memory.done(Report(notebook="n.ipynb", verdict=verdict))
    (entry,) = kept.entries()
    assert (entry.notebook, entry.message, entry.ok) == ("n.ipynb", message, True)


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (BuildError("no", code="build-step"), "build-step"),
        (KeyboardInterrupt(), "interrupted"),
        (ZeroDivisionError("ours"), "fault"),
    ],
)
def test_remembers_failures(kept: History, error: BaseException, slug: str) -> None:
    """A failed command is kept with its error, which passes through."""
    with pytest.raises(type(error)), remember("build", ignore, services()):
        raise error
    (entry,) = kept.entries()
    assert (entry.ok, entry.error) == (False, slug)
    assert f'"error":"{slug}"' in kept.detail(entry.id).report


def test_long_logs_lose_their_beginning(kept: History) -> None:
    """Of a log beyond the limit the end is kept."""
    with remember("build", ignore, services()) as memory:
        for number in range(30):
            memory.emit(OutputLine(stage="build", line=f"{number} " + "x" * 100_000))
    log = kept.detail(1).log
    assert len(log) <= LOG_CHARACTERS
    assert log.splitlines()[-1].startswith("29 ")


def test_history_that_cannot_be_written_is_a_note(
    own_history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command goes on without the history, and says so."""
    own_history.parent.parent.mkdir(exist_ok=True)
    own_history.parent.write_text("a file where the folder should be")
    seen: list[Event] = []
    with remember("plan", seen.append, services()) as memory:
        memory.done(PLAN)
    (event,) = seen
    assert isinstance(event, Noticed)
    assert event.finding.code == "history-unusable"


def test_no_history(kept: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither option nor variable leaves a file behind."""
    with remember("plan", ignore, services(), keep=False) as memory:
        memory.done(PLAN)
    assert not memory.report, "nothing is worked out for nobody"
    monkeypatch.setenv("NB2IMAGE_HISTORY", "off")
    with remember("plan", ignore, services()) as memory:
        memory.done(PLAN)
    assert not kept.path.exists()
    assert main(["history"]) == 2


def test_entry_as_files(kept: History, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Result, log and figures are written to a folder that is new or empty."""
    picture = HistoryPicture(name="../cell1-1-run.png", data=b"png")
    kept.add(ENTRY, report='{"a":1}', log="hello", pictures=[picture])
    folder = tmp_path / "out"
    assert main(["history", "show", "1", "--output", str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder}\n"
    assert sorted(path.name for path in folder.iterdir()) == [
        "cell1-1-run.png", "log.txt", "report.json",
    ]  # fmt: skip
    assert (folder / "report.json").read_text() == '{\n  "a": 1\n}\n'
    assert main(["history", "show", "1", "--output", str(folder)]) == 2
    assert main(["history", "show", "1", "--json"]) == 0


def test_command_line(kept: History, capsys: pytest.CaptureFixture[str]) -> None:
    """List, show, prune as a user does."""
    assert main(["history"]) == 0
    assert "empty" in capsys.readouterr().out
    kept.add(replace(ENTRY, notebook="/x\x1b[2J.ipynb"), log="line one\nline two")
    assert main(["history"]) == 0
    shown = capsys.readouterr().out
    assert "build   /x.ipynb  1.5 s  400 B" in shown
    assert main(["history", "show", "1"]) == 0
    assert "forecast 410 B, +2.5 %" in capsys.readouterr().out
    assert main(["history", "show", "1", "--log"]) == 0
    assert capsys.readouterr().out == "line one\nline two\n"
    assert main(["history", "--json"]) == 0
    assert '"forecast":410' in capsys.readouterr().out
    assert main(["history", "--action", "run", "--state", "failed", "--find", "x", "--json"]) == 0
    assert capsys.readouterr().out == "[]\n"
    assert main(["history", "show", "7"]) == 2
    assert main(["history", "prune"]) == 2
    assert main(["history", "prune", "--older-than", "99999999"]) == 0
    assert main(["history", "prune", "--older-than", "1"]) == 0
    assert kept.entries() == ()
