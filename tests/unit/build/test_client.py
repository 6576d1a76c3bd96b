"""The docker command that builds: the first on PATH that speaks BuildKit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from nb2image.build.client import Client, find_client, numbers
from nb2image.errors import EngineError
from nb2image.process import Completed

V20 = "Docker version 20.10.24+dfsg1, build 297e128\n"
V28 = "Docker version 28.2.1, build 1\n"
BUILDX = "github.com/docker/buildx v0.13.1 788433953a\n"
DEBIAN_BUILDX = "github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3\n"
OLD_BUILDX = "github.com/docker/buildx v0.9.1 ed00243\n"


class Answers:
    """A runner for docker programs by folder: (``--version``, ``buildx version``)."""

    def __init__(self, answers: dict[str, tuple[str, str]]) -> None:
        self.answers = answers

    def __call__(self, argv: Sequence[str], **_: Any) -> Completed:
        version, buildx = self.answers[Path(argv[0]).parent.name]
        if version == "hangs":
            raise subprocess.TimeoutExpired(list(argv), 20)
        text = version if argv[1:] == ["--version"] else buildx
        return Completed(status=0 if text else 1, stdout=text, stderr="")


def path_with(tmp_path: Path, *names: str) -> dict[str, str]:
    """An environment whose PATH has folders of these names, each with a docker."""
    for name in names:
        program = tmp_path / name / "docker"
        program.parent.mkdir()
        program.write_text(name)
        program.chmod(0o755)
    return {"PATH": os.pathsep.join(str(tmp_path / name) for name in names)}


@pytest.mark.parametrize(
    ("answers", "chosen", "command"),
    [
        ({"a": (V20, "")}, "a", ["build", "--progress=plain"]),
        ({"a": (V28, BUILDX)}, "a", ["buildx", "build", "--progress=rawjson", "--load"]),
        ({"a": (V20, DEBIAN_BUILDX)}, "a", ["buildx", "build", "--progress=rawjson", "--load"]),
        ({"a": (V28, OLD_BUILDX)}, "a", ["buildx", "build", "--progress=plain", "--load"]),
        ({"a": (V28, ""), "b": (V20, "")}, "b", ["build", "--progress=plain"]),
        ({"a": ("podman version 5", ""), "b": (V20, "")}, "b", ["build", "--progress=plain"]),
        ({"a": ("hangs", ""), "b": (V20, "")}, "b", ["build", "--progress=plain"]),
    ],
)
def test_choice(
    tmp_path: Path, answers: dict[str, tuple[str, str]], chosen: str, command: list[str]
) -> None:
    """One that cannot build with BuildKit is passed over for the next on PATH."""
    client = find_client(Answers(answers), path_with(tmp_path, *answers))
    assert client.command == (str(tmp_path / chosen / "docker"), *command)


def test_none_can(tmp_path: Path) -> None:
    """The error names every docker that was found and what it lacks."""
    answers = {"a": (V28, ""), "b": ("podman version 5", "")}
    says = r"a/docker \(28\.2\.1, without buildx\); .*b/docker \(does not answer as Docker\)"
    with pytest.raises(EngineError, match=says) as caught:
        find_client(Answers(answers), path_with(tmp_path, *answers))
    assert caught.value.code == "buildkit-missing"
    assert "docker-buildx" in caught.value.hint


def test_no_docker_at_all(tmp_path: Path) -> None:
    """Without any docker program the hint says what to install."""
    with pytest.raises(EngineError) as caught:
        find_client(Answers({}), {"PATH": str(tmp_path)})
    assert caught.value.code == "docker-command-missing"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20.10.24+dfsg1", (20, 10, 24)), ("0.13.1+ds1", (0, 13, 1)), ("28", (28,)), ("", ())],
)
def test_numbers(text: str, expected: tuple[int, ...]) -> None:
    """Distributions put their own suffix behind a version."""
    assert numbers(text) == expected
    assert Client(path="", version="", buildx=text).rawjson == (expected >= (0, 13))
