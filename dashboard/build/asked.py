"""What the page asks nb2image: a plan with its forecast, and how this machine is.

Both are commands, run by the server's own manager of such jobs; an answer is kept for whoever
asks the same again. Nothing of it runs on a page's thread.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import msgspec

from nb2image.doctor import Check
from nb2image.jobs import Failure, JobManager, JobRequest
from nb2image.model import BuildPlan
from nb2image.model.forecast import Forecast, OtherKind

KEPT = 64
CHECKS_FRESH = 120.0
"""Seconds for which the state of this machine is believed."""
NO_ANSWER = Failure(
    code="error", message="nb2image gave no answer that can be read", hint="try again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What ``nb2image plan --forecast --json`` prints."""

    plan: BuildPlan
    forecast: Forecast | None = None
    other_kind: OtherKind | None = None
    """The same for a GPU, or for the CPU, where there is such an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How far a plan is."""

    state: Literal["pending", "done", "failed"]
    stage: str = ""
    """What is being done, while it is pending."""
    planned: Planned | None = None
    failure: Failure | None = None


class Asked:
    """The questions of all visitors and the jobs that answer them."""

    def __init__(self, jobs: JobManager) -> None:
        self.jobs = jobs
        self._lock = threading.Lock()
        self._numbers: OrderedDict[Hashable, str] = OrderedDict()
        self._checks: tuple[float, str] = (0.0, "")

    def plan(self, key: Hashable, request: JobRequest, *, again: bool = False) -> str:
        """The job that answers a question: one that was asked before, or a new one.

        What was cancelled is asked anew; what failed only when ``again`` is said.
        """
        with self._lock:
            number = self._numbers.get(key, "")
            if number and not self._worthless(number, again):
                self._numbers.move_to_end(key)
                return number
            self._numbers[key] = number = self.jobs.start(request).id
            while len(self._numbers) > KEPT:
                self._numbers.popitem(last=False)
            return number

    def _worthless(self, number: str, again: bool) -> bool:
        try:
            state = self.jobs.job(number).state
        except KeyError:
            return True
        return state in ("cancelled", "lost") or (again and state == "failed")

    def give_up(self, number: str) -> None:
        """The visitor asks something else now: an answer that is not there yet is not needed."""
        try:
            self.jobs.cancel(number)
        except KeyError:
            pass

    def answer(self, number: str) -> Answer:
        """How far the plan is."""
        try:
            job = self.jobs.job(number)
        except KeyError:
            return Answer(state="failed", failure=NO_ANSWER)
        if not job.finished:
            return Answer(state="pending", stage=self._stage(number))
        if job.state != "done":
            return Answer(state="failed", failure=job.failure or NO_ANSWER)
        planned = read_plan(self.jobs.result(number))
        if planned is None:
            return Answer(state="failed", failure=NO_ANSWER)
        return Answer(state="done", planned=planned)

    def _stage(self, number: str) -> str:
        steps = [step for step in self.jobs.steps(number).all() if step.state == "running"]
        return steps[-1].title if steps else ""

    def checks(self, folder: str, *, again: bool = False) -> tuple[Check, ...] | None:
        """What ``nb2image doctor`` said lately; None while it looks."""
        with self._lock:
            at, number = self._checks
            if not number or again or time.monotonic() - at > CHECKS_FRESH:
                number = self.jobs.start(JobRequest(kind="doctor", folder=folder)).id
                self._checks = time.monotonic(), number
        try:
            if not self.jobs.job(number).finished:
                return None
            found = self.jobs.result(number)
        except KeyError:
            return ()
        return read_checks(found)


@lru_cache(maxsize=16)
def read_plan(data: bytes) -> Planned | None:
    """The plan in what the command printed; None when it is none."""
    try:
        return msgspec.json.decode(data, type=Planned)
    except msgspec.DecodeError:
        return None


def read_checks(data: bytes) -> tuple[Check, ...]:
    """The checks in what the command printed; none when it cannot be read."""
    try:
        return msgspec.json.decode(data, type=tuple[Check, ...])
    except msgspec.DecodeError:
        return ()


_asked: list[Asked] = []


def asked(jobs: JobManager) -> Asked:
    """The one of this server."""
    if not _asked or _asked[0].jobs is not jobs:
        _asked[:] = [Asked(jobs)]
    return _asked[0]
