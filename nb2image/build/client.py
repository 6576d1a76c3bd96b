"""Finds a docker command line that speaks BuildKit: the SDK cannot (docker/docker-py#2230)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nb2image.errors import EngineError
from nb2image.process import Runner

RAWJSON_SINCE = (0, 13)
"""buildx v0.13.0 brought ``--progress=rawjson`` (its release notes)."""
OWN_BUILDKIT = ((18, 9), (23, 0))
"""Docker clients from 18.09 until before 23.0 carry BuildKit themselves; later ones need buildx."""
ASK_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A docker command line and the way in which it builds."""

    path: str
    version: str
    buildx: str = ""
    """The version of its buildx plugin, ``0.13.1``; empty when it has none."""

    @property
    def rawjson(self) -> bool:
        """Whether it can report progress as JSON."""
        return numbers(self.buildx) >= RAWJSON_SINCE

    @property
    def command(self) -> tuple[str, ...]:
        """The start of a build command."""
        progress = "--progress=rawjson" if self.rawjson else "--progress=plain"
        if self.buildx:
            # --load: a builder of the user's own may keep the image to itself otherwise
            return (self.path, "buildx", "build", progress, "--load")
        return (self.path, "build", progress)


def find_client(run: Runner, environ: Mapping[str, str]) -> Client:
    """The first docker on PATH that can build with BuildKit.

    Raises EngineError that names what was found when none can.
    """
    found = []
    for path in candidates(environ.get("PATH", "")):
        client = ask(path, run, environ)
        if client is None:
            found.append(f"{path} (does not answer as Docker)")
            continue
        if client.buildx or OWN_BUILDKIT[0] <= numbers(client.version) < OWN_BUILDKIT[1]:
            return client
        found.append(f"{client.path} ({client.version}, without buildx)")
    if found:
        raise EngineError(
            f"no docker command here can build with BuildKit: {'; '.join(found)}",
            code="buildkit-missing",
            hint="install the buildx plugin (Debian, Ubuntu: sudo apt install docker-buildx; "
            "Docker's own packages: docker-buildx-plugin)",
        )
    raise EngineError(
        "the docker command is not on PATH",
        code="docker-command-missing",
        hint="install Docker's command line (Debian, Ubuntu: sudo apt install docker.io, "
        "on newer releases docker-cli docker-buildx)",
    )


def candidates(search: str) -> Iterator[str]:
    """Every docker program on a PATH, the same file once."""
    seen = set()
    for folder in search.split(os.pathsep):
        path = shutil.which("docker", path=folder) if folder else None
        if path and (real := Path(path).resolve()) not in seen:
            seen.add(real)
            yield path


def ask(path: str, run: Runner, environ: Mapping[str, str]) -> Client | None:
    """What this docker is; None when it does not answer as one (podman-docker, a broken link)."""
    try:
        version = run([path, "--version"], env=environ, timeout=ASK_SECONDS)
        buildx = run([path, "buildx", "version"], env=environ, timeout=ASK_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return None
    named = re.search(r"^Docker version (\d[\w.+~-]*)", version.stdout, re.MULTILINE)
    if version.status or named is None:
        return None
    plugin = re.search(r"buildx v?(\d+\.\d+[\w.-]*)", buildx.stdout) if not buildx.status else None
    return Client(path=path, version=named[1], buildx=plugin[1] if plugin else "")


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: ``(20, 10, 24)`` of ``20.10.24+dfsg1``."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(n) for n in found[0].split(".")) if found else ()
