"""Both progress formats, as recorded from real builds, become the same events and failures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nb2image.build.plain import Plain, size
from nb2image.build.rawjson import RawJson, between
from nb2image.build.steps import Steps, position
from nb2image.events import Event, OutputLine, Progress, StageFinished, StageStarted

SAMPLES = Path(__file__).with_name("samples")
FORMATS: dict[str, Callable[[Steps], RawJson | Plain]] = {"rawjson": RawJson, "plain": Plain}


def replay(name: str, form: str) -> tuple[list[Event], Steps]:
    """Feed a recorded build to its parser."""
    events: list[Event] = []
    steps = Steps(events.append)
    parser = FORMATS[form](steps)
    for line in (SAMPLES / f"{name}.{form}").read_bytes().decode().split("\n"):
        parser.feed(line)
    return events, steps


def numbered(events: list[Event]) -> list[tuple[str, bool]]:
    """The build steps that finished, with whether they were cached, without FROM."""
    return sorted(
        (e.step, e.cached)
        for e in events
        if isinstance(e, StageFinished) and position(e.step)[0] and "FROM" not in e.step
    )


@pytest.mark.parametrize("form", FORMATS)
def test_fresh_build(form: str) -> None:
    """Each step begins before it ends, with its number, and tells its lines."""
    events, steps = replay("fresh", form)
    assert [step for step, _ in numbered(events)] == [
        "[build 2/3] RUN echo hello && echo oops >&2 && sleep 0.2 && printf 'no newline'",
        "[build 3/3] RUN dd if=/dev/zero of=/big bs=1M count=20",
        "[stage-1 2/4] COPY --from=build /big /big",
        "[stage-1 3/4] COPY a.txt /a.txt",
        "[stage-1 4/4] WORKDIR /app",
    ]
    started = [e for e in events if isinstance(e, StageStarted)]
    assert [(e.number, e.total) for e in started if "dd if" in e.step] == [(3, 3)]
    lines = [e.line for e in events if isinstance(e, OutputLine) and "hello" in e.step]
    assert sorted(lines) == ["hello", "no newline", "oops"]
    for finished in [e for e in events if isinstance(e, StageFinished)]:
        begun = next(e for e in started if e.step == finished.step)
        assert events.index(begun) < events.index(finished)
    assert sum(e.seconds for e in events if isinstance(e, StageFinished)) > 0.1
    assert any(isinstance(e, Progress) and e.done > 3_000_000 - 1 for e in events)
    assert steps.counted[0] == 6


@pytest.mark.parametrize("form", FORMATS)
def test_cached_build(form: str) -> None:
    """A step from the cache is finished as cached and takes no time."""
    events, steps = replay("cached", form)
    assert all(cached for _, cached in numbered(events))
    assert len(numbered(events)) == 5
    assert steps.counted[1] >= 5


@pytest.mark.parametrize("form", FORMATS)
def test_failed_step(form: str) -> None:
    """The step that failed is named, not the one that its failure cancelled; with its lines."""
    events, steps = replay("fail", form)
    failure = steps.failure
    assert failure.step.startswith("[a 2/2] RUN echo one")
    assert failure.message.endswith("exit code: 3")
    assert {"one", "two", "hundred", "red"} == set(failure.lines)
    assert "\x1b" not in "".join(e.line for e in events if isinstance(e, OutputLine))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("sample", "step", "message"),
    [
        ("nobase", "load metadata for docker.io/nosuch/image:9", "no such host"),
        ("copy", "[2/2] COPY missing.txt /x", '"/missing.txt" not found'),
        ("syntax", "", "parse error line 2: unknown instruction: RUNN"),
    ],
)
def test_other_failures(form: str, sample: str, step: str, message: str) -> None:
    """A base that cannot be pulled, a missing file, an unreadable Dockerfile."""
    failure = replay(sample, form)[1].failure
    assert step in failure.step
    assert message in failure.message


def test_rawjson_on_one_line() -> None:
    """Newer buildx writes an object a line: the events are the same."""
    text = (SAMPLES / "fail.rawjson").read_text()
    decoder, compact, rest = json.JSONDecoder(), [], text
    while rest.startswith("{"):
        message, end = decoder.raw_decode(rest)
        compact.append(json.dumps(message))
        rest = rest[end:].lstrip()
    events: list[Event] = []
    steps = Steps(events.append)
    parser = RawJson(steps)
    for line in [*compact, *rest.splitlines()]:
        parser.feed(line)
    assert events == replay("fail", "rawjson")[0]
    assert steps.failure == replay("fail", "rawjson")[1].failure


def test_printed_words_are_not_believed() -> None:
    """A line that a RUN prints is its output, even if it reads like BuildKit's own."""
    events: list[Event] = []
    steps = Steps(events.append)
    parser = Plain(steps)
    for line in ("#1 [1/1] RUN evil", "#1 sha256:00", "#1 0.1 DONE 9.9s", "#1 0.2 ERROR: no"):
        parser.feed(line)
    assert [e.line for e in events if isinstance(e, OutputLine)] == ["DONE 9.9s", "ERROR: no"]
    assert not any(isinstance(e, StageFinished) for e in events)
    assert steps.failure.step == ""


def test_a_pull_shows_its_bytes() -> None:
    """The layers of a pull are added up."""
    events: list[Event] = []
    parser = Plain(Steps(events.append))
    for line in (
        "#4 [1/2] FROM docker.io/library/python:3.11",
        "#4 sha256:aa 1.05MB / 29.13MB 0.2s",
        "#4 sha256:bb 2.00MB / 10.00MB 0.2s",
    ):
        parser.feed(line)
    last = [e for e in events if isinstance(e, Progress)][-1]
    assert (last.done, last.total) == (3_050_000, 39_130_000)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("[build 2/4] RUN x", (2, 4)),
        ("[2/4] RUN x", (2, 4)),
        ("[linux/arm64 build 2/4] RUN x", (2, 4)),
        ("[internal] load build context", (None, None)),
        ("exporting to image", (None, None)),
    ],
)
def test_position(name: str, expected: tuple[int | None, int | None]) -> None:
    """A step's number and total stand in its name's brackets."""
    assert position(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("222B", 222), ("3.00MB", 3_000_000), ("1.5kB", 1500), ("2GiB", 2 * 1024**3), ("x", 0)],
)
def test_size(text: str, expected: int) -> None:
    """Sizes in the plain format are decimal unless they say i."""
    assert size(text) == expected


def test_between_times() -> None:
    """Nanoseconds are read, a step that never began took no time."""
    begun, ended = "2026-11-20T10:42:27.648785127Z", "2026-11-20T10:42:29.148785127Z"
    assert between(begun, ended) == pytest.approx(1.5)
    assert between("2026-11-20T10:42:27Z", "2026-11-20T10:42:28.25Z") == pytest.approx(1.25)
    assert between(None, ended) == 0
