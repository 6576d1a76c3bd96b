"""The Compare and History pages in a browser: charts are drawn, told in words, in both themes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from nb2image.history.store import History
from nb2image.model import Report
from nb2image.model.history import HistoryEntry, HistoryPicture
from nb2image.model.verdict import CellVerdict, Compared, Verdict
from tests import images
from tests.browser.conftest import OpenServer
from tests.browser.running import Server, settle, violations
from tests.engine.command import write_notebook
from tests.engine.engine import Engine

COMPARED_SECONDS = 30
BUILT_SECONDS = 300
SITE = "opt/venv/lib/python3.11/site-packages"
NewContext = Callable[..., BrowserContext]


def package(name: str, size: int) -> list[tuple[str, bytes]]:
    """A package's file and the record that says so."""
    record = f"{name}/a.py,,\n".encode()
    return [(f"{SITE}/{name}/a.py", b"x" * size), (f"{SITE}/{name}-1.dist-info/RECORD", record)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A start folder with two images in files."""
    start = tmp_path_factory.mktemp("start")
    for name, size in (("small", 400_000), ("large", 900_000)):
        layers = [images.layer(*package("six", 100_000)), images.layer(*package("numpy", size))]
        (start / f"{name}.tar").write_bytes(images.docker_archive(layers))
    return start


@pytest.fixture(scope="module")
def archives(open_server: OpenServer, folder: Path) -> Server:
    """A server in that folder."""
    return open_server(folder)


TOLD = ("Sizes: small.tar", "Against small.tar", "made of the packages", "small.tar is made of")
"""What the charts say to those who do not see them."""


def told(page: Page, words: str) -> Locator:
    """The chart that says this; its buttons have its words as well."""
    return page.locator(f'[aria-label*="{words}"]:not(button)').first


def compare(page: Page, server: Server, *names: str) -> None:
    """Choose by the address and compare."""
    query = "&".join(f"image={name}" for name in names)
    page.goto(f"{server.base}/compare?{query}")
    settle(page)
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_role("heading", name="Take it away").wait_for(timeout=COMPARED_SECONDS * 1000)
    settle(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_two_images(scheme: str, archives: Server, new_context: NewContext) -> None:
    """Every chart is told in words; nothing keeps anybody out; the address brings it back."""
    page = new_context(color_scheme=scheme, viewport={"width": 1280, "height": 3000}).new_page()
    archives.enter(page)
    compare(page, archives, "small.tar", "large.tar")
    for words in TOLD:
        expect(told(page, words)).to_be_visible()
    page.wait_for_timeout(400)
    assert violations(page) == []
    page.get_by_role("tab", name="By layer").click()
    expect(told(page, "made of the layers")).to_be_visible()
    page.reload()
    settle(page)
    expect(page.get_by_role("region", name="Totals")).to_contain_text("+500.0 kB")


def test_downloads(archives: Server, new_context: NewContext) -> None:
    """The files are what their names say."""
    page = new_context(accept_downloads=True).new_page()
    archives.enter(page)
    compare(page, archives, "small.tar", "large.tar")
    starts = {"CSV": b"section,kind", "JSON": b'{"subjects"', "SVG": b"<svg", "PNG": b"\x89PNG"}
    for label, start in starts.items():
        with page.expect_download() as waiting:
            page.get_by_role("button", name=label, exact=True).click()
        assert waiting.value.path().read_bytes().startswith(start)


def test_comparison_fits_a_phone(archives: Server, new_context: NewContext) -> None:
    """No chart or table makes the page wider than a narrow screen."""
    page = new_context(viewport={"width": 360, "height": 740}).new_page()
    archives.enter(page)
    compare(page, archives, "small.tar", "large.tar")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_image_that_is_not_there(archives: Server, new_context: NewContext) -> None:
    """An unknown image ends in words, whether or not an engine answers."""
    page = new_context().new_page()
    archives.enter(page)
    page.goto(f"{archives.base}/compare?image=small.tar&image=nothing:here")
    settle(page)
    page.get_by_role("button", name="Compare", exact=True).click()
    alert = page.get_by_role("alert").first
    expect(alert).to_contain_text(re.compile("no image nothing:here|engine"), timeout=30_000)
    expect(page.get_by_text("What to do:")).to_be_visible()


def picture(colour: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (300, 200), colour).save(made, "PNG")
    return made.getvalue()


@pytest.fixture
def kept(archives: Server) -> History:
    """The server's history with two builds of a notebook, one of them with a verdict."""
    history = History(archives.state / "history.db")
    if history.entries():
        return history
    entry = HistoryEntry(
        at="2026-01-02T03:04:05.000+00:00", action="convert", notebook="/w/a.ipynb", ok=True,
        seconds=20.0, reference="a:1", image_id="sha256:1", size=100_000_000, steps=8,
        cached_steps=1, command=("convert", "a.ipynb"), cwd=str(archives.start),
    )  # fmt: skip
    diff = (Compared(part="printed", grade="differs", diff="-1.0\n+2.0"),)
    cells = (
        CellVerdict(cell=1, grade="same", seconds=0.2),
        CellVerdict(cell=2, grade="differs", why="a number", compared=diff),
    )
    report = Report(notebook="a.ipynb", verdict=Verdict(ran=True, exit_status=0, cells=cells))
    history.add(entry)
    history.add(
        entry,
        report=msgspec.json.encode(report).decode(),
        log="\n".join(f"line {number}" for number in range(5000)),
        pictures=[
            HistoryPicture(name="cell2-1-notebook.png", data=picture("#0b5cad")),
            HistoryPicture(name="cell2-1-run.png", data=picture("#b4540a")),
        ],
    )
    return history


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_history(scheme: str, archives: Server, kept: History, new_context: NewContext) -> None:
    """A notebook's trend, an entry with both figures, and back; in every state accessible."""
    page = new_context(color_scheme=scheme, viewport={"width": 1280, "height": 1800}).new_page()
    archives.enter(page)
    page.goto(f"{archives.base}/history?notebook=%2Fw%2Fa.ipynb")
    settle(page)
    expect(page.get_by_role("heading", name="Build time")).to_be_visible()
    for words in ("Sizes: 2 builds", "Times: 2 builds"):
        expect(told(page, words)).to_be_visible()
    page.wait_for_timeout(400)
    assert violations(page) == []
    page.goto(f"{archives.base}/history?entry=2")
    settle(page)
    for side in ("notebook", "run"):
        expect(page.get_by_role("img", name=f"Figure 1 of cell 2, {side}")).to_be_visible()
    page.wait_for_timeout(400)
    assert violations(page) == []
    page.get_by_role("tab", name="Log").click()
    page.get_by_label("Find in the log").fill("line 4999")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 lines")).to_be_visible()
    page.get_by_role("link", name="All entries").click()
    expect(page.get_by_role("heading", level=1, name="History")).to_be_visible()


def test_variants_are_built_and_compared(
    engine: Engine, open_server: OpenServer, new_context: NewContext, tmp_path: Path
) -> None:
    """From a notebook to two variants side by side, watched; the history has their builds.

    It needs no package: this process has no network to ask an index.
    """
    write_notebook(tmp_path / "browser-compare.ipynb", "print('hello')")
    server = open_server(tmp_path)
    page = new_context(viewport={"width": 1280, "height": 2400}).new_page()
    server.enter(page)
    page.goto(f"{server.base}/compare?notebook=browser-compare.ipynb")
    settle(page)
    page.get_by_role("tab", name="Variants of a notebook").click()
    try:
        page.get_by_role("button", name="Build and compare").click()
        expect(page.get_by_text("Comparing…")).to_be_visible()
        done = page.get_by_role("heading", name="Take it away")
        done.or_(page.get_by_role("alert")).first.wait_for(timeout=BUILT_SECONDS * 1000)
        settle(page)
        totals = page.get_by_role("region", name="Totals")
        expect(totals).to_contain_text("cpu-single")
        expect(totals).to_contain_text("build, warm")
        assert violations(page) == []
    finally:
        for variant in ("cpu", "cpu-single"):
            engine.docker("rmi", "--force", f"browser-compare:{variant}", check=False)
    entries = History(server.state / "history.db").entries()
    assert [entry.action for entry in entries] == ["build", "convert"] * 2
