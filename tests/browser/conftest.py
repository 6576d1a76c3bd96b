"""A server, a browser, and a network with nobody else in it.

The engine is provided before the network is cut off: a Unix socket is reached from inside. So
this folder is run by itself: ``pytest tests/browser``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    expect,
    sync_playwright,
)

from tests.browser.isolate import cut_off
from tests.browser.running import Server
from tests.engine import apt, provision, stand_in
from tests.engine.engine import Engine, NoEngineError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OpenServer = Callable[..., Server]
PATIENCE = 20_000
"""Milliseconds that a click, or an expectation, waits for a page on a busy machine."""

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With others in one process these are left out: they cut its network off."""
    here = Path(__file__).parent
    ours = [item for item in items if item.path.is_relative_to(here)]
    if len(ours) == len(items):
        return
    reason = pytest.mark.skip(reason="run by themselves: pytest tests/browser")
    for item in ours:
        item.add_marker(reason)


@pytest.fixture(scope="session")
def found_engine() -> Iterator[Engine | str]:
    """An engine with the base image of Python 3.11, or the reason why there is none."""
    with ExitStack() as stack:
        try:
            engine = stack.enter_context(provision.engine())
            stack.enter_context(stand_in.provided(engine, "3.11", provision.cache_folder()))
        except NoEngineError as reason:
            yield str(reason)
        else:
            yield engine


@pytest.fixture
def engine(found_engine: Engine | str) -> Engine:
    """A Docker engine."""
    if isinstance(found_engine, Engine):
        return found_engine
    return missing("NB2IMAGE_REQUIRE_ENGINE", f"no Docker engine: {found_engine}")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium, the distribution's."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        try:
            apt.install("chromium")
        except NoEngineError as reason:
            missing("NB2IMAGE_REQUIRE_BROWSER", f"no browser: {reason}")
        found = shutil.which("chromium")
    return found or missing("NB2IMAGE_REQUIRE_BROWSER", "no browser in the package chromium")


@pytest.fixture(scope="session")
def alone(found_engine: Engine | str, chromium: str) -> bool:
    """Whether this process is now in a network of its own."""
    if isinstance(found_engine, Engine) and not found_engine.host.startswith("unix:"):
        return False
    return cut_off()


@pytest.fixture(scope="session")
def open_server(alone: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenServer]:
    """``open_server(start)`` starts a server; all are ended afterwards."""
    with ExitStack() as stack:

        def start(folder: Path | None = None) -> Server:
            where = tmp_path_factory.mktemp("server")
            start = folder or where / "start"
            start.mkdir(exist_ok=True)
            server = Server(start=start, state=where / "state")
            stack.callback(server.stop)
            server.begin()
            return server

        yield start


@pytest.fixture(scope="session")
def server(open_server: OpenServer) -> Server:
    """One server for all who do it no harm."""
    return open_server()


@pytest.fixture(scope="session")
def browser(alone: bool, chromium: str) -> Iterator[Browser]:
    """A Chromium without a window."""
    with sync_playwright() as playwright:
        try:
            # as root there is no sandbox; the pages are our own
            started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        except Error as error:
            missing("NB2IMAGE_REQUIRE_BROWSER", f"{chromium} does not start: {error.message[:300]}")
        yield started
        started.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Visitors: each has cookies of its own. No request leaves this machine unnoticed."""
    made: list[BrowserContext] = []
    outside: list[str] = []

    def new(**options: object) -> BrowserContext:
        settings = {"viewport": {"width": 1280, "height": 1000}, "reduced_motion": "reduce"}
        context = browser.new_context(**(settings | options))  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        context.on("request", lambda request: outside.append(request.url))
        made.append(context)
        return context

    yield new
    for context in made:
        context.close()
    strange = [
        url for url in outside if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))
    ]
    assert strange == []


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], server: Server) -> Page:
    """A visitor who was let in to the common server."""
    made = new_context().new_page()
    server.enter(made)
    return made


def missing(variable: str, reason: str) -> NoReturn:
    """Skip, or fail where it is required."""
    if os.environ.get(variable) == "1":
        pytest.fail(f"{variable}=1, but: {reason}")
    pytest.skip(reason)
