"""A page with jobs of its own, that run no command unless a test makes them."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import state
from nb2image.jobs import JobManager, JobRequest
from nb2image.jobs.job import Process

ROOT = Path(__file__).resolve().parents[2]
OpenPage = Callable[..., AppTest]


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

    def end(self, status: int = 0) -> None:
        self._status = status
        os.close(self._writing)
        self._ended.set()

    def wait(self) -> int:
        self._ended.wait()
        return self._status

    def stop(self) -> None:
        self.end(130)


class FakeLaunch:
    """Remembers what was asked for, and the children it made."""

    def __init__(self) -> None:
        self.requests: list[JobRequest] = []
        self.children: list[FakeChild] = []

    def __call__(
        self, request: JobRequest, *, job: str, result: Path, environ: Mapping[str, str]
    ) -> FakeChild:
        self.requests.append(request)
        child = FakeChild()
        self.children.append(child)
        return child


@pytest.fixture
def launch() -> FakeLaunch:
    """What the pages start instead of commands."""
    return FakeLaunch()


@pytest.fixture
def jobs(tmp_path: Path, launch: FakeLaunch) -> JobManager:
    """The jobs of the server under test, whose start folder is ``tmp_path / "start"``."""
    manager = JobManager(tmp_path / "jobs", launch=launch)
    (tmp_path / "start").mkdir()
    state.configure(manager, start=tmp_path / "start", uploads=tmp_path / "uploads")
    return manager


@pytest.fixture
def open_page(jobs: JobManager) -> OpenPage:
    """``open_page("watch", job=ID)`` opens a page with parameters in its address."""

    def open_it(name: str, **parameters: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=20)
        for key, value in parameters.items():
            app.query_params[key] = value
        if name != "build":
            app.switch_page(f"app_pages/{name}.py")
        return app.run()

    return open_it
