"""The Build page in a browser: what is typed is kept, every part can be read by everybody."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.running import Server, settle, violations

CELLS = (
    ("code", "alpha = 0.5  # how much", ["parameters"]),
    ("markdown", "# Some *text*", []),
    ("code", "%time print('<b>hello</b>', alpha)", []),
)
TABS = ("Packages", "train.py", "Dockerfile", "Size", "Notebook")
GROUPS = ("Packages", "Files", "What runs", "Proof", "More about the image")
NEW_CONTEXT = Callable[..., BrowserContext]


@pytest.fixture
def notebook(server: Server) -> Path:
    """A notebook below the start folder that needs nothing of an index."""
    path = server.start / "plain.ipynb"
    cells = [
        {"cell_type": kind, "id": f"c{n}", "source": source, "metadata": {"tags": tags}}
        | ({"outputs": [], "execution_count": n} if kind == "code" else {})
        for n, (kind, source, tags) in enumerate(CELLS)
    ]
    info = {"name": "python", "version": "3.11.7"}
    content = {
        "nbformat": 4, "nbformat_minor": 5, "metadata": {"language_info": info}, "cells": cells,
    }  # fmt: skip
    path.write_text(json.dumps(content))
    return path


def open_notebook(page: Page, server: Server, notebook: Path, more: str = "") -> None:
    """Open the notebook and wait for its plan."""
    page.goto(f"{server.base}/?notebook={notebook.name}{more}")
    settle(page)
    expect(page.get_by_text("Made for")).to_be_visible(timeout=60_000)
    settle(page)


def command(page: Page) -> str:
    """The command that the page shows."""
    return page.get_by_test_id("stCode").first.inner_text().strip()


def test_an_untouched_form_says_nothing(page: Page, server: Server, notebook: Path) -> None:
    """What the plan tells of the automatic choices is not taken for a choice."""
    open_notebook(page, server, notebook)
    page.get_by_text("One stage: shorter Dockerfile").click()
    expect(page.get_by_test_id("stCode").first).to_contain_text("--single-stage")
    assert command(page) == "nb2image convert --single-stage plain.ipynb"


def test_what_is_typed_survives_a_reload(page: Page, server: Server, notebook: Path) -> None:
    """A version and a name typed in, a cell left out: all stand in the command and the address."""
    open_notebook(page, server, notebook)
    box = page.get_by_role("textbox", name="Name of the image")
    box.fill("me/plain:1")
    box.press("Enter")
    python = page.get_by_role("combobox", name="Python")
    python.fill("3.12")
    python.press("Enter")
    expect(page.get_by_test_id("stCode").first).to_contain_text("--python 3.12")
    page.get_by_text("What runs", exact=True).click()
    cells = page.get_by_role("textbox", name="Cells to leave out")
    cells.fill("2")
    cells.press("Enter")
    wanted = "nb2image convert --tag me/plain:1 --python 3.12 --skip-cells 2 plain.ipynb"
    expect(page.get_by_test_id("stCode").first).to_have_text(wanted)
    page.reload()
    settle(page)
    expect(page.get_by_test_id("stCode").first).to_have_text(wanted)


def test_a_wrong_value_is_named_beside_its_field(
    page: Page, server: Server, notebook: Path
) -> None:
    """And the button waits for it."""
    open_notebook(page, server, notebook)
    box = page.get_by_role("textbox", name="Name of the image")
    box.fill("Not A Name")
    box.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("is not the name of an image")
    expect(page.get_by_role("button", name="Build the image")).to_be_disabled()


def test_a_link_with_a_fix(page: Page, server: Server, notebook: Path) -> None:
    """The form has the change, and says so."""
    open_notebook(page, server, notebook, "&fix=network-needed")
    expect(page.get_by_text("Changed for you")).to_be_visible()
    assert "--network bridge" in command(page)


def test_a_notebooks_text_is_no_markup(page: Page, server: Server, notebook: Path) -> None:
    """The comparison shows what stands in the cell."""
    open_notebook(page, server, notebook)
    page.get_by_role("tab", name="train.py").click()
    table = page.get_by_role("region", name="The notebook beside train.py")
    expect(table).to_contain_text("print('<b>hello</b>', alpha)")
    assert table.locator("b").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_part_is_accessible(
    scheme: str, server: Server, notebook: Path, new_context: NEW_CONTEXT
) -> None:
    """axe finds nothing in any tab, with the whole form open and filled in."""
    page = new_context(color_scheme=scheme).new_page()
    server.enter(page)
    options = "--python 3.12 --apt git --env A=b --until 3 --constraint 'numpy<2'"
    open_notebook(page, server, notebook, f"&options={options}")
    for group in GROUPS:
        page.get_by_test_id("stExpander").filter(has_text=group).locator("summary").first.click()
    found = {}
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        settle(page)
        page.wait_for_timeout(400)  # elements fade in: half-faded ones lack contrast
        found[tab] = violations(page)
    assert found == {tab: [] for tab in TABS}


def test_a_phone(server: Server, notebook: Path, new_context: NEW_CONTEXT) -> None:
    """Nothing is wider than a narrow screen; what is wide scrolls inside itself."""
    page = new_context(viewport={"width": 360, "height": 740}).new_page()
    server.enter(page)
    open_notebook(page, server, notebook)
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, tab
