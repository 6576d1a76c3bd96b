"""Saving and pushing: whole files or none, the registry's words, the name that is pushed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError, ImageNotFound

from nb2image import delivery
from nb2image.cli import main
from nb2image.errors import ArchiveError, BuildError, EngineError, OptionError, PlanError
from nb2image.events import Event, OutputLine, Progress
from nb2image.history.store import History
from nb2image.services import Services


class FakeApi:
    """The part of the engine that saving and pushing need: one image, ``a:1``."""

    def __init__(self) -> None:
        self.tagged: list[tuple[str, str, str]] = []
        self.said: list[dict[str, Any]] = []
        self.pushed: list[tuple[str, str]] = []
        self.broken = False

    def inspect_image(self, name: str) -> dict[str, Any]:
        if name != "a:1":
            raise ImageNotFound("no")
        return {"Id": "sha256:1"}

    def get_image(self, name: str, chunk_size: int) -> Iterator[bytes]:
        yield b"first"
        if self.broken:
            raise ConnectionResetError("gone")
        yield b"second"

    def tag(self, image: str, repository: str, tag: str) -> None:
        self.tagged.append((image, repository, tag))

    def push(self, repository: str, tag: str, **_: Any) -> Iterator[dict[str, Any]]:
        self.pushed.append((repository, tag))
        yield from self.said


class FakeEngine:
    """A client whose ``api`` is the fake one."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api

    def close(self) -> None: ...


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    api = FakeApi()
    monkeypatch.setattr(delivery, "connect", lambda environ: FakeEngine(api))
    monkeypatch.setattr(delivery, "engine_address", lambda environ: "unix:///sock")
    return api


def test_save(api: FakeApi, tmp_path: Path, own_history: Path) -> None:
    """The file holds what the engine gives, the history says where; none is replaced unasked."""
    path = tmp_path / "new" / "a.tar"
    argv = ["save", "a:1", "--output", str(path), "--quiet"]
    assert main(argv) == 0
    assert path.read_bytes() == b"firstsecond"
    assert main(argv) == 2
    assert main([*argv, "--force"]) == 0
    last, failed, first = History(own_history).entries()
    assert (first.action, first.reference, first.image_id) == ("save", "a:1", "sha256:1")
    assert first.message == f"to {path}"
    assert (failed.error, last.ok) == ("output-exists", True)


def test_save_leaves_nothing_half_made(api: FakeApi, tmp_path: Path) -> None:
    """When the engine goes away, the file that was there stays and none is added."""
    path = tmp_path / "a.tar"
    path.write_bytes(b"old")
    api.broken = True
    with pytest.raises(EngineError):
        delivery.save("a:1", path, Services(), lambda event: None, force=True)
    assert [file.name for file in tmp_path.iterdir()] == ["a.tar"]
    assert path.read_bytes() == b"old"


def test_save_where_nothing_can_be_written(api: FakeApi, tmp_path: Path) -> None:
    """A folder that is a file is an option's error."""
    (tmp_path / "file").touch()
    with pytest.raises(OptionError, match="cannot be written"):
        delivery.save(
            "a:1", tmp_path / "file" / "a.tar", Services(), lambda event: None, force=False
        )


def test_push(api: FakeApi) -> None:
    """The image gets the name it is pushed by; progress is told; the digest comes back."""
    api.said = [
        {"status": "The push refers to repository [r/a]"},
        {"status": "Pushing", "progressDetail": {"current": 5, "total": 9}, "id": "abc"},
        {"status": "Pushed", "progressDetail": {}, "id": "abc"},
        {"progressDetail": {}, "aux": {"Tag": "2", "Digest": "sha256:9", "Size": 5}},
    ]
    seen: list[Event] = []
    done = delivery.push("a:1", Services(), seen.append, tag="localhost:5000/r/a:2")
    assert api.tagged == [("a:1", "localhost:5000/r/a", "2")]
    assert api.pushed == [("localhost:5000/r/a", "2")]
    assert (done.to, done.digest) == ("localhost:5000/r/a:2", "sha256:9")
    assert [e.line for e in seen if isinstance(e, OutputLine)][1] == "abc: Pushed"
    (progress,) = (e for e in seen if isinstance(e, Progress))
    assert (progress.step, progress.done, progress.total) == ("push abc", 5, 9)


@pytest.mark.parametrize(
    ("why", "code"),
    [
        ("denied: requested access to the resource is denied", "push-denied"),
        ("unauthorized: authentication required", "push-denied"),
        ("Get https://x/v2/: dial tcp: lookup x: no such host", "push-failed"),
    ],
)
def test_push_that_is_refused(api: FakeApi, why: str, code: str) -> None:
    """What the registry says is passed on, with what to do."""
    api.said = [{"error": why, "errorDetail": {"message": why}}]
    with pytest.raises(BuildError, match=why.split(":")[0]) as caught:
        delivery.push("a:1", Services(), lambda event: None)
    assert caught.value.code == code
    assert "--tag" in caught.value.hint


def test_push_that_the_engine_refuses(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the engine's own is no less told."""

    def refuse(*_: Any, **__: Any) -> None:
        raise APIError("invalid reference")

    monkeypatch.setattr(api, "push", refuse)
    with pytest.raises(BuildError, match="invalid reference"):
        delivery.push("a:1", Services(), lambda event: None)


def test_unknown_image_or_name(api: FakeApi, tmp_path: Path) -> None:
    """An image that is not there, and what is no name, end before anything is done."""
    with pytest.raises(ArchiveError, match="no image b:1"):
        delivery.save("b:1", tmp_path / "b.tar", Services(), lambda event: None, force=False)
    with pytest.raises(PlanError):
        delivery.push("a:1", Services(), lambda event: None, tag="--all-tags")
    assert api.pushed == []
