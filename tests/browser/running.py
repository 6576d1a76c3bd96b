"""A server that runs, and what a visitor does with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

SETTLED = '[data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]'
STARTED_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """``nb2image dashboard`` in a process of its own."""

    start: Path
    state: Path
    port: int = field(default_factory=free_port)
    address: str = ""
    """With the token."""
    process: subprocess.Popen[str] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def begin(self) -> None:
        """Start it, and wait until it answers."""
        self.state.mkdir(parents=True, exist_ok=True)
        history = {"NB2IMAGE_HISTORY": str(self.state / "history.db")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.server", str(self.start), str(self.port)],
            env=os.environ | {"NB2IMAGE_STATE": str(self.state)} | history,
            stdout=subprocess.PIPE,
            stderr=(self.state / "server.log").open("a"),
            text=True,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        assert self.address, (self.state / "server.log").read_text()[-2000:]

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> float:
        """End it; the seconds that it took."""
        begun = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(sig)
            self.process.wait(STARTED_SECONDS)
        return time.monotonic() - begun

    def enter(self, page: Page) -> None:
        """Open the address with its token, as the terminal shows it."""
        page.goto(self.address)
        settle(page)

    def play(self, page: Page, lines: int, rate: float = 0, end: str = "done", **more: Any) -> str:
        """Start a job that prints so many lines at such a rate; its id."""
        return self.begin_job(page, arguments=["--play", str(lines), str(rate), end], **more)

    def cookie(self, page: Page) -> str:
        """The cookie of a visitor who was let in."""
        found = page.context.cookies(self.base)
        return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in found)

    @contextlib.contextmanager
    def watchers(
        self, cookie: str, job: str, count: int, seconds: float
    ) -> Iterator[subprocess.Popen[str]]:
        """So many watchers of a job for so long, from when all of them watch; see watchers.py."""
        argv = [self.base, cookie, job, str(count), str(seconds)]
        with subprocess.Popen(
            [sys.executable, "-m", "tests.browser.watchers", *argv],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
            process.stdout.read()

    def begin_job(self, page: Page, **fields: Any) -> str:
        """Start a job; its id."""
        asked = {"kind": "convert", "folder": str(self.start), "title": "a.ipynb", **fields}
        query = urllib.parse.urlencode({"request": json.dumps(asked)})
        answer = page.request.get(f"{self.base}/test/start?{query}")
        assert answer.ok, answer.text()
        return answer.text()

    def job(self, page: Page, job: str) -> dict[str, Any]:
        """What the server knows of a job."""
        found: dict[str, Any] = page.request.get(f"{self.base}/api/jobs/{job}").json()
        return found

    def watch(self, page: Page, job: str) -> None:
        """Open the job's page."""
        page.goto(f"{self.base}/watch?job={job}")
        page.locator(".log").wait_for()


def settle(page: Page) -> None:
    """Wait until the page has run and shows its heading."""
    page.locator(f"[data-testid=stApp]{SETTLED}").wait_for()
    page.get_by_role("heading", level=1).first.wait_for()
    expect(page.locator('[data-stale="true"]')).to_have_count(0)


def line_count(page: Page) -> int:
    """How many lines the log pane has."""
    return int(page.locator(".log").get_attribute("data-lines") or 0)


def wait_lines(page: Page, count: int, timeout: float = 20_000) -> None:
    """Wait until the log pane has at least so many lines."""
    page.wait_for_function(
        "n => [...document.querySelectorAll('*')].some(e => "
        "Number(e.shadowRoot?.querySelector('.log')?.dataset.lines ?? -1) >= n)",
        arg=count,
        timeout=timeout,
    )


def ended(page: Page, state: str) -> Locator:
    """The live part, once its job has ended so."""
    return page.locator(f'.live[data-ended="{state}"]')


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2 A and AA: rule, and the elements concerned."""
    options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')[:200]}"
        for rule in found
        for node in rule["nodes"]
    ]
