"""Loads an image into a Docker engine, sending only the layers that it does not have.

An archive for ``docker load`` may leave out layers that the engine holds in an image already, as
long as all below them are there too (moby/moby#18727). An engine with containerd's image store
wants every layer: it refuses, and is sent the whole archive then.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.documents import Image
from nb2image.build.embedded.layout import Content, blob_name, docker_manifest, tar_pieces
from nb2image.engine import connect, engine_address, unreachable
from nb2image.errors import BuildError, EngineError

if TYPE_CHECKING:
    import docker


def load(image: Image, tag: str, cache: BlobCache, environ: Mapping[str, str]) -> int:
    """Load the image under its tag; the number of layers that were sent.

    Raises EngineError when there is no engine, BuildError when it refuses the image.
    """
    with contextlib.closing(connect(environ)) as engine:
        try:
            there = shared_layers(image, tag, engine)
            for skipped in (there, 0) if there else (0,):
                refusal = send(image, tag, cache, engine, skipped)
                if not refusal and is_there(engine, image):
                    return len(image.layers) - skipped
        except OSError as error:  # requests' errors are OSErrors
            raise unreachable(error, engine_address(environ)) from error
    if "no space left" in refusal:
        raise EngineError(
            "the engine's disk is full",
            code="no-space",
            hint="see what fills it: docker system df",
        )
    raise BuildError(
        f"the engine does not take the image: {refusal or 'it is not there after loading'}",
        code="load-refused",
        hint="zstd layers need Docker 23 or newer: build with --compression gzip"
        if any(layer.media_type.endswith("zstd") for layer in image.layers)
        else "",
    )


def shared_layers(image: Image, tag: str, engine: docker.DockerClient) -> int:
    """How many of the lowest layers the engine has, in one image."""
    own = [layer.diff_id for layer in image.layers]
    longest = 0
    api: Any = engine.api
    for name in candidates(tag, api):
        with contextlib.suppress(Exception):  # it may go while we look
            layers = (api.inspect_image(name).get("RootFS") or {}).get("Layers") or []
            longest = max(longest, common(own, layers))
        if longest >= len(own) - 1:  # all but that of the code: no other has more worth asking for
            break
    return longest


def candidates(tag: str, api: Any) -> Iterator[str]:
    """The images that may share layers: the one of the tag first, which was of the same notebook.

    The others are listed only when they are asked for: each costs a request.
    """
    yield tag
    for known in api.images(all=False):
        yield known["Id"]


def common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the common beginning."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def send(
    image: Image, tag: str, cache: BlobCache, engine: docker.DockerClient, skipped: int
) -> str:
    """Send an archive without the lowest layers; the engine's refusal, empty when it took it."""
    from docker.errors import APIError

    api: Any = engine.api
    try:
        for line in api.load_image(archive(image, tag, cache, skipped), quiet=True):
            if "errorDetail" in line or "error" in line or "message" in line:
                return str(line.get("error") or line.get("message") or line)
    except APIError as error:
        return str(error.explanation or error)
    return ""


def archive(image: Image, tag: str, cache: BlobCache, skipped: int) -> Iterator[bytes]:
    """The archive for ``docker load``."""

    def files() -> Iterator[tuple[str, Content]]:
        yield "manifest.json", docker_manifest(image, tag, image.layers)
        yield blob_name(image.config.digest), image.config.data
        for layer in dict.fromkeys(image.layers[skipped:]):
            yield blob_name(layer.digest), cache.path(layer.digest)

    return tar_pieces(files())


def is_there(engine: docker.DockerClient, image: Image) -> bool:
    """Whether the engine has the image, by its config; under another id in containerd's store."""
    from docker.errors import ImageNotFound

    api: Any = engine.api
    for name in (image.config.digest, image.manifest.digest):
        with contextlib.suppress(ImageNotFound):
            api.inspect_image(name)
            return True
    return False
