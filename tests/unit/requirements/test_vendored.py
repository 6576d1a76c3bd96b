"""Locked files that only this host has: told from the index's, found again, brought along."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.http import Http
from nb2image.build.embedded.wheels.files import FileSource
from nb2image.model import LockedPackage
from nb2image.network import NetworkConfig
from nb2image.requirements.index.listing import IndexFile
from nb2image.requirements.index.vendored import find_vendored, vendored_only
from nb2image.requirements.target import Target
from nb2image.requirements.versions.lock import parse_pylock
from nb2image.requirements.versions.resolver import folder_states
from nb2image.requirements.versions.text import requirements_text
from tests.unit.requirements.fake_index import FakeIndex

TARGET = Target(python="3.11", platform="x86_64-manylinux_2_36")
WHEEL = "tool-2.0+cpu-py3-none-any.whl"
DIGEST = hashlib.sha256(b"bytes").hexdigest()
TOOL = LockedPackage(
    name="tool", version="2.0+cpu", hashes=(f"sha256:{DIGEST}",), wheel=WHEEL, vendored=WHEEL
)
PYLOCK = """
[[packages]]
name = "tool"
version = "2.0"
wheels = [
  { url = "%s/tool-2.0-cp311-none-any.whl", size = 7, hashes = { sha256 = "11" } },
  { url = "%s/tool-2.0-py3-none-any.whl", hashes = { sha256 = "22" } },
]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the locked wheel."""
    (tmp_path / WHEEL).write_bytes(b"bytes")
    return tmp_path


@pytest.mark.parametrize(
    ("first", "second", "vendored", "hashes"),
    [
        ("https://files.test", "https://files.test", False, 2),
        ("file:///srv", "https://files.test", True, 1),
        ("https://files.test", "file:///srv", False, 2),
    ],
)
def test_a_lock_names_a_file_of_this_host_without_its_folder(
    first: str, second: str, vendored: bool, hashes: int
) -> None:
    """The best file decides; where it is this host's, it alone may be installed."""
    (tool,) = parse_pylock(PYLOCK % (first, second), TARGET)
    assert tool.vendored == ("tool-2.0-cp311-none-any.whl" if vendored else "")
    assert len(tool.hashes) == hashes
    assert "/srv" not in repr(tool)


def test_an_sdist_of_this_host() -> None:
    """uv may write a path in place of an address."""
    text = '[[packages]]\nname = "a"\nsdist = {path = "/srv/a-1.tar.gz", hashes = {sha256 = "1"}}'
    (a,) = parse_pylock(text, TARGET)
    assert (a.wheel, a.vendored) == ("", "a-1.tar.gz")


def test_what_the_network_has_too_is_not_brought_along(folder: Path) -> None:
    """The same bytes decide, not the same name."""
    index = FakeIndex()
    network = NetworkConfig(find_links=(str(folder),))
    index.files["tool"] = [IndexFile(name=WHEEL, url="https://files.test/x", sha256="0" * 64)]
    (kept,) = vendored_only((TOOL,), index, network)
    assert (kept.vendored, kept.size) == (WHEEL, 5)
    index.files["tool"] = [IndexFile(name=WHEEL, url="https://files.test/x", sha256=DIGEST, size=9)]
    (freed,) = vendored_only((TOOL,), index, network)
    assert (freed.vendored, freed.size) == ("", 9)


@pytest.mark.parametrize("kind", ["folder", "folder-address", "page", "index", "main-index"])
def test_it_is_found_again_wherever_pip_looks(folder: Path, kind: str) -> None:
    """Find-links folders and pages, indexes on disk."""
    page = f'<a href="{WHEEL.replace("+", "%2B")}#sha256={DIGEST}">{WHEEL}</a>'
    (folder / "links.html").write_text(page)
    (folder / "simple/tool").mkdir(parents=True)
    (folder / "simple/tool/index.html").write_text(page.replace('href="', 'href="../../'))
    network = {
        "folder": NetworkConfig(find_links=(str(folder),)),
        "folder-address": NetworkConfig(find_links=(folder.as_uri(),)),
        "page": NetworkConfig(find_links=((folder / "links.html").as_uri(),)),
        "index": NetworkConfig(extra_index_urls=((folder / "simple").as_uri(),)),
        "main-index": NetworkConfig(index_url=(folder / "simple").as_uri()),
    }[kind]
    assert find_vendored((TOOL,), network) == {WHEEL: folder / WHEEL}


def test_another_file_of_the_same_name_is_not_it(folder: Path) -> None:
    """A page that tells another hash, and a name that is not there."""
    (folder / "links.html").write_text(f'<a href="{WHEEL}#sha256={"0" * 64}">{WHEEL}</a>')
    network = NetworkConfig(find_links=(str(folder / "links.html"), str(folder / "none")))
    assert find_vendored((TOOL,), network) == {}


def test_the_embedded_builder_takes_it_from_the_context(folder: Path, tmp_path: Path) -> None:
    """No index is asked, and nothing of this host's settings counts."""
    index = FakeIndex(down={"tool"})
    cache = BlobCache(root=tmp_path / "cache")
    source = FileSource(index=index, http=Http(NetworkConfig()), cache=cache, folder=folder)
    wheel = source.wheel(TOOL)
    assert (wheel.path.read_bytes(), wheel.sha256) == (b"bytes", DIGEST)
    for left in (b"", b"by"):  # of a file whose bytes a power cut took
        wheel.path.write_bytes(left)
        assert source.wheel(replace(TOOL, size=5)).path.read_bytes() == b"bytes"


def test_the_lock_says_where_it_comes_from() -> None:
    """A reader of requirements.txt knows which folder to keep."""
    text = requirements_text(
        packages=(TOOL,), direct=(), python="3.11", platform="x", versions="latest", as_of=""
    )
    assert f"wheels/{WHEEL}\ntool==2.0+cpu \\\n    --hash=sha256:" in text


def test_only_folders_that_are_named_count_for_a_resolution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel that is put into a configured folder counts at once; the current folder does not."""
    monkeypatch.chdir(tmp_path)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    before = folder_states(("", str(wheels), wheels.as_uri()))
    (tmp_path / "edited.ipynb").touch()
    assert folder_states(("", str(wheels), wheels.as_uri())) == before
    (wheels / "a-1-py3-none-any.whl").touch()
    assert len(folder_states(("", str(wheels), wheels.as_uri()))) == len(before) + 2
