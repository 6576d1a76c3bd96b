"""The builder on a real engine: events, failures with their causes, and a way out."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nb2image.build.docker import DockerBuilder
from nb2image.build.interface import BuildRequest
from nb2image.errors import BuildError, EngineError, Nb2ImageError
from nb2image.events import Event, OutputLine, StageFinished, StageStarted
from nb2image.model import BuiltImage
from nb2image.network import NetworkConfig
from nb2image.process import run
from tests.engine.command import nb2image, started, write_notebook
from tests.engine.engine import Engine

SLEEP = str(10_000_000 + os.getpid())
"""Seconds that no other program sleeps."""


def build(
    folder: Path, dockerfile: str, tag: str, *, no_cache: bool = False
) -> tuple[BuiltImage, list[Event]]:
    """Build a folder with this Dockerfile."""
    (folder / "Dockerfile").write_text(dockerfile)
    events: list[Event] = []
    builder = DockerBuilder(run=run, environ=dict(os.environ), network=NetworkConfig())
    request = BuildRequest(context=folder, tag=tag, no_cache=no_cache)
    return builder.build(request, events.append), events


def test_steps_lines_and_cache(
    engine: Engine, base_image: str, image_name: Callable[[str], str], tmp_path: Path
) -> None:
    """A build tells its steps and lines and tags the image; a second one is cached."""
    tag = image_name("steps")
    dockerfile = f"FROM {base_image} AS first\nRUN echo of-the-step > /made && cat /made\n"
    dockerfile += f"FROM {base_image}\nCOPY --from=first /made /made\n"
    image, events = build(tmp_path, dockerfile, tag, no_cache=True)
    assert engine.docker("inspect", "--format={{.Id}}", tag).stdout.strip() == image.id
    assert image.reference == tag
    assert image.size > 50_000_000
    started = [e for e in events if isinstance(e, StageStarted) and "of-the-step" in e.step]
    assert [(e.number, e.total) for e in started] == [(2, 2)]
    assert "of-the-step" in [e.line for e in events if isinstance(e, OutputLine)]

    again, events = build(tmp_path, dockerfile, tag)
    assert again.id == image.id
    ended = [e for e in events if isinstance(e, StageFinished) and "of-the-step" in e.step]
    assert [e.cached for e in ended] == [True]
    assert again.cached_steps >= 2


@pytest.mark.parametrize(
    ("instruction", "kind", "code", "says"),
    [
        ("RUN echo last words && exit 3", BuildError, "build-step-failed", "exit code 3"),
        ("RUN dd if=/dev/zero of=/dev/full", EngineError, "no-space", "disk is full"),
        ("RUN no-such-program --now", BuildError, "build-step-failed", "exit code 127"),
        ("COPY not-there.csv /", BuildError, "file-missing", "not-there.csv"),
        ("RUNN true", BuildError, "dockerfile", "cannot be read"),
        (
            "RUN python -c \"import urllib.request as u; u.urlopen('http://nowhere.invalid')\"",
            BuildError,
            "network",
            "network was not reached",
        ),
    ],
)
def test_failures_are_explained(
    base_image: str,
    image_name: Callable[[str], str],
    tmp_path: Path,
    instruction: str,
    kind: type[Nb2ImageError],
    code: str,
    says: str,
) -> None:
    """A failed step is named, with its command, its last words and the cause."""
    with pytest.raises(kind) as caught:
        build(tmp_path, f"FROM {base_image}\n{instruction}\n", image_name("fails"))
    assert caught.value.code == code
    assert says in caught.value.message
    if instruction.startswith("RUN echo last"):
        assert "step [2/2]" in caught.value.message
        assert caught.value.details == (instruction, "last words")


def test_base_that_cannot_be_pulled(
    engine: Engine, image_name: Callable[[str], str], tmp_path: Path
) -> None:
    """A base image that nobody has is named."""
    with pytest.raises(BuildError) as caught:
        build(tmp_path, "FROM localhost:1/none:2\n", image_name("no-base"))
    assert caught.value.code == "base-image-unavailable"
    assert "localhost:1/none:2" in caught.value.message


def test_interrupt_cancels_the_build(
    engine: Engine, base_image: str, image_name: Callable[[str], str], tmp_path: Path
) -> None:
    """Ctrl-C ends the step on the engine too, leaves no image and exits 130."""
    write_notebook(tmp_path / "slow.ipynb", "print(1)")
    made = nb2image("convert", "slow.ipynb", "--no-build", "--output", "context", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    dockerfile = tmp_path / "context" / "Dockerfile"
    dockerfile.write_text(f"FROM {base_image}\nRUN echo begun && sleep {SLEEP}\n")
    tag = image_name("slow")
    with started("build", "context", "--tag", tag, cwd=tmp_path) as process:
        assert process.stderr is not None
        assert any("begun" in line for line in process.stderr if "RUN" not in line)
        assert becomes(True)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert becomes(False)
    assert engine.docker("images", "--quiet", tag).stdout == ""
    assert not list((tmp_path / "context").glob(".*nb2image-[!f]*"))


def becomes(wanted: bool) -> bool:
    """Whether the step of ``test_interrupt`` is at work, or not, within some seconds."""
    deadline = time.monotonic() + 10
    while sleeping() is not wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return sleeping() is wanted


def sleeping() -> bool:
    """Whether the step of ``test_interrupt`` is at work on this machine."""
    wanted = b"sleep\0" + SLEEP.encode() + b"\0"
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == wanted:
                return True
        except OSError:
            continue
    return False
