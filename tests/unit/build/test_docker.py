"""The Docker builder's command line and its ways to fail, with engine and client replaced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from nb2image.build import docker
from nb2image.build.client import Client
from nb2image.build.docker import DockerBuilder, build_command, check_platform
from nb2image.build.interface import BuildRequest
from nb2image.build.secrets import BuildNetwork
from nb2image.engine import EngineFacts
from nb2image.errors import BuildError, EngineError, Nb2ImageError
from nb2image.events import Event, Noticed
from nb2image.network import NetworkConfig
from nb2image.process import Completed

FACTS = EngineFacts(
    address="unix:///sock",
    product="Docker",
    version="20.10.24",
    api="1.41",
    os="linux",
    arch="amd64",
    rootless=False,
    root_folder="",
    runtimes=(),
    devices=(),
)
PLAIN = Client(path="/usr/bin/docker", version="20.10.24")


class Image:
    """What the engine tells of the image."""

    attrs = {"Size": 123}  # noqa: RUF012  a fake's fixed answer

    @staticmethod
    def history() -> list[dict[str, Any]]:
        """The topmost layer first, as the engine tells it."""
        return [
            {"CreatedBy": "COPY app /app", "Size": 3},
            {"CreatedBy": "USER app", "Size": 0},
            {"CreatedBy": "base", "Size": 120},
        ]


class Engine:
    """The part of the SDK's client that a build uses."""

    class images:
        """Every id is an image."""

        @staticmethod
        def get(name: str) -> Image:
            assert name == "sha256:made"
            return Image()

    def close(self) -> None:
        """Nothing to close."""


class FakeRunner:
    """Prints a recorded build and writes the id file as docker does."""

    def __init__(self, status: int, *lines: str) -> None:
        self.status = status
        self.lines = lines
        self.argv: list[str] = []
        self.env: dict[str, str] = {}

    def __call__(self, argv: Sequence[str], *, env: Any, on_line: Any, **_: Any) -> Completed:
        self.argv, self.env = list(argv), dict(env)
        for line in self.lines:
            on_line("stderr", line)
        if self.status == 0:
            Path(argv[list(argv).index("--iidfile") + 1]).write_text("sha256:made")
        return Completed(status=self.status, stdout="", stderr="")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that answers and a client without buildx."""
    monkeypatch.setattr(docker, "connect", lambda environ: Engine())
    monkeypatch.setattr(docker, "engine_facts", lambda engine, environ: FACTS)
    monkeypatch.setattr(docker, "find_client", lambda run, environ: PLAIN)


def build(runner: FakeRunner, folder: Path) -> Any:
    """Build with the fakes."""
    builder = DockerBuilder(run=runner, environ={"A": "1"}, network=NetworkConfig())
    events: list[Event] = []
    return builder.build(BuildRequest(context=folder, tag="me/x:1", created=7), events.append)


@pytest.mark.usefixtures("engine")
def test_whole_command_line(tmp_path: Path) -> None:
    """Everything is on the command line, and the environment asks for BuildKit."""
    runner = FakeRunner(0, "#1 [1/2] FROM x", "#1 CACHED", "#2 [2/2] RUN y", "#2 DONE 1.0s")
    image = build(runner, tmp_path)
    at = runner.argv.index("--iidfile")
    argv = runner.argv[:at] + runner.argv[at + 2 :]
    assert argv == [
        *("/usr/bin/docker", "build", "--progress=plain", "--tag", "me/x:1"),
        *("--build-arg", "SOURCE_DATE_EPOCH=7"),
        *("--file", f"{tmp_path}/Dockerfile", str(tmp_path)),
    ]
    assert runner.env == {"A": "1", "DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    assert (image.reference, image.id, image.size) == ("me/x:1", "sha256:made", 123)
    assert [(layer.command, layer.size) for layer in image.layers] == [
        ("base", 120),
        ("COPY app /app", 3),
    ]
    assert (image.steps, image.cached_steps, image.builder) == (2, 1, "docker")


def test_platform_and_cache_options(tmp_path: Path) -> None:
    """A folder whose name begins with a dash is no option, since its path is absolute."""
    folder = tmp_path / "-x"
    request = BuildRequest(context=folder, tag="x", platform="linux/arm64", no_cache=True)
    argv = build_command(PLAIN, request, BuildNetwork(arguments=("--network", "host")), tmp_path)
    assert argv[-8:] == [
        *("--network", "host", "--platform", "linux/arm64", "--no-cache"),
        *("--file", f"{folder}/Dockerfile", str(folder)),
    ]


@pytest.mark.usefixtures("engine")
def test_failed_step(tmp_path: Path) -> None:
    """The engine still answers: the failure is the step's."""
    runner = FakeRunner(1, "#2 [2/2] RUN y", "#2 sha256:00", "#2 0.1 oh", "#2 ERROR: exit code: 4")
    with pytest.raises(BuildError, match=r"step \[2/2\] failed: exit code 4") as caught:
        build(runner, tmp_path)
    assert caught.value.details == ("RUN y", "oh")


@pytest.mark.usefixtures("engine")
def test_engine_that_stops_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine does not answer any more: that is the failure, whatever the client says."""
    answers = [Engine()]

    def connect(environ: object) -> Engine:
        if not answers:
            raise EngineError("gone")
        return answers.pop()

    monkeypatch.setattr(docker, "connect", connect)
    runner = FakeRunner(1, "#2 [2/2] RUN y", "ERROR: rpc error: transport is closing")
    with pytest.raises(EngineError, match="stopped in the middle") as caught:
        build(runner, tmp_path)
    assert caught.value.code == "engine-stopped"


@pytest.mark.usefixtures("engine")
def test_nothing_is_left_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt passes, and what was laid out for the build is removed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def interrupt(argv: Sequence[str], **_: Any) -> Completed:
        assert list(tmp_path.iterdir())
        raise KeyboardInterrupt

    builder = DockerBuilder(
        run=interrupt, environ={}, network=NetworkConfig(index_url="https://a:b@x.example/")
    )
    with pytest.raises(KeyboardInterrupt):
        builder.build(BuildRequest(context=tmp_path, tag="x"), lambda event: None)
    assert not list(tmp_path.iterdir())


def test_platforms() -> None:
    """Emulation is said; an engine of Windows containers is refused."""
    events: list[Event] = []
    check_platform(FACTS, BuildRequest(context=Path(), tag="x"), events.append)
    assert events == []
    request = BuildRequest(context=Path(), tag="x", platform="linux/arm64")
    check_platform(FACTS, request, events.append)
    assert [e.finding.code for e in events if isinstance(e, Noticed)] == ["platform-emulated"]
    windows = EngineFacts(**{f: getattr(FACTS, f) for f in FACTS.__slots__} | {"os": "windows"})
    with pytest.raises(Nb2ImageError, match="Linux"):
        check_platform(windows, request, events.append)
