"""The file of a job's events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nb2image.jobs.log import MAX_LINE, LogReader, LogWriter, parse


def output(text: str) -> bytes:
    return json.dumps({"kind": "output-line", "stage": "build", "line": text}).encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def test_events_are_numbered_from_one(path: Path) -> None:
    """Every event has its number and its time; a blank line is none."""
    writer = LogWriter(path)
    writer.write([output("a"), b"", output("b")], 10.0)
    writer.write([output("c")], 11.0)
    with LogReader(path) as reader:
        found = [(e.seq, e.at, e.event["line"]) for e in reader.entries(10)]
    assert found == [(1, 10.0, "a"), (2, 10.0, "b"), (3, 11.0, "c")]


def test_a_reader_goes_on_after_any_event(path: Path) -> None:
    """Two readers see the same, from where each wants, while the log grows."""
    writer = LogWriter(path)
    writer.write([output(str(n)) for n in range(1, 6)], 0.0)
    with LogReader(path, after=3) as late, LogReader(path) as early:
        assert [e.seq for e in early.entries(2)] == [1, 2]
        assert [e.seq for e in late.entries(100)] == [4, 5]
        writer.write([output("more")], 1.0)
        assert [e.seq for e in late.entries(100)] == [6]
        assert [e.seq for e in early.entries(100)] == [3, 4, 5, 6]


def test_half_a_line_is_left_until_it_is_whole(path: Path) -> None:
    """A reader that meets the writer in the middle of a line gets it once, whole."""
    writer = LogWriter(path)
    writer.write([output("one"), output("two")], 0.0)
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    with LogReader(path) as reader:
        assert [e.seq for e in reader.entries(10)] == [1]
        with path.open("ab") as file:
            file.write(whole[-7:])
        assert [e.seq for e in reader.entries(10)] == [2]


def test_a_log_that_is_not_there_is_empty(path: Path) -> None:
    """A job that waits has no log yet; the reader finds it later."""
    with LogReader(path) as reader:
        assert reader.entries(10) == []
        LogWriter(path).write([output("a")], 0.0)
        assert len(reader.entries(10)) == 1


def test_a_full_log_keeps_what_is_no_output(path: Path) -> None:
    """Beyond its size a log drops output, says so once, and still takes stages and the error."""
    writer = LogWriter(path, max_bytes=300)
    for _ in range(10):
        writer.write([output("x" * 100)], 0.0)
    writer.write([b'{"kind":"error","code":"c","message":"m"}'], 0.0)
    with LogReader(path) as reader:
        kinds = [e.event["kind"] for e in reader.entries(100)]
    assert kinds == ["output-line", "output-line", "truncated", "error"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"Traceback (most recent call last):", "Traceback (most recent call last):"),
        (b"[1, 2]", "[1, 2]"),
        (b'{"kind": 3}', '{"kind": 3}'),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"y" * (MAX_LINE + 9), "y" * MAX_LINE),
    ],
)
def test_what_is_no_event_is_text(line: bytes, text: str) -> None:
    """A command's own breakdown is in the log too, cut where it is too long."""
    assert parse(line) == {"kind": "text", "line": text}
