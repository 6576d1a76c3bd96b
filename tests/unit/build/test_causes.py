"""Failures of builds that are known get a cause in words and something to do."""

from __future__ import annotations

import pytest

from nb2image.build.causes import CAUSES, explain
from nb2image.build.steps import Failure
from nb2image.errors import BuildError, EngineError

INSTALL = "[build 2/4] RUN --mount=type=cache,target=/c uv pip install -r requirements.txt"


def test_the_header_that_is_missing_is_the_causes_subject() -> None:
    """Wherever the compiler's line stands: of the lines only the last are shown."""
    lines = ("x.c:1:10: fatal error: libxml/tree.h: No such file or directory", *["more"] * 40)
    error = explain(Failure(step=INSTALL, message="exit code: 1", lines=lines))
    assert (error.code, error.subject) == ("header-missing", "libxml/tree.h")
    assert not any("tree.h" in line for line in error.details)


@pytest.mark.parametrize(
    ("output", "code", "says"),
    [
        ("OSError: [Errno 28] No space left on device", "no-space", "disk is full"),
        ("error: Failed to extract: No space left on device (os error 28)", "no-space", "full"),
        (
            "failed to prepare x1y2: open /var/lib/docker/overlay2/k3/committed: no such file or "
            "directory",
            "build-cache-broken",
            "no longer has",
        ),
        ("parent snapshot sha256:ab does not exist: not found", "build-cache-broken", "cache"),
        ("error: Hash mismatch for `six==1.17.0`", "hash-mismatch", "other files"),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "hash-mismatch",
            "locked",
        ),
        ("invalid peer certificate: UnknownIssuer", "certificate", "TLS"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "certificate", "TLS"),
        ("HTTP status client error (401 Unauthorized) for url", "index-credentials", "refused"),
        ("E: Unable to locate package libfoo9", "apt-package-missing", "libfoo9"),
        ("E: Package 'libbar' has no installation candidate", "apt-package-missing", "libbar"),
        (
            "fatal error: hdf5.h: No such file or directory\ncommand '/usr/bin/gcc' failed",
            "header-missing",
            "hdf5.h",
        ),
        ("error: command 'gcc' failed: No such file or directory", "compiler-missing", "compiler"),
        (
            "error: [Errno 2] No such file or directory: 'x86_64-linux-gnu-gcc'",
            "compiler-missing",
            "compiler",
        ),
        ("error: command 'gcc' not found", "compiler-missing", "compiler"),
        ("  × Failed to build `psycopg2==2.9.9`", "package-build-failed", "psycopg2==2.9.9"),
        ("ERROR: Failed building wheel for lxml", "package-build-failed", "lxml"),
        ("Because torch has no wheels with a matching Python ABI tag", "no-wheel", "torch"),
        (
            "Because jax==0.1.2 has no wheels with a matching platform tag",
            "no-wheel",
            "jax",
        ),
        ("Temporary failure in name resolution", "network", "network"),
        ("error sending request for url", "network", "network"),
        ("dial tcp 10.0.0.1:443: i/o timeout", "network", "network"),
    ],
)
def test_known_causes(output: str, code: str, says: str) -> None:
    """The last lines of the step give the cause away."""
    failure = Failure(step=INSTALL, message="exit code: 1", lines=tuple(output.split("\n")))
    error = explain(failure)
    assert error.code == code
    assert says in error.message
    assert error.subject in output
    assert "step [build 2/4] failed" in error.message
    assert error.hint
    assert error.details[0] == "RUN uv pip install -r requirements.txt"
    assert error.details[-1] == output.split("\n")[-1]


def test_killed() -> None:
    """BuildKit's own message counts too: 137 is a kill."""
    error = explain(Failure(step=INSTALL, message="executor failed running [x]: exit code: 137"))
    assert error.code == "out-of-memory"


def test_full_disk_is_the_engines_fault() -> None:
    """A full disk ends with the engine's exit status, another cause with the build's."""
    full = explain(Failure(step="exporting to image", message="write x: no space left on device"))
    assert isinstance(full, EngineError)
    assert isinstance(explain(Failure(step=INSTALL, message="exit code: 2")), BuildError)


def test_unknown_cause_shows_the_last_lines() -> None:
    """Without a known cause: exit code, command, last lines."""
    lines = tuple(f"line {number}" for number in range(30))
    error = explain(Failure(step=INSTALL, message="did not complete: exit code: 9", lines=lines))
    assert error.message == "step [build 2/4] failed: exit code 9"
    assert error.details[1:] == lines[-12:]


@pytest.mark.parametrize(
    ("step", "name"),
    [
        ("[internal] load metadata for docker.io/library/python:3.11-slim", "python:3.11-slim"),
        ("[internal] load metadata for docker.io/me/base:1", "me/base:1"),
        ("[internal] load metadata for ghcr.io/me/base:1", "ghcr.io/me/base:1"),
    ],
)
def test_base_image(step: str, name: str) -> None:
    """A base image that cannot be had is named as the user wrote it."""
    error = explain(Failure(step=step, message="pull access denied"))
    assert error.code == "base-image-unavailable"
    assert f"base image {name} " in error.message
    assert error.details == ("pull access denied",)


def test_nothing_said() -> None:
    """A builder that dies without a word still gives a message."""
    assert "did not say why" in explain(Failure(step="", message="")).message


def test_codes_are_slugs() -> None:
    """Documentation and scripts refer to the codes: each stands for one cause."""
    codes = [known.code for known in CAUSES]
    assert len(set(codes)) == len(codes)
