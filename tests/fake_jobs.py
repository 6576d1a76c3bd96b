"""Stands for the commands that jobs run: prints and ends when a test says so."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from nb2image.jobs import Job, JobManager, JobRequest
from nb2image.jobs.job import Process


class FakeChild:
    """A command that prints what a test says and ends when the test says."""

    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        self.events: IO[bytes] = io.FileIO(reading)
        self.process = Process(pid=0, started="never")
        self._ended = threading.Event()
        self._status = 0

    def say(self, *lines: bytes) -> None:
        os.write(self._writing, b"".join(line + b"\n" for line in lines))

    def tell(self, kind: str, **fields: Any) -> None:
        self.say(json.dumps({"kind": kind, **fields}).encode())

    def end(self, status: int = 0) -> None:
        self._status = status
        os.close(self._writing)
        self._ended.set()

    def wait(self) -> int:
        self._ended.wait()
        return self._status

    def stop(self) -> None:
        self.tell("error", code="interrupted", message="interrupted", exit_code=130)
        self.end(130)


class FakeLaunch:
    """Remembers what was asked for, and the children it made."""

    def __init__(self) -> None:
        self.requests: list[JobRequest] = []
        self.children: list[FakeChild] = []
        self.result = b""
        """What the next command prints as its result."""

    def __call__(
        self, request: JobRequest, *, job: str, result: Path, environ: Mapping[str, str]
    ) -> FakeChild:
        self.requests.append(request)
        result.write_bytes(self.result)
        child = FakeChild()
        self.children.append(child)
        return child


def wait_for(jobs: JobManager, job: str, *states: str) -> Job:
    """The job, as soon as it is in one of these states."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = jobs.job(job)
        if found.state in states:
            return found
        time.sleep(0.005)
    raise AssertionError(f"{job} is {jobs.job(job).state}, not one of {states}")
