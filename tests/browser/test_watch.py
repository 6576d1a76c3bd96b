"""The Watch page in a browser: a job that goes on whatever becomes of those who watch it."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import OpenServer
from tests.browser.cutting import Proxy
from tests.browser.running import (
    Server,
    ended,
    line_count,
    settle,
    violations,
    wait_lines,
)

HEAD = 14
"""Lines of a play before those that were asked for."""


def test_a_job_is_seen_to_its_end(page: Page, server: Server) -> None:
    """Steps with state, time and the cache; the page says so when it is done."""
    job = server.play(page, 250, 50)
    server.watch(page, job)
    expect(page.locator(".state")).to_have_text("running")
    expect(page.get_by_text("cached", exact=True)).to_be_visible()
    ended(page, "done").wait_for()
    expect(page.get_by_test_id("stAlert")).to_contain_text("Done")
    expect(page.locator(".state")).to_have_text("done")
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    assert line_count(page) == HEAD + 250 + 1
    expect(page).to_have_title(re.compile("^✓"))
    page.evaluate("document.title = 'nb2image'")  # as a rerun of Streamlit's does, at any moment
    expect(page).to_have_title(re.compile("^✓"))


def test_a_reload_and_a_second_tab_see_all(page: Page, server: Server) -> None:
    """Nothing is lost by a reload, nothing taken away by a second viewer; no line comes twice."""
    job = server.play(page, 120, 60)
    server.watch(page, job)
    wait_lines(page, 30)
    second = page.context.new_page()
    server.watch(second, job)
    page.reload()
    for viewer in (page, second):
        ended(viewer, "done").wait_for()
        assert line_count(viewer) == HEAD + 120 + 1


def test_a_closed_tab_does_not_end_a_job(page: Page, server: Server) -> None:
    """The job goes on without a page."""
    job = server.play(page, 60, 60)
    viewer = page.context.new_page()
    server.watch(viewer, job)
    wait_lines(viewer, 15)
    viewer.close()
    server.watch(page, job)
    ended(page, "done").wait_for()
    assert line_count(page) == HEAD + 60 + 1


def test_cancel_ends_a_job(page: Page, server: Server) -> None:
    """And another can be started then."""
    job = server.play(page, 10, 0, "wait")
    server.watch(page, job)
    wait_lines(page, 15)
    page.get_by_role("button", name="Cancel").click()
    ended(page, "cancelled").wait_for()
    expect(page.get_by_test_id("stAlert")).to_contain_text("Cancelled")
    assert server.job(page, job)["exit_code"] == 130
    server.watch(page, server.play(page, 5))
    ended(page, "done").wait_for()


def test_a_failure_leads_to_the_form_with_its_fix(page: Page, server: Server) -> None:
    """The cause stands above all, the button opens the form with the fix."""
    job = server.play(page, 20, 0, "fail", form={"notebook": "a.ipynb"})
    server.watch(page, job)
    alert = page.get_by_test_id("stAlert").first
    expect(alert).to_contain_text("needs a compiler")
    box = alert.bounding_box()
    assert box is not None
    assert box["y"] < 400
    page.get_by_role("button", name="First error").click()
    expect(page.locator(".row.here")).to_contain_text("no wheel for a-package")
    page.get_by_role("button", name="Build in several stages").click()
    page.wait_for_url(re.compile(rf"/(build)?\?.*job={job}"))
    assert "fix=1" in page.url


def test_a_long_log_opens_and_is_searched(page: Page, server: Server) -> None:
    """110,000 lines: opened, searched, filtered, with few rows in the document."""
    job = server.play(page, 110_000)
    deadline = time.monotonic() + 60
    while server.job(page, job)["state"] != "done" and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    server.watch(page, job)
    wait_lines(page, 110_000 + HEAD + 1)
    assert page.locator(".row").count() < 100
    expect(page.locator(".rows")).to_contain_text("build: 1.5 s")  # follows the end
    search = page.get_by_role("searchbox", name="Search in the log")
    search.fill("line 77777 ")
    expect(page.locator(".found")).to_have_text("1 of 1")
    expect(page.locator(".row.here")).to_contain_text("line 77777 ")
    page.get_by_label("Matches only").check()
    expect(page.locator(".row")).to_have_count(1)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    text = waiting.value.path().read_text()
    assert "line 109999 " in text
    assert text.count("\n") == 110_000 + HEAD + 1


def test_a_cut_connection_loses_no_line(page: Page, server: Server) -> None:
    """The page says that it is cut, and has every line once when it is back."""
    with Proxy(server.port) as proxy:
        near = server.base.replace(str(server.port), str(proxy.port))
        job = server.play(page, 300, 40)
        page.goto(f"{near}/watch?job={job}")
        wait_lines(page, 40)
        proxy.cut()
        expect(page.locator(".link")).to_contain_text("No answer from the server")
        proxy.mend()
        ended(page, "done").wait_for(timeout=30_000)
        expect(page.locator(".link")).to_be_hidden()
        assert line_count(page) == HEAD + 300 + 1


def test_twenty_watchers_see_the_same(page: Page, server: Server) -> None:
    """Every one gets every line, and a page beside them as well."""
    job = server.play(page, 160, 40)
    with server.watchers(server.cookie(page), job, 20, seconds=5) as watchers:
        server.watch(page, job)
        ended(page, "done").wait_for()
        assert watchers.stdout is not None
        counts = watchers.stdout.read().split()
    assert counts == [str(HEAD + 160 + 1)] * 20
    assert line_count(page) == HEAD + 160 + 1


def test_a_killed_server_is_told_and_its_job_lost(
    open_server: OpenServer, new_context: Callable[..., BrowserContext]
) -> None:
    """The open page says that nobody answers, and after a restart that the job is lost."""
    server = open_server()
    page = new_context().new_page()
    server.enter(page)
    job = server.play(page, 10_000, 50, "wait")
    server.watch(page, job)
    wait_lines(page, 15)
    server.stop(signal.SIGKILL)
    expect(page.locator(".link")).to_contain_text("No answer from the server")
    server.begin()
    ended(page, "lost").wait_for()
    expect(page.locator(".state")).to_have_text("lost")
    page.reload()
    expect(page.get_by_test_id("stAlert")).to_contain_text("The dashboard's server ended")


def test_a_server_that_is_told_to_stop_ends_its_jobs(
    open_server: OpenServer, new_context: Callable[..., BrowserContext]
) -> None:
    """With a page open, within seconds; the job is cancelled, not lost."""
    server = open_server()
    page = new_context().new_page()
    server.enter(page)
    job = server.play(page, 10, 0, "wait")
    server.watch(page, job)
    wait_lines(page, 15)
    assert server.stop() < 10
    server.begin()
    page.reload()
    expect(page.locator(".state")).to_have_text("cancelled")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_watching_is_accessible(
    scheme: str, server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    """axe finds nothing on a job that runs, is done, failed, or was cancelled."""
    page = new_context(color_scheme=scheme).new_page()
    server.enter(page)
    found = {}
    for end in ("wait", "done", "fail"):
        job = server.play(page, 30, 0, end, form={"notebook": "a.ipynb"})
        server.watch(page, job)
        wait_lines(page, 30)
        if end == "wait":
            found["running"] = checked(page)
            page.get_by_role("button", name="Cancel").click()
        state = {"wait": "cancelled", "fail": "failed"}.get(end, end)
        ended(page, state).wait_for()
        found[state] = checked(page)
    assert found == {"running": [], "cancelled": [], "done": [], "failed": []}


def checked(page: Page) -> list[str]:
    """The page's violations, once it has settled."""
    settle(page)
    page.wait_for_timeout(400)
    return violations(page)
