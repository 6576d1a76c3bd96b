"""How quickly the dashboard answers, and what its server costs, each figure beside its goal.

    python -m benchmarks.dashboard [--rounds 5] [--only NAME ...]

A real server and a real Chromium, as the tests in tests/browser have them (as root in a network
of their own). Jobs are plays: they print what a build prints, at a rate that is known, and each
line holds the time at which it was printed. The goals are for a quiet machine with two cores;
the browser runs on the same ones. Ends with status 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.isolate import cut_off
from tests.browser.running import Server, settle, wait_lines

WATCH_ROWS = """() => {
  // when each line of a play came on the screen, beside the time that it was printed
  window.late = [];
  const find = (node) => node.querySelector?.('.rows')
    ?? [...node.querySelectorAll('*')].map((e) => e.shadowRoot && find(e.shadowRoot)).find(Boolean);
  const rows = find(document), seen = new Set();
  for (const row of rows.children) seen.add(/line (\\d+) at/.exec(row.textContent)?.[1]);
  new MutationObserver(() => {
    const now = Date.now() / 1000;
    for (const row of rows.children) {
      const [, number, at] = /line (\\d+) at ([\\d.]+)/.exec(row.textContent) ?? [];
      if (number && !seen.has(number)) { seen.add(number); window.late.push(now - Number(at)); }
    }
  }).observe(rows, { childList: true });
}"""


class Figures:
    """Figures beside their goals."""

    def __init__(self) -> None:
        self.missed = 0

    def add(self, name: str, value: float, goal: float, unit: str) -> None:
        met = value <= goal
        self.missed += not met
        mark = "" if met else "   MISSED"
        print(f"{name:58} {value:8.2f} {unit:5} goal ≤ {goal:6.2f}{mark}", flush=True)


def first_render(browser: Browser, server: Server, rounds: int, figures: Figures) -> None:
    """A browser that was never here, and one that was."""
    cold, warm = [], []
    for _ in range(rounds):
        context = browser.new_context()
        page = context.new_page()
        cold.append(timed(lambda page=page: server.enter(page)))
        warm.append(timed(lambda page=page: (page.goto(server.base), settle(page))))
        context.close()
    figures.add("first render, cold cache (median)", statistics.median(cold), 4.0, "s")
    figures.add("first render, warm (median)", statistics.median(warm), 1.0, "s")


def click_to_line(browser: Browser, server: Server, rounds: int, figures: Figures) -> None:
    """From the click on the Build page's button to the first line of its log on the screen."""
    page = visitor(browser, server)
    took = []
    for _ in range(rounds):
        page.goto(f"{server.base}/?notebook=hello.ipynb")
        settle(page)
        button = page.get_by_role("button", name="Build the image")
        button.wait_for(timeout=60_000)
        page.wait_for_timeout(500)
        begun = time.monotonic()
        button.click()
        page.locator(".row").first.wait_for()
        took.append(time.monotonic() - begun)
        job = page.url.partition("job=")[2].partition("&")[0]
        page.get_by_role("button", name="Cancel").click()
        while not server.job(page, job)["ended"]:
            page.wait_for_timeout(100)
    figures.add("click on Build to the first log line (median)", statistics.median(took), 0.6, "s")
    page.context.close()


def event_to_screen(browser: Browser, server: Server, rounds: int, figures: Figures) -> None:
    """From a line's printing to its drawing, at the pace of a build and of a noisy one."""
    page = visitor(browser, server)
    for rate in (20, 300):
        server.watch(page, server.play(page, rate * 10, rate))
        wait_lines(page, 10)
        page.evaluate(WATCH_ROWS)
        page.locator(".live[data-ended]").wait_for(timeout=60_000)
        late = page.evaluate("window.late")
        p95 = statistics.quantiles(late, n=20)[-1] * 1000
        figures.add(f"event to screen at {rate} lines/s (p95 of {len(late)})", p95, 150, "ms")
    page.context.close()


def long_log(browser: Browser, server: Server, rounds: int, figures: Figures) -> None:
    """A finished job with 110,000 lines, opened until the last is there."""
    page = visitor(browser, server)
    job = server.play(page, 110_000)
    while not server.job(page, job)["ended"]:
        page.wait_for_timeout(200)
    took = []
    for _ in range(rounds):
        page.goto("about:blank")
        begun = time.monotonic()
        page.goto(f"{server.base}/watch?job={job}")
        wait_lines(page, 110_000, timeout=120_000)
        took.append(time.monotonic() - begun)
    figures.add("110,000 log lines open (median)", statistics.median(took), 5.0, "s")
    page.context.close()


def many_watchers(browser: Browser, server: Server, rounds: int, figures: Figures) -> None:
    """The server's share of a core with 20 watchers of a job, and its memory with 50."""
    page = visitor(browser, server)
    job = server.play(page, 20_000, 20)
    cookie = server.cookie(page)
    page.context.close()
    for count in (20, 50):
        with server.watchers(cookie, job, count, seconds=11):
            used, begun = processor_seconds(server.pid), time.monotonic()
            time.sleep(10)
            share = (processor_seconds(server.pid) - used) / (time.monotonic() - begun)
            if count == 20:
                figures.add("20 watchers: the server's share of a core", share * 100, 40, "%")
            else:
                figures.add("50 watchers: the server's memory", resident(server.pid), 250, "MB")


def visitor(browser: Browser, server: Server) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
    server.enter(page)
    return page


def timed(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def processor_seconds(pid: int) -> float:
    """User and system time of a process; its children, the jobs, are not counted."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Megabytes of memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


FIGURES = {
    f.__name__.replace("_", "-"): f
    for f in (first_render, click_to_line, event_to_screen, long_log, many_watchers)
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=FIGURES, default=list(FIGURES))
    asked = parser.parse_args()
    figures = Figures()
    cut_off()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        start = Path(folder, "start")
        start.mkdir()
        (start / "hello.ipynb").write_text(NOTEBOOK)
        server = Server(start=start, state=Path(folder, "state"))
        begun = time.monotonic()
        server.begin()
        print(f"{'start until it answers':58} {time.monotonic() - begun:8.2f} s", flush=True)
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            for name in asked.only:
                FIGURES[name](browser, server, asked.rounds, figures)
        finally:
            browser.close()
            server.stop()
    print("\nall goals met" if not figures.missed else f"\n{figures.missed} goals missed")
    return min(figures.missed, 1)


NOTEBOOK = """{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"id": "a",
"cell_type": "code", "metadata": {}, "execution_count": 1, "source": "print('hello')",
"outputs": [{"output_type": "stream", "name": "stdout", "text": "hello\\n"}]}]}"""

if __name__ == "__main__":
    sys.exit(main())
