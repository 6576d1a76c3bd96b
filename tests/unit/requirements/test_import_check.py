"""Reading what the check in the image reports, whatever imports print in between."""

from __future__ import annotations

import json

import pytest

from nb2image.events import OutputLine
from nb2image.model import Need, Place
from nb2image.requirements.import_check import Reports, read_reports

NEEDS = tuple(Need(module=m, place=Place(cell=n)) for n, m in enumerate(("a", "b", "c"), 1))


def heard(*lines: str) -> list[dict[str, object]]:
    reports = Reports(word="secret ")
    for line in lines:
        reports.hear(OutputLine(stage="run", line=line))
    return reports.lines


def said(**fields: object) -> str:
    return "secret " + json.dumps(fields)


def test_what_an_import_prints_is_no_report() -> None:
    """Only lines that begin with this run's secret word count, and only if they are JSON."""
    lines = ['{"need": 0, "error": "X"}', "secret not json", "secret [1]", "other secret {}"]
    assert heard(*lines) == []


def test_failures_and_the_import_that_ended_the_interpreter() -> None:
    """A failed module, a lacking name; the last one began and never ended."""
    lines = heard(
        said(need=0, begun=True),
        said(need=0, error="ImportError", message="no\nway", name="", importer="x", caller="y"),
        said(need=1, begun=True),
        said(need=1, error="ImportError", message="m", name="thing"),
        said(need=1, done=True),
        said(need=2, begun=True),
        said(need=9, error="ImportError"),
    )
    failures, begun = read_reports(lines, NEEDS)
    assert [(f.need.module, f.name, f.message) for f in failures] == [
        ("a", "", "no way"),
        ("b", "thing", "m"),
    ]
    assert (failures[0].importer, failures[0].caller) == ("x", "y")
    assert begun == 2


@pytest.mark.parametrize("ended", [said(need=0, done=True), said(need=0, error="E", name="")])
def test_an_import_that_ended_did_not_end_the_interpreter(ended: str) -> None:
    """Done, or failed as a module: nothing is left begun."""
    assert read_reports(heard(said(need=0, begun=True), ended), NEEDS)[1] is None
