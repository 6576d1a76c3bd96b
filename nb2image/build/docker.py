"""Builds with a Docker engine: BuildKit through the docker command, the SDK for the rest."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nb2image.build.causes import explain
from nb2image.build.client import Client, find_client
from nb2image.build.interface import BuildRequest
from nb2image.build.plain import Plain
from nb2image.build.rawjson import RawJson
from nb2image.build.secrets import BuildNetwork, build_network
from nb2image.build.steps import Steps
from nb2image.engine import EngineFacts, connect, engine_address, engine_facts, unreachable
from nb2image.errors import EngineError
from nb2image.events import Emit, Noticed
from nb2image.model import BuiltImage, BuiltLayer, Finding
from nb2image.network import NetworkConfig
from nb2image.process import Runner, Stream

if TYPE_CHECKING:
    import docker


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerBuilder:
    """A ``Builder`` on the Docker engine that the environment names.

    Events come from the thread that reads the builder's output, one at a time.
    """

    run: Runner
    environ: Mapping[str, str]
    network: NetworkConfig
    name: str = "docker"

    def build(self, request: BuildRequest, emit: Emit) -> BuiltImage:
        """Build the context and tag the image; see ``Builder``."""
        begun = time.monotonic()
        client = find_client(self.run, self.environ)
        with contextlib.closing(connect(self.environ)) as engine:
            facts = engine_facts(engine, self.environ)
            check_platform(facts, request, emit)
            steps = Steps(emit)
            with build_network(self.network) as network, id_file() as made:
                argv = build_command(client, request, network, made)
                self._run(argv, network, RawJson(steps) if client.rawjson else Plain(steps), steps)
                image = made.read_text().strip()
            size, layers = inspect_image(engine, image, self.environ)
        done, cached = steps.counted
        return BuiltImage(
            reference=request.tag,
            id=image,
            size=size,
            builder=self.name,
            seconds=time.monotonic() - begun,
            steps=done,
            cached_steps=cached,
            layers=layers,
        )

    def _run(
        self, argv: list[str], network: BuildNetwork, parser: RawJson | Plain, steps: Steps
    ) -> None:
        def read(stream: Stream, line: str) -> None:
            if stream == "stderr":
                parser.feed(line)

        # buildx adds a provenance record otherwise, which differs from build to build
        settings = {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
        environ = {**self.environ, **network.environ, **settings}
        done = self.run(argv, env=environ, on_line=read)
        if done.status == 0:
            return
        try:
            with contextlib.closing(connect(self.environ)):
                pass
        except EngineError as gone:
            raise EngineError(
                f"the engine at {engine_address(self.environ)} stopped in the middle of the build",
                code="engine-stopped",
                hint="start it (sudo systemctl start docker) and build again: finished steps "
                "are kept in its cache",
            ) from gone
        raise explain(steps.failure)


def build_command(
    client: Client, request: BuildRequest, network: BuildNetwork, id_path: Path
) -> list[str]:
    """The whole command line of a build."""
    context = str(request.context.resolve())
    argv = [*client.command, "--tag", request.tag, "--iidfile", str(id_path), *network.arguments]
    if request.platform:
        argv += ["--platform", request.platform]
    if request.created is not None:
        argv += ["--build-arg", f"SOURCE_DATE_EPOCH={request.created}"]
    if request.no_cache:
        argv.append("--no-cache")
    return [*argv, "--file", f"{context}/Dockerfile", context]


@contextlib.contextmanager
def id_file() -> Iterator[Path]:
    """Where the builder is to write the image's id."""
    with tempfile.TemporaryDirectory(prefix="nb2image-") as folder:
        yield Path(folder, "id")


def check_platform(facts: EngineFacts, request: BuildRequest, emit: Emit) -> None:
    """Refuse an engine that cannot make Linux images; say when it must emulate."""
    if facts.os != "linux":
        raise EngineError(
            f"the engine at {facts.address} makes {facts.os} images; Linux ones are needed",
            code="engine-not-linux",
            hint="switch Docker Desktop to Linux containers",
        )
    wanted = request.platform.partition("/")[2]
    if wanted and wanted != facts.arch:
        finding = Finding(
            severity="note",
            code="platform-emulated",
            message=f"the engine is {facts.arch}: RUN steps for {wanted} need emulation (QEMU) "
            "and take many times longer",
        )
        emit(Noticed(stage="build", finding=finding))


def inspect_image(
    engine: docker.DockerClient, image: str, environ: Mapping[str, str]
) -> tuple[int, tuple[BuiltLayer, ...]]:
    """The bytes of an image's layers, and each that is not empty.

    Raises EngineError when the engine has gone.
    """
    try:
        found = engine.images.get(image)
        steps = reversed(found.history())
        layers = (BuiltLayer(command=str(s["CreatedBy"]), size=int(s["Size"])) for s in steps)
        return int(found.attrs["Size"]), tuple(layer for layer in layers if layer.size)
    except Exception as error:  # requests' and urllib3's own come through as well
        raise unreachable(error, engine_address(environ)) from error
