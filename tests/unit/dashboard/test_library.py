"""Which notebooks can be opened, and what becomes of an upload."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboard.build import library as module
from dashboard.build.library import Library
from nb2image.errors import NotebookError

NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": [],
             "execution_count": None, "id": "a"}
        ],
    }
).encode()  # fmt: skip


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A start folder with notebooks in it, and one beside it."""
    start = tmp_path / "start"
    for name in (
        "b.ipynb", "sub/a.ipynb", ".hidden/x.ipynb", "venv/y.ipynb", "env2/pyvenv.cfg",
        "env2/z.ipynb", "node_modules/n.ipynb", "notes.txt", "made/c.ipynb",
    ):  # fmt: skip
        file = start / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(NOTEBOOK)
    (start / "made" / module.MANIFEST).parent.mkdir(parents=True, exist_ok=True)
    (start / "made" / module.MANIFEST).write_text("")
    (tmp_path / "secret.ipynb").write_bytes(NOTEBOOK)
    (start / "link.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (start / "way").symlink_to(tmp_path)
    return Library(start=start.resolve(), uploads=(tmp_path / "uploads").resolve())


def test_the_list(library: Library) -> None:
    """No hidden folder, environment, made context or link that leads outside is in it."""
    assert library.names() == ("b.ipynb", "sub/a.ipynb")


def test_the_list_is_cut(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start folder with a hundred thousand notebooks does not hang the page."""
    monkeypatch.setattr(module, "MAX_NAMES", 1)
    assert library.names() == ("b.ipynb",)


@pytest.mark.parametrize("name", ["b.ipynb", "sub/a.ipynb", "sub/../b.ipynb"])
def test_a_path_below_the_start_folder(library: Library, name: str) -> None:
    """It is opened, and has a reference again."""
    path = library.path(name)
    assert path.read_bytes() == NOTEBOOK
    assert library.path(library.reference(path) or "") == path


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../secret.ipynb", "notebook-outside"),
        ("link.ipynb", "notebook-outside"),
        ("way/secret.ipynb", "notebook-outside"),
        ("/etc/passwd", "notebook-outside"),
        ("a\0b.ipynb", "notebook-outside"),
        ("sub", "notebook-missing"),
        ("none.ipynb", "notebook-missing"),
        ("notes.txt", "not-a-notebook"),
        ("upload:" + 32 * "0", "notebook-missing"),
        ("upload:../secret", "notebook-missing"),
    ],
)
def test_what_is_not_opened(library: Library, name: str, code: str) -> None:
    """What lies outside, is not there, or is no notebook."""
    with pytest.raises(NotebookError) as caught:
        library.path(name)
    assert caught.value.code == code


def test_a_file_outside_has_no_reference(library: Library, tmp_path: Path) -> None:
    """A job of another folder's dashboard cannot be opened here."""
    assert library.reference(tmp_path / "secret.ipynb") is None


def test_a_large_notebook(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused, on disk and as an upload."""
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    for attempt in (lambda: library.path("b.ipynb"), lambda: library.keep("a.ipynb", NOTEBOOK)):
        with pytest.raises(NotebookError) as caught:
            attempt()
        assert caught.value.code == "notebook-too-large"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Sales report 2025.ipynb", "sales-report-2025.ipynb"),
        ("../../etc/passwd.ipynb", "passwd.ipynb"),
        ("\u202e$(rm -rf).IPYNB", "rm-rf.ipynb"),
        (".ipynb.ipynb", "ipynb.ipynb"),
    ],
)
def test_an_upload(library: Library, name: str, file: str) -> None:
    """It is kept under a random name that no other visitor can guess, as a harmless file."""
    one, other = library.keep(name, NOTEBOOK), library.keep(name, NOTEBOOK)
    assert one != other
    path = library.path(one)
    assert (path.name, path.read_bytes()) == (file, NOTEBOOK)
    assert path.parent.parent == library.uploads
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert library.reference(path) == one
    assert library.argument(one) == str(path)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.ipynb", b"\x7fELF"),
        ("a.ipynb", b"{}"),
        ("a.exe", NOTEBOOK),
        ("a", NOTEBOOK),
        ("a.ipynb", NOTEBOOK.replace(b"x = 1", b"")),
    ],
)
def test_what_is_not_taken(library: Library, name: str, data: bytes) -> None:
    """An upload that is no Python notebook leaves nothing behind."""
    with pytest.raises(NotebookError):
        library.keep(name, data)
    assert not library.uploads.exists()


def test_old_uploads_go(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk does not fill up."""
    monkeypatch.setattr(module, "KEPT_BYTES", 2 * len(NOTEBOOK))
    kept = [library.keep("a.ipynb", NOTEBOOK) for _ in range(4)]
    assert len(list(library.uploads.glob("*/*"))) == 2
    assert library.path(kept[-1])
