"""Debian's signature, verified by the real programs that a machine may have."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from typing import Any

import pytest

from nb2image.build.embedded.debian.mirrors import machine_mirrors
from nb2image.build.embedded.debian.release import MAX_RELEASE, Verifier
from nb2image.build.embedded.http import Http
from nb2image.build.embedded.make import http_for_debian
from nb2image.errors import BuildError
from nb2image.network import read_network
from nb2image.process import Completed, run
from tests.engine import apt


@pytest.fixture(scope="module")
def release() -> bytes:
    """The signed file of a release, as the mirror has it."""
    http = http_for_debian(Http(read_network(os.environ)))
    return http.get(f"{machine_mirrors()[0]}/dists/bookworm/InRelease", limit=MAX_RELEASE)


@pytest.fixture(params=["gpgv", "sqv"])
def verifier(request: pytest.FixtureRequest) -> Verifier:
    """One that finds no other program than this."""
    if shutil.which(request.param) is None:
        apt.install(request.param)

    def only(argv: Sequence[str], **options: Any) -> Completed:
        if argv[0] != request.param:
            raise FileNotFoundError(argv[0])
        return run(argv, **options)

    return Verifier(run=only)


def test_debians_release_is_signed(verifier: Verifier, release: bytes) -> None:
    """What is given back is the signed part alone."""
    text = verifier.signed_text(release, "bookworm")
    assert text.startswith("Origin: Debian\n")
    assert "main/binary-amd64/Packages.xz" in text
    assert "PGP" not in text


def test_a_changed_release_is_refused(verifier: Verifier, release: bytes) -> None:
    """A hash altered, text before and behind the signed part, no signature."""
    at = release.index(b"main/binary-amd64/Packages.xz") - 20
    for changed in (
        release[:at] + bytes([release[at] ^ 1]) + release[at + 1 :],
        release.partition(b"-----BEGIN PGP SIGNATURE")[0],
        b"Origin: Debian\n",
    ):
        with pytest.raises(BuildError) as caught:
            verifier.signed_text(changed, "bookworm")
        assert caught.value.code == "debian-signature"


def test_text_around_the_signed_part_is_not_taken(verifier: Verifier, release: bytes) -> None:
    """It is refused, or left out."""
    for changed in (b"Origin: Evil\n\n" + release, release + b"\nOrigin: Evil\n"):
        try:
            text = verifier.signed_text(changed, "bookworm")
        except BuildError:
            continue
        assert "Evil" not in text
