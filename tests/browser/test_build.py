"""From a notebook to an image and its comparison, with a real engine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.running import Server, ended, settle
from tests.engine import session
from tests.engine.engine import Engine

BUILD_SECONDS = 240


def notebook(source: str, printed: str) -> str:
    """A notebook of one cell, saved with what it prints, made with Python 3.11."""
    cell = {
        "cell_type": "code", "id": "a", "metadata": {}, "execution_count": 1, "source": source,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": printed}],
    }  # fmt: skip
    info = {"name": "python", "version": "3.11.7"}
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {"language_info": info}, "cells": [cell]}
    )


@pytest.fixture
def tags(engine: Engine) -> Iterator[tuple[str, str]]:
    """Two names for images, which are removed afterwards."""
    names = (session.image_name("browser-one"), session.image_name("browser-two"))
    yield names
    for name in names:
        engine.docker("rmi", "--force", name, check=False)


def build(page: Page, tag: str) -> None:
    """Fill in the name, build, and watch to the end."""
    box = page.get_by_role("textbox", name="Name of the image")
    box.fill(tag)
    box.press("Enter")
    page.wait_for_url(re.compile(f"options=.*{re.escape(quote(tag, safe=''))}"))
    settle(page)
    page.get_by_role("button", name="Build the image").click(timeout=60_000)
    ended(page, "done").wait_for(timeout=BUILD_SECONDS * 1000)
    expect(page.get_by_test_id("stAlert").first).to_contain_text(f"{tag} is built")


def test_a_notebook_is_uploaded_built_watched_and_compared(
    page: Page, server: Server, engine: Engine, tags: tuple[str, str], tmp_path: Path
) -> None:
    """Upload, form, build, watch; the same in one stage; both compared."""
    upload = tmp_path / "hello.ipynb"
    upload.write_text(notebook("print('hello')", "hello\n"))
    page.goto(server.base)
    settle(page)
    page.locator("input[type=file]").set_input_files(upload)
    settle(page)
    build(page, tags[0])
    expect(page.locator(".stMain")).to_contain_text("reproduced")
    page.get_by_role("button", name="Edit and build again").click()
    settle(page)
    page.get_by_text("One stage: shorter Dockerfile").click()
    settle(page)
    build(page, tags[1])
    page.goto(f"{server.base}/compare?image={tags[0]}&image={tags[1]}")
    settle(page)
    page.get_by_role("button", name="Compare", exact=True).click()
    totals = page.locator(".stMain")
    expect(totals).to_contain_text("Totals", timeout=60_000)
    for tag in tags:
        expect(totals).to_contain_text(tag)
