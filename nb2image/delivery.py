"""Takes an image out of the engine: into a file, or to a registry."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nb2image.archive.export import CHUNK, inspect_image
from nb2image.engine import connect, engine_address, unreachable
from nb2image.errors import ArchiveError, BuildError, EngineError, OptionError
from nb2image.events import Emit, OutputLine, Progress, StageFinished, StageStarted
from nb2image.services import Services

if TYPE_CHECKING:
    import docker


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Where an image was brought."""

    image: str
    """As it was named."""
    image_id: str
    to: str
    """The file, or the name that the registry knows it by."""
    size: int | None = None
    """Bytes of the file."""
    digest: str = ""
    """What the registry calls it: ``sha256:…``."""
    seconds: float


def save(image: str, path: Path, services: Services, emit: Emit, *, force: bool) -> Delivered:
    """Write an image of the engine to a file that ``docker load`` reads, whole or not at all.

    Raises OptionError when the file is there and ``force`` is not given, or cannot be written;
    ArchiveError when there is no such image; EngineError.
    """
    if path.exists() and not force:
        raise OptionError(
            f"{path} is there already",
            code="output-exists",
            hint="name another file, or give --force to replace it",
        )
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with deliver(image, services, emit) as (engine, number, begun):
        size = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                for chunk in chunks(engine, image, services):
                    file.write(chunk)
                    size += len(chunk)
                    emit(Progress(stage="deliver", done=size, unit="bytes"))
            beside.replace(path)
        except OSError as error:
            raise OptionError(
                f"{path} cannot be written: {error.strerror or error}",
                code="output-unwritable",
                hint="name a file in a folder that can be written, with room for the image",
            ) from error
        finally:
            with contextlib.suppress(OSError):
                beside.unlink()
        seconds = time.monotonic() - begun
    return Delivered(image=image, image_id=number, to=str(path), size=size, seconds=seconds)


def push(image: str, services: Services, emit: Emit, *, tag: str = "") -> Delivered:
    """Push an image of the engine to the registry that its name, or ``tag``, says.

    With ``tag`` the image is given that name first. Credentials are those of the docker command
    line. Raises PlanError for what is no name, ArchiveError when there is no such image,
    BuildError when the registry refuses it, EngineError.
    """
    from docker.errors import APIError

    from nb2image.proof.stamp import parted

    name = tag or image
    repository, version = parted(name)
    with deliver(image, services, emit) as (engine, number, begun):
        api: Any = engine.api
        digest = ""
        try:
            if tag:
                api.tag(image, repository, version)
            for line in api.push(repository, version, stream=True, decode=True):
                refusal = line.get("error")
                if refusal:
                    raise refused(name, str(refusal))
                digest = (line.get("aux") or {}).get("Digest") or digest
                tell(line, emit)
        except APIError as error:
            raise refused(name, str(error.explanation or error)) from error
        except (BuildError, EngineError):
            raise
        except Exception as error:  # the SDK lets errors of requests and urllib3 through
            raise unreachable(error, engine_address(services.environ)) from error
        seconds = time.monotonic() - begun
    return Delivered(
        image=image, image_id=number, to=f"{repository}:{version}", digest=digest, seconds=seconds
    )


@contextlib.contextmanager
def deliver(
    image: str, services: Services, emit: Emit
) -> Iterator[tuple[docker.DockerClient, str, float]]:
    """The engine, the image's id and the time, within the stage. Raises ArchiveError."""
    with contextlib.closing(connect(services.environ)) as engine:
        found = inspect_image(engine, image, engine_address(services.environ))
        if found is None:
            raise ArchiveError(
                f"the engine has no image {image}",
                code="image-missing",
                hint="see what it has: docker images; an image in a file is pushed by "
                "nb2image build --push",
            )
        emit(StageStarted(stage="deliver"))
        begun = time.monotonic()
        yield engine, str(found["Id"]), begun
        emit(StageFinished(stage="deliver", seconds=time.monotonic() - begun))


def chunks(engine: docker.DockerClient, image: str, services: Services) -> Iterator[bytes]:
    """The image's archive, as the engine writes it: by its name, so that it keeps that."""
    try:
        yield from engine.api.get_image(image, chunk_size=CHUNK)
    except Exception as error:  # the SDK lets errors of requests and urllib3 through
        raise unreachable(error, engine_address(services.environ)) from error


def tell(line: dict[str, Any], emit: Emit) -> None:
    """What the engine says while it pushes: how far a layer is, or a state."""
    detail = line.get("progressDetail") or {}
    layer, status = str(line.get("id", "")), str(line.get("status", ""))
    if detail.get("current") is not None:
        done, total = int(detail["current"]), detail.get("total")
        emit(
            Progress(
                stage="deliver", step=f"push {layer}", done=done, total=total or None, unit="bytes"
            )
        )
    elif status:
        emit(OutputLine(stage="deliver", line=f"{layer}: {status}" if layer else status))


def refused(name: str, why: str) -> BuildError:
    """The error for a push that the registry or the engine did not allow."""
    denied = any(word in why.lower() for word in ("denied", "unauthorized", "authentication"))
    return BuildError(
        f"{name} cannot be pushed: {why}",
        code="push-denied" if denied else "push-failed",
        hint="log in first: docker login REGISTRY; and name the registry and your place there: "
        "--tag REGISTRY/NAME/IMAGE:VERSION"
        if denied
        else "see that the registry can be reached, and that the name is what it expects: "
        "--tag REGISTRY/NAME/IMAGE:VERSION",
    )
