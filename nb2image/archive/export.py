"""Reads an image out of a Docker engine, as a stream: nothing is written on this side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nb2image.archive.blobs import Keep
from nb2image.archive.read import read_stream
from nb2image.archive.stream import from_chunks
from nb2image.engine import unreachable
from nb2image.errors import ArchiveError, EngineError
from nb2image.model.layer import StoredImage

if TYPE_CHECKING:
    import docker

CHUNK = 1 << 20


def export(engine: docker.DockerClient, reference: str, address: str, keep: Keep) -> StoredImage:
    """The image that the engine knows by ``reference``.

    Raises ArchiveError when it has none, EngineError when it stops answering.
    """
    found = inspect_image(engine, reference, address)
    if found is None:
        raise ArchiveError(
            f"the engine has no image {reference}, and there is no such file",
            code="image-missing",
            hint="see what it has: docker images; or pull it: docker pull NAME",
        )
    try:
        # by its id, so that the archive holds this image alone
        chunks: Iterator[bytes] = engine.api.get_image(found["Id"], chunk_size=CHUNK)
        image = read_stream(from_chunks(chunks, reference), keep=keep)
    except (ArchiveError, EngineError):
        raise
    except Exception as error:  # the SDK lets errors of requests and urllib3 through
        raise unreachable(error, address) from error
    return replace(image, reference=reference, id=found["Id"])


def layers_of(engine: docker.DockerClient, reference: str, address: str) -> tuple[str, ...]:
    """The diff ids of an image in the engine, lowest first; empty when it has no such image."""
    found = inspect_image(engine, reference, address) if reference else None
    return tuple(found["RootFS"].get("Layers") or ()) if found else ()


def inspect_image(
    engine: docker.DockerClient, reference: str, address: str
) -> dict[str, Any] | None:
    """What the engine says of an image; None when it has none of that name."""
    from docker.errors import APIError, ImageNotFound

    api: Any = engine.api  # the SDK's types leave this method out
    try:
        found: dict[str, Any] = api.inspect_image(reference)
    except ImageNotFound:
        return None
    except APIError as error:
        if error.status_code == 400:  # no reference at all
            return None
        raise EngineError(
            f"the engine cannot tell about {reference}: {error.explanation}",
            code="engine-refused",
            hint="see the engine's own log",
        ) from error
    except Exception as error:
        raise unreachable(error, address) from error
    return found
