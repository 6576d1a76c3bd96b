"""A job as a stream of messages for one visitor: lines, steps and the end. No server in here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from dashboard import state
from nb2image.errors import HistoryError
from nb2image.jobs import FINISHED, Job, JobManager
from nb2image.jobs.expected import expected_stages, expected_total
from nb2image.jobs.log import LogReader
from nb2image.jobs.steps import Step, Steps
from nb2image.jobs.text import lines

STEPS_SECONDS = 0.2
"""The steps are told at most this often."""
BEAT_SECONDS = 5.0
"""A sign of life when nothing happens: who misses it knows that the connection is cut."""


class Stream:
    """Messages in the form of server-sent events. Raises KeyError when there is no such job."""

    def __init__(self, jobs: JobManager, job: str, *, after: int = 0) -> None:
        self.ended = False
        self._jobs = jobs
        self._job = jobs.job(job)
        self._after = after
        self._steps = Steps()
        self._told = ""
        self._told_at = 0.0
        self._sent_at = 0.0
        self._seen = -1
        self._reader: LogReader = jobs.reader(job)
        self._expected = expectation(jobs, self._job)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.__exit__()

    def more(self, limit: int) -> tuple[list[bytes], bool]:
        """What is to be sent now, and whether there is probably more to read at once."""
        now = time.time()
        # asked before the log is read: a job that is over then has its whole log there
        self._job = self._jobs.job(self._job.id)
        finished = self._job.state in FINISHED
        entries = self._reader.entries(limit)
        self._steps.follow(entries)
        messages = []
        new = [entry for entry in entries if entry.seq > self._after]
        if new:
            messages.append(message("lines", list(lines(new)), new[-1].seq))
        over = finished and not entries
        if over:
            self._steps.end(self._job.state, self._job.ended or self._steps.last)
        changed = (self._seen, self._told) != (self._steps.seq, self._job.state)
        if over or (changed and now - self._told_at >= STEPS_SECONDS):
            messages.append(message("steps", self._picture(now)))
            self._seen, self._told, self._told_at = self._steps.seq, self._job.state, now
        if over:
            messages.append(message("end", self._job.state))
            self.ended = True
        if messages:
            self._sent_at = now
        elif now - self._sent_at >= BEAT_SECONDS:
            self._sent_at = now
            messages.append(message("beat", now))
        return messages, len(entries) == limit

    def _picture(self, now: float) -> dict[str, Any]:
        return picture(self._job, self._steps.all(), self._expected, now)


def message(event: str, data: object, number: int | None = None) -> bytes:
    """One server-sent event; JSON holds no line end, so one line of data is enough."""
    head = f"id: {number}\n" if number is not None else ""
    return f"event: {event}\n{head}data: ".encode() + msgspec.json.encode(data) + b"\n\n"


def expectation(jobs: JobManager, job: Job) -> dict[str, float]:
    """Seconds expected for each stage, and under an empty name for the whole."""
    earlier = jobs.jobs()
    kept = state.history()
    try:
        entries = kept.entries(limit=200) if kept else ()
    except HistoryError:
        entries = ()
    return {**expected_stages(job, earlier), "": expected_total(job, earlier, entries)}


def picture(
    job: Job, steps: tuple[Step, ...], expected: Mapping[str, float], now: float
) -> dict[str, Any]:
    """The steps of a job at a moment, as the page draws them."""
    return {
        "state": job.state,
        "now": now,
        "started": job.started or job.created,
        "ended": job.ended,
        "expected": expected.get("", 0.0),
        "steps": [
            {
                "stage": step.stage,
                "name": step.title,
                "inner": bool(step.name),
                "state": step.state,
                "started": step.started,
                "seconds": step.seconds,
                "cached": step.cached,
                "detail": step.detail,
                "done": step.done,
                "size": step.size,
                "unit": step.unit,
                "expected": 0.0 if step.name else expected.get(step.stage, 0.0),
                "seq": step.at,
            }
            for step in steps
            if not step.name.startswith("[internal]")
        ],
    }
