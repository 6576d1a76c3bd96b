"""The commands: what goes to stdout and stderr, and with which exit status they end."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from nb2image import console, doctor, pipeline
from nb2image.cli import app, main
from nb2image.doctor import Check
from nb2image.errors import BuildError, EngineError, OptionError
from nb2image.events import Emit, Noticed, OutputLine, StageFinished, StageStarted
from nb2image.model import BuiltImage, Finding, OutputFile, Place, Report, RunReport
from nb2image.process import Terminated

IMAGE = BuiltImage(reference="me/x:1", id="sha256:aa", size=5, builder="docker", seconds=1.0)
STEP = "[build 2/2] RUN --mount=type=cache,target=/c make \x1b[31mit"


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> list[pipeline.Conversion]:
    """A conversion that works, and what was asked of it."""
    asked: list[pipeline.Conversion] = []

    def convert(what: pipeline.Conversion, options: Any, services: Any, emit: Emit) -> Report:
        asked.append(what)
        emit(StageStarted(stage="build"))
        emit(StageStarted(stage="build", step=STEP, number=2, total=2))
        emit(OutputLine(stage="build", step=STEP, line="working"))
        emit(StageFinished(stage="build", step=STEP, seconds=2.5))
        finding = Finding(severity="warning", code="x", message="mind\x07", place=Place(cell=3))
        emit(Noticed(stage="build", finding=finding))
        emit(StageFinished(stage="build", seconds=3.0))
        return Report(notebook=str(what.notebook), context="ctx", image=IMAGE)

    monkeypatch.setattr(pipeline, "convert", convert)
    return asked


def test_convert_for_people(
    converted: list[pipeline.Conversion], capsys: pytest.CaptureFixture[str]
) -> None:
    """stdout is the reference alone; stderr tells the steps, without terminal codes."""
    assert main(["convert", "a.ipynb"]) == 0
    out, err = capsys.readouterr()
    assert out == "me/x:1\n"
    assert err.splitlines() == [
        "build",
        "  [build 2/2] RUN make it",
        "    working",
        "    2.5 s",
        "  warning: cell 3: mind",
        "build: 3.0 s",
    ]


def test_convert_quietly(
    converted: list[pipeline.Conversion], capsys: pytest.CaptureFixture[str]
) -> None:
    """--quiet leaves the result."""
    assert main(["convert", "a.ipynb", "--quiet"]) == 0
    assert capsys.readouterr() == ("me/x:1\n", "")


def test_convert_as_json(
    converted: list[pipeline.Conversion], capsys: pytest.CaptureFixture[str]
) -> None:
    """--json gives the report on stdout and an event a line on stderr."""
    assert main(["convert", "a.ipynb", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["image"]["id"] == "sha256:aa"
    kinds = [json.loads(line)["kind"] for line in err.splitlines()]
    assert kinds == [
        *("stage-started", "stage-started", "output-line", "stage-finished", "noticed"),
        "stage-finished",
    ]


def test_convert_passes_its_options_on(converted: list[pipeline.Conversion]) -> None:
    """Each option of convert itself; a name that begins with a dash stands after --."""
    argv = ["convert", "-o", "ctx", "-t", "x:1", "--force", "--no-build", "--no-cache", "--"]
    assert main([*argv, "-odd name.ipynb"]) == 0
    assert converted == [
        pipeline.Conversion(
            notebook=Path("-odd name.ipynb"),
            context=Path("ctx"),
            force=True,
            build=False,
            tag="x:1",
            no_cache=True,
        )
    ]


@pytest.mark.parametrize(
    ("raised", "status", "says"),
    [
        (OptionError("bad tag", hint="use another"), 2, "error: bad tag\n  → use another\n"),
        (EngineError("none"), 6, "error: none\n"),
        (
            BuildError("failed", where=Place(cell=2), details=("last", "words\x1b[2J")),
            7,
            "  | last\n  | words\nerror: failed (cell 2)\n",
        ),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (Terminated(), 130, "error: interrupted\n"),
    ],
)
def test_errors(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    status: int,
    says: str,
) -> None:
    """Each family has its exit status; stdout stays empty."""

    def fail(*_: Any, **__: Any) -> None:
        raise raised

    monkeypatch.setattr(pipeline, "convert", fail)
    assert main(["convert", "a.ipynb"]) == status
    assert capsys.readouterr() == ("", says)


def test_error_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json the error is the last line of stderr."""

    def fail(*_: Any, **__: Any) -> None:
        raise BuildError("failed", code="no-wheel", hint="h", where=Place(cell=2))

    monkeypatch.setattr(pipeline, "build", fail)
    assert main(["build", "ctx", "--json"]) == 7
    told = json.loads(capsys.readouterr().err)
    assert (told["kind"], told["code"], told["exit_code"]) == ("error", "no-wheel", 7)
    assert told["where"]["cell"] == 2


def test_run_ends_as_the_script(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The exit status is the script's; its output keeps its streams, its outputs are listed."""
    monkeypatch.chdir(tmp_path)  # run.json is written there
    asked = []

    def run(request: Any, services: Any, emit: Emit) -> RunReport:
        asked.append(request)
        emit(OutputLine(stage="run", line="50%", end="\r"))
        emit(OutputLine(stage="run", line="done"))
        emit(OutputLine(stage="run", stream="stderr", line="oh", end=""))
        output = OutputFile(path="m.pkl", size=1500, sha256="")
        return RunReport(image="x", exit_status=5, seconds=1, outputs=(output,))

    monkeypatch.setattr(pipeline, "run", run)
    assert main(["run", "x:1", "--read-only", "-o", "back", "--", "--alpha", "1"]) == 5
    assert (asked[0].image, asked[0].arguments) == ("x:1", ("--alpha", "1"))
    assert (asked[0].outputs, asked[0].read_only) == (Path("back"), True)
    out, err = capsys.readouterr()
    assert out == "50%\rdone\n"
    assert err == "oh\nback/m.pkl  1.5 kB\nthe script ended with exit status 5\n"


def test_many_outputs(capsys: pytest.CaptureFixture[str]) -> None:
    """The first outputs are listed, the rest are counted."""
    files = tuple(OutputFile(path=f"f{n:02}", size=1000, sha256="") for n in range(25))
    report = RunReport(image="x", exit_status=0, seconds=1, outputs=files)
    console.show_run(report, Path("back"), quiet=False, as_json=False)
    lines = capsys.readouterr().err.splitlines()
    assert lines[19] == "back/f19  1.0 kB"
    assert lines[20:] == ["and 5 more in back  5.0 kB"]


@pytest.mark.parametrize(
    ("argv", "status", "stream", "says"),
    [
        ([], 2, "out", "convert"),
        (["--help"], 0, "out", "doctor"),
        (["--version"], 0, "out", "nb2image"),
        (["convert"], 2, "err", "FILE"),
        (["convert", "--no-such-option", "x"], 2, "err", "No such option"),
        (["nonsense"], 2, "err", "No such command"),
        (["convert", "x.ipynb", "--max-context", "lots"], 2, "err", "is not a size"),
        (["convert", "x.ipynb", "--tag", "Bad Tag"], 2, "err", "'Bad Tag'"),
        (["convert", "no-such.ipynb", "--no-build"], 3, "err", "no-such.ipynb"),
        (["build", "no-such-folder"], 2, "err", "no build context"),
    ],
)
def test_wrong_usage(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
    status: int,
    stream: str,
    says: str,
) -> None:
    """Wrong options end with 2 and words, never with a traceback."""
    monkeypatch.chdir(tmp_path)
    assert main(argv) == status
    captured = capsys.readouterr()
    assert says in getattr(captured, stream)
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("state", "needed", "status"),
    [("ok", True, 0), ("warning", True, 0), ("missing", False, 0), ("missing", True, 6)],
)
def test_doctor(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    state: Any,
    needed: bool,
    status: int,
) -> None:
    """doctor ends with 6 when something is missing that every build needs."""
    check = Check(name="engine", state=state, found="it", fix="do this", needed=needed)
    monkeypatch.setattr(doctor, "examine", lambda services: (check,))
    assert main(["doctor"]) == status
    out, _ = capsys.readouterr()
    assert "engine" in out
    assert "→ do this" in out
    assert main(["doctor", "--json"]) == status
    assert json.loads(capsys.readouterr().out)[0]["found"] == "it"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """A command is imported when it is asked for: the list of them must be whole."""
    folder = Path(app.__file__).parent
    registers = re.compile(r"^@?app\.(command|add_typer)\(", re.MULTILINE)
    files = {path.stem for path in folder.glob("*.py") if registers.search(path.read_text())}
    assert set(app.COMMANDS) == files
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f" {name} " in shown for name in app.COMMANDS)
