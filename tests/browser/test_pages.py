"""Every page, in both themes: nothing that keeps anybody out, nothing from other hosts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.running import Server, settle, violations

PAGES = ["", "watch", "compare", "history"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(
    scheme: str, server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    """axe finds nothing against WCAG 2 A and AA on any page."""
    page = new_context(color_scheme=scheme).new_page()
    server.enter(page)
    found = {}
    for name in PAGES:
        page.goto(f"{server.base}/{name}")
        settle(page)
        page.wait_for_timeout(400)  # elements fade in: half-faded ones lack contrast
        found[name] = violations(page)
    assert found == {name: [] for name in PAGES}


def test_pages_fit_a_phone(server: Server, new_context: Callable[..., BrowserContext]) -> None:
    """No page is wider than a narrow screen."""
    page = new_context(viewport={"width": 360, "height": 740}).new_page()
    server.enter(page)
    for name in PAGES:
        page.goto(f"{server.base}/{name}")
        settle(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, name
