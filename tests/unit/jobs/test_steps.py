"""Steps, lines, expectations, places and fixes: what is read out of a job's events."""

from __future__ import annotations

from typing import Any

import pytest

from nb2image.jobs.expected import expected_stages, expected_total
from nb2image.jobs.fix import Fix, suggest
from nb2image.jobs.job import Failure, Job, JobRequest, StageTime
from nb2image.jobs.log import Entry
from nb2image.jobs.place import Lines, failed_step, instruction
from nb2image.jobs.steps import Steps, failure_of, stage_times
from nb2image.jobs.text import line
from nb2image.model.history import HistoryEntry
from nb2image.model.place import Place

RUN = "[dependencies 2/2] RUN --mount=type=cache,target=/root pip install     && true"


def follow(*events: dict[str, Any]) -> Steps:
    """Steps after these events, a second apart."""
    steps = Steps()
    steps.follow(Entry(seq=i, at=100.0 + i, event=event) for i, event in enumerate(events, 1))
    return steps


def began(stage: str, step: str = "", **more: Any) -> dict[str, Any]:
    return {"kind": "stage-started", "stage": stage, "step": step, **more}


def finished(stage: str, step: str = "", seconds: float = 1.0, **more: Any) -> dict[str, Any]:
    return {"kind": "stage-finished", "stage": stage, "step": step, "seconds": seconds, **more}


def test_steps_begin_move_and_end() -> None:
    """A step runs from its first event to its last, and what it says of itself is kept."""
    steps = follow(
        began("read"),
        finished("read", seconds=0.5, detail="9 cells"),
        began("build"),
        began("build", RUN, number=2, total=2),
        {"kind": "progress", "stage": "build", "step": RUN, "done": 5, "total": 9, "unit": "bytes"},
    )
    read, build, run = steps.all()
    assert (read.state, read.seconds, read.detail) == ("done", 0.5, "9 cells")
    assert (build.state, build.seconds) == ("running", None)
    assert (run.number, run.done, run.size, run.unit) == (2, 5, 9, "bytes")
    assert run.title == "[dependencies 2/2] RUN pip install && true"


def test_a_step_that_is_told_late_began_earlier() -> None:
    """Of a burst of events the step's own seconds count."""
    steps = follow(began("build"), finished("build", seconds=30.0))
    assert steps.all()[0].started == pytest.approx(72.0)


@pytest.mark.parametrize(
    ("state", "shown"), [("failed", "failed"), ("cancelled", "cancelled"), ("lost", "cancelled")]
)
def test_nothing_runs_in_a_job_that_is_over(state: Any, shown: str) -> None:
    """What had not ended ends with the job."""
    steps = follow(finished("read"), began("build"))
    steps.end(state, 110.0)
    assert [(s.state, s.seconds) for s in steps.all()] == [(shown, 8.0)]


def test_stage_times_are_of_finished_stages() -> None:
    """Steps of a build and what did not end say nothing about the next time."""
    steps = follow(
        began("read"), finished("read", seconds=2.0), began("build"), began("build", RUN),
        finished("build", RUN),
    )  # fmt: skip
    assert stage_times(steps.all()) == (StageTime(stage="read", seconds=2.0),)


def test_the_error_becomes_a_record() -> None:
    """The failure has the place and the hint that the command told."""
    steps = follow(
        {
            "kind": "error", "code": "module-missing", "message": "no yaml", "hint": "add it",
            "where": {"cell": 3, "line": 1, "file": None}, "findings": [], "details": ["x"],
            "exit_code": 8,
        }
    )  # fmt: skip
    assert failure_of(steps.failure) == Failure(
        code="module-missing", message="no yaml", hint="add it", where=Place(cell=3, line=1),
        details=("x",), exit_code=8,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (began("read"), ("step", "read")),
        (began("build", RUN), ("step", "[dependencies 2/2] RUN pip install && true")),
        (finished("build", seconds=2.04, detail="9 MB"), ("step", "build: 2.0 s, 9 MB")),
        (finished("build", RUN), None),
        ({"kind": "progress", "stage": "build", "done": 1}, None),
        ({"kind": "output-line", "line": "\x1b[31mred\x1b[0m"}, ("output", "red")),
        ({"kind": "output-line", "line": "ERROR: no matching"}, ("error", "ERROR: no matching")),
        ({"kind": "output-line", "line": "0 errors found"}, ("output", "0 errors found")),
        ({"kind": "text", "line": "ValueError: x"}, ("error", "ValueError: x")),
        (
            {"kind": "noticed", "finding": {"severity": "warning", "message": "a\nb"}},
            ("warning", "warning: a b"),
        ),
        ({"kind": "error", "message": "it failed"}, ("error", "error: it failed")),
        ({"kind": "unheard-of"}, None),
    ],
)
def test_lines_of_a_log(event: dict[str, Any], shown: Any) -> None:
    """What each event says to people, harmless and on one line."""
    assert line(event) == shown


def job(number: int, notebook: str = "a.ipynb", state: Any = "done", **stages: float) -> Job:
    return Job(
        id=f"20261120-0000{number:02}-00000000",
        request=JobRequest(kind="convert", folder="/", notebook=notebook),
        state=state,
        created=float(number),
        stages=tuple(StageTime(stage=s, seconds=v) for s, v in stages.items()),
    )


def test_a_job_takes_as_long_as_those_before_it() -> None:
    """The median of the last successful ones of the same notebook, stage by stage."""
    earlier = [
        job(1, build=10.0), job(2, build=30.0, verify=4.0), job(3, build=20.0),
        job(4, "b.ipynb", build=999.0), job(5, state="failed", build=999.0),
    ]  # fmt: skip
    assert expected_stages(job(9), earlier) == {"build": 20.0, "verify": 4.0}
    assert expected_total(job(9), earlier, ()) == 24.0


def test_without_jobs_the_history_tells() -> None:
    """What the command line did helps; nothing alike gives no expectation."""
    entries = [
        HistoryEntry(at="", action="convert", notebook="a.ipynb", ok=ok, seconds=seconds)
        for ok, seconds in [(True, 8.0), (False, 1.0), (True, 10.0)]
    ]
    assert expected_total(job(9), (), entries) == 9.0
    assert expected_total(job(9, "other.ipynb"), (), entries) == 0.0


DOCKERFILE = """\
# the base
FROM python:3.11 AS dependencies
RUN --mount=type=cache,target=/root \\
    # why
    pip install \\
    && true
COPY --from=dependencies /out/ /
"""


def test_a_failed_step_is_found_in_the_dockerfile() -> None:
    """The message names the step, its name repeats the instruction."""
    steps = follow(began("build", RUN)).all()
    step = failed_step("step [dependencies 2/2] failed: exit code 1", steps)
    assert step == RUN
    assert instruction(DOCKERFILE, step) == Lines(3, 6)
    assert instruction(DOCKERFILE, "[stage-1 1/1] COPY --from=dependencies /out/ /") == Lines(7, 7)
    assert instruction(DOCKERFILE, "[x 1/1] RUN something else") is None
    assert failed_step("no engine", steps) == ""


@pytest.mark.parametrize(
    ("code", "message", "wanted", "fix"),
    [
        ("library-missing", "", "libGL.so.1", {"add": {"apt": ("libgl1",)}}),
        ("library-missing", "", "libodd-2.so.7", {"add": {"apt": ("libodd-2-7",)}}),
        ("library-missing", "", "", None),
        ("program-missing", "", "ffmpeg", {"add": {"apt": ("ffmpeg",)}}),
        ("program-missing", "", "nobody", None),
        ("module-missing", "", "yaml", {"add": {"needs": ("yaml",)}}),
        ("module-missing", "", "", {"set": {"fix": True}}),
        ("file-missing", "", "data/a.csv", {"add": {"include": ("data/a.csv",)}}),
        ("file-missing", "", "/data/a.csv", None),
        (
            "apt-package-missing",
            "step [a 1/2] failed: the distribution of the base image has no package libfoo",
            "",
            {"remove": {"apt": ("libfoo",)}},
        ),
        ("compiler-missing", "", "", {"set": {"single_stage": False}}),
        ("network-needed", "", "", {"set": {"network": "bridge"}}),
        ("no-space", "", "", None),
    ],
)
def test_fixes(code: str, message: str, wanted: str, fix: Any) -> None:
    """What is known to help is a change of options; what only the user can know is none."""
    made = suggest(
        Failure(code=code, message=message),
        wanted,
        libraries={"libGL.so.1": "libgl1"},
        programs={"ffmpeg": ("ffmpeg",)},
    )
    assert made == (Fix(label=made.label, **fix) if made and fix else fix)
