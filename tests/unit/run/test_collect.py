"""Which files of a stopped container are outputs, and where they go."""

from __future__ import annotations

import pytest

from nb2image.run.collect import archives, changed_below, destination, is_wanted


def test_changed_files_without_their_folders() -> None:
    """The engine lists the folders of changed files too; deleted files are no outputs."""
    changes = {
        "/app": 0,
        "/app/a.csv": 1,
        "/app/new": 1,
        "/app/new/b": 1,
        "/app/old": 2,
        "/apple": 1,
        "/tmp/c": 1,
    }
    assert changed_below("/app", changes) == {"/app/a.csv", "/app/new/b"}


def test_many_files_of_a_folder_are_read_at_once() -> None:
    """A request for each of a thousand files would take minutes."""
    many = {f"/app/d/{number}" for number in range(1000)}
    assert archives({"/outputs", "/app/x", *many}) == ["/outputs", "/app/x", "/app/d"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/outputs/a/b", "a/b"),
        ("/outputs", ""),
        ("/app/nb/model.pkl", "model.pkl"),
        ("/app/data/x.csv", "app/data/x.csv"),
        ("/app/nb2/x", "app/nb2/x"),
    ],
)
def test_destination(path: str, expected: str) -> None:
    """/outputs and the notebook's folder lose their prefix."""
    assert destination(path, "/app/nb") == expected


def test_wanted() -> None:
    """Of a folder that is read at once, only what changed."""
    wanted = {"/outputs", "/app/a"}
    assert is_wanted("/app/a", wanted)
    assert is_wanted("/outputs/x/y", wanted)
    assert not is_wanted("/app/b", wanted)
    assert not is_wanted("/outputsx", wanted)
