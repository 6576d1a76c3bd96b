"""Why a run failed is told in words that lead somewhere."""

from __future__ import annotations

import pytest

from nb2image.model import CellRun, Place, Raised, RunReport, Script
from nb2image.verify.causes import explain

SCRIPT = Script(
    name="train.py",
    text="a\nb\nc",
    lines=(None, Place(cell=4, line=1), Place(cell=4, line=2)),
    cells=(),
)

CASES = [
    ("ModuleNotFoundError", "No module named 'yaml.x'", "module-missing", "yaml.x"),
    (
        "ImportError",
        "Missing optional dependency 'openpyxl'. Use pip.",
        "module-missing",
        "openpyxl",
    ),
    ("ImportError", "lxml not found, please `pip install lxml`", "module-missing", "lxml"),
    (
        "ImportError",
        "libGL.so.1: cannot open shared object file: No such file or directory",
        "library-missing",
        "libGL.so.1",
    ),
    ("OSError", "libgomp.so.1: cannot open shared object file", "library-missing", "libgomp.so.1"),
    (
        "FileNotFoundError",
        "[Errno 2] No such file or directory: 'data/x.csv'",
        "file-missing",
        "data/x.csv",
    ),
    ("FileNotFoundError", "[Errno 2] No such file or directory: 'dot'", "program-missing", "dot"),
    (
        "URLError",
        "<urlopen error [Errno -3] Temporary failure in name resolution>",
        "network-needed",
        "",
    ),
    (
        "ConnectionError",
        "HTTPSConnectionPool(host='api.example.org', port=443): Max retries exceeded",
        "network-needed",
        "api.example.org",
    ),
    ("TclError", "no display name and no $DISPLAY environment variable", "display-needed", ""),
    ("RuntimeError", "No CUDA GPUs are available", "gpu-needed", ""),
    ("RuntimeError", "can't start new thread", "too-many-processes", ""),
    ("MemoryError", "", "out-of-memory", ""),
    ("PermissionError", "[Errno 13] Permission denied: '/x'", "not-permitted", ""),
    ("AttributeError", "module 'numpy' has no attribute 'float'", "api-changed", ""),
    ("ValueError", "bad shape", "exception", ""),
]


@pytest.mark.parametrize(("name", "value", "code", "wanted"), CASES)
def test_an_exception_has_a_cause(name: str, value: str, code: str, wanted: str) -> None:
    """Each kind of exception leads to its cause, the cell and its line, and what is missing."""
    raised = Raised(name=name, value=value, line=3)
    failure = explain(
        RunReport(image="x", exit_status=1, seconds=1.0),
        (CellRun(cell=0), CellRun(cell=4, raised=raised)),
        SCRIPT,
    )
    assert (failure.code, failure.wanted) == (code, wanted)
    assert (failure.cell, failure.line) == (4, 2)
    assert failure.message
    assert failure.hint or code == "exception"


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (RunReport(image="x", exit_status=130, seconds=9.0, timed_out=True), "timed-out"),
        (RunReport(image="x", exit_status=137, seconds=9.0, out_of_memory=True), "out-of-memory"),
        (
            RunReport(image="x", exit_status=1, seconds=9.0, printed_too_much=True),
            "printed-too-much",
        ),
        (RunReport(image="x", exit_status=139, seconds=9.0), "killed"),
        (RunReport(image="x", exit_status=3, seconds=9.0), "exit-status"),
    ],
)
def test_an_end_without_exception_has_a_cause(report: RunReport, code: str) -> None:
    """Limits, signals and statuses are told apart; the cell is the last that began."""
    failure = explain(report, (CellRun(cell=1, printed="x"), CellRun(cell=4)), SCRIPT)
    assert (failure.code, failure.cell) == (code, 4)


def test_a_gpu_that_is_not_there_has_a_cause() -> None:
    """The check in front of the script ended the run: no cell began."""
    said = "nb2image: this notebook needs a GPU, and none can be used: no GPU is handed to it\n"
    run = RunReport(image="x", exit_status=1, seconds=1.0)
    failure = explain(run, (CellRun(cell=0, warnings=said),), SCRIPT)
    assert (failure.code, failure.cell) == ("gpu-needed", None)
    assert failure.message == "it needs a GPU: no GPU is handed to it"
    assert "--gpus all" in failure.hint
