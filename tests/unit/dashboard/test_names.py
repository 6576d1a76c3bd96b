"""What may be named as an image, and how builds are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.compare import names
from nb2image.model.history import HistoryEntry


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """A start folder with an archive in it, one outside, and a link to that."""
    folder = tmp_path / "start"
    folder.mkdir()
    (folder / "a.tar").touch()
    (folder / "ctx").mkdir()
    (tmp_path / "secret.tar").touch()
    (folder / "link").symlink_to(tmp_path / "secret.tar")
    return folder


@pytest.mark.parametrize(
    "name", ["a.tar", "./a.tar", "ctx", "tiny:cpu", "ghcr.io/me/x:1", "@12", "sha256:" + "0" * 64]
)
def test_what_can_be_compared(name: str, start: Path) -> None:
    """Files and folders below the start folder, images, builds of the history."""
    assert names.refused(name, start) == ""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../secret.tar", "outside"),
        ("ctx/../../secret.tar", "outside"),
        ("/etc/passwd", "outside"),
        ("link", "outside"),
        ("~/x.tar", "no such file"),
        ("b.tar", "no such file"),
        ("./nothing", "no such file"),
        ("--push", "no name"),
        ("", "no name"),
        ("a b", "no name"),
        ("a\x00b", "no name"),
        ("$(id)", "no name"),
        ("@x", "no name"),
        ("x" * 5000, "no name"),
    ],
)
def test_what_cannot(name: str, why: str, start: Path) -> None:
    """Nothing that is an option, lies elsewhere or leads there."""
    assert why in names.refused(name, start)


def entry(number: int, **more: object) -> HistoryEntry:
    values = {"at": "2026-01-02T03:04:05", "action": "build", "ok": True, "seconds": 1.0}
    return HistoryEntry(id=number, **(values | more))  # type: ignore[arg-type]


def test_builds_of_the_history() -> None:
    """Each image once, by its newest entry; what made no image is left out."""
    entries = [
        entry(4, reference="a:1", image_id="sha256:2", size=5_000_000),
        entry(3, reference="a:1", image_id="sha256:1", size=4_000_000),
        entry(2, reference="a:1", image_id="sha256:2", size=5_000_000),
        entry(1, reference="a:1", image_id="sha256:3", size=1, ok=False),
        entry(0, reference="a:1"),
    ]
    assert names.builds(entries) == {
        "@4": "a:1, 5.0 MB, build 4 of 2026-01-02 03:04",
        "@3": "a:1, 4.0 MB, build 3 of 2026-01-02 03:04",
    }


def test_short_names() -> None:
    """A build by its image and number, what was typed as it is."""
    assert names.short("@4", {"@4": "a:1, 5.0 MB, build 4"}) == "a:1 @4"
    assert names.short("b:1", {}) == "b:1"


def test_variants_that_are_there() -> None:
    """By the name that compare gives them, the newest build of each."""
    entries = [
        entry(4, reference="a:cpu", size=5),
        entry(3, reference="a:cpu", size=4),
        entry(2, reference="b:gpu", size=4),
        entry(1, reference="a:gpu", size=4, ok=False),
    ]
    found = names.variants_there("a", ("cpu", "gpu"), entries)
    assert {variant: found.id for variant, found in found.items()} == {"cpu": 4}


def test_columns_have_different_names() -> None:
    """Images of one name are numbered, and none is taken for a column of another kind."""
    assert names.labels(["a", "b", "a", "Name"]) == ("a", "b", "a (2)", "Name (2)")


def test_baseline_first() -> None:
    """The chosen one moves to the front, the others keep their order."""
    assert names.with_first("abc", 1) == (1, 0, 2)
