"""A base from a registry that does not answer."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from nb2image.build.embedded.bases.pull import WITHOUT_REGISTRY, RegistryBase
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.http import Http
from nb2image.build.embedded.registry.credentials import Credentials
from nb2image.errors import BuildError
from nb2image.events import ignore
from nb2image.image.base import base_for
from nb2image.model import BaseImage
from nb2image.network import NetworkConfig
from nb2image.options import Options
from nb2image.process import run
from tests.unit.image.plans import plan


@pytest.mark.parametrize(
    ("base", "offered"),
    [
        (base_for("3.11"), True),
        (base_for("3.11", Options(base_image="registry.test/python:3.11-bookworm")), False),
    ],
)
def test_a_way_without_a_registry_is_offered(
    base: BaseImage, offered: bool, tmp_path: Path
) -> None:
    """Not for an image that the user named: nothing else is that image."""

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no such host")

    http = Http(NetworkConfig(), transport=httpx.MockTransport(silent), waits=())
    source = RegistryBase(
        http=http,
        credentials=Credentials(run=run, environ={}),
        cache=BlobCache(root=tmp_path),
        packages=None,  # type: ignore[arg-type]
    )
    with pytest.raises(BuildError) as caught:
        source.get(plan(base=base), "amd64", ignore)
    assert caught.value.code == "download-failed"
    assert (WITHOUT_REGISTRY in caught.value.hint) is offered
