"""Podman's progress and command lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nb2image.build.interface import BuildRequest
from nb2image.build.podman import PodmanBuilder
from nb2image.errors import BuildError, EngineError
from nb2image.events import Event, StageFinished, ignore
from nb2image.network import NetworkConfig
from nb2image.process import Completed

GOOD = """\
[1/2] STEP 1/2: FROM docker.io/library/python:3.11 AS dependencies
[1/2] STEP 2/2: RUN pip install x
Collecting x
--> 158fa7d12c1
[2/2] STEP 1/1: FROM docker.io/library/python:3.11
--> Using cache 6763450ac8ae
[2/2] COMMIT me/x:1
"""
BAD = """\
STEP 1/2: FROM docker.io/library/python:3.11
STEP 2/2: RUN pip install x
error: cannot compile x
Error: building at STEP "RUN pip install x": while running runtime: exit status 1
"""


class Podman:
    """Podman that prints what it is told to."""

    def __init__(self, said: str, status: int = 0) -> None:
        self.said = said
        self.status = status
        self.asked: list[list[str]] = []

    def __call__(self, argv: Sequence[str], *, on_line: Any = None, **_: Any) -> Completed:
        words = list(argv)
        self.asked.append(words)
        if words[1] == "build":
            for line in self.said.splitlines():
                on_line("stderr" if line.lower().startswith("error") else "stdout", line)
            Path(words[words.index("--iidfile") + 1]).write_text("sha256:" + "a" * 64)
        elif words[1] == "save":
            path = Path(words[words.index("--output") + 1])
            (path / "index.json" if path.is_dir() else path).write_bytes(b"archive")
        return Completed(status=self.status, stdout='[{"Size": 5000}]', stderr="")


def builder(run: Any, archive: Path) -> PodmanBuilder:
    """A builder on a machine without any network settings."""
    return PodmanBuilder(
        run=run,
        environ={},
        network=NetworkConfig(),
        archive=archive,
        scratch=archive.with_name("scratch"),
    )


def test_the_image_is_written_to_the_archive(tmp_path: Path) -> None:
    """Its steps are told, those from the cache as such; the plan's time is the image's."""
    podman = Podman(GOOD)
    events: list[Event] = []
    archive = tmp_path / "image.tar"
    request = BuildRequest(context=tmp_path, tag="me/x:1", created=1704067200)
    image = builder(podman, archive).build(request, events.append)
    assert archive.read_bytes() == b"archive"
    assert (image.file, image.size, image.steps, image.cached_steps) == (str(archive), 5000, 3, 1)
    build, save, _ = podman.asked
    assert build[build.index("--timestamp") + 1] == "1704067200"
    assert "--no-cache" in build
    assert save[:5] == ["podman", "save", "--quiet", "--format", "oci-archive"]
    finished = [e.step for e in events if isinstance(e, StageFinished)]
    assert finished[1] == "[stage-1 2/2] RUN pip install x"


def test_a_failed_step_is_told(tmp_path: Path) -> None:
    """With its command and its last lines; nothing is written."""
    request = BuildRequest(context=tmp_path, tag="me/x:1")
    with pytest.raises(BuildError) as caught:
        builder(Podman(BAD, status=1), tmp_path / "image.tar").build(request, ignore)
    assert "pip install x" in caught.value.message
    assert "error: cannot compile x" in caught.value.details
    assert not (tmp_path / "image.tar").exists()


def test_a_machine_without_podman(tmp_path: Path) -> None:
    """The error says how to get it."""

    def absent(*_: Any, **__: Any) -> Completed:
        raise FileNotFoundError("podman")

    with pytest.raises(EngineError) as caught:
        builder(absent, tmp_path / "image.tar").build(
            BuildRequest(context=tmp_path, tag="me/x:1"), ignore
        )
    assert caught.value.code == "podman-missing"


@pytest.mark.parametrize("kept", [True, False])
def test_it_is_pushed_from_what_podman_wrote(tmp_path: Path, kept: bool) -> None:
    """From the archive, or from a folder that is gone afterwards."""
    pushed: list[tuple[bool, str, str]] = []

    def push(path: Path, tag: str, platform: str, emit: object) -> None:
        pushed.append((path.exists(), tag, platform))

    archive = tmp_path / "image.tar" if kept else None
    made = replace(builder(Podman(GOOD), tmp_path / "image.tar"), archive=archive, push=push)
    request = BuildRequest(context=tmp_path, tag="r.test/x:1", platform="linux/arm64")
    image = made.build(request, ignore)
    assert pushed == [(True, "r.test/x:1", "linux/arm64")]
    assert image.pushed_only is not kept
    assert image.reference == (str(archive) if kept else "r.test/x:1")
    assert not any((tmp_path / "scratch").iterdir())


def test_what_podman_cannot_write_has_no_name(tmp_path: Path) -> None:
    """A full disk leaves no half archive."""

    class Full(Podman):
        def __call__(self, argv: Sequence[str], **given: Any) -> Completed:
            done = super().__call__(argv, **given)
            return replace(done, status=125) if list(argv)[1] == "save" else done

    with pytest.raises(BuildError, match="podman cannot write"):
        builder(Full(GOOD), tmp_path / "image.tar").build(
            BuildRequest(context=tmp_path, tag="me/x:1"), ignore
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch"]
