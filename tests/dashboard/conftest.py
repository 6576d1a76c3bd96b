"""A page with jobs of its own, that run no command unless a test makes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import state
from nb2image.jobs import JobManager
from tests.fake_jobs import FakeLaunch

ROOT = Path(__file__).resolve().parents[2]
OpenPage = Callable[..., AppTest]


@pytest.fixture
def launch() -> FakeLaunch:
    """What the pages start instead of commands."""
    return FakeLaunch()


@pytest.fixture
def jobs(tmp_path: Path, launch: FakeLaunch) -> JobManager:
    """The jobs of the server under test, whose start folder is ``tmp_path / "start"``."""
    manager = JobManager(tmp_path / "jobs", launch=launch)
    (tmp_path / "start").mkdir()
    plans = JobManager(tmp_path / "plans", launch=launch)
    state.configure(manager, plans=plans, start=tmp_path / "start", uploads=tmp_path / "uploads")
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
