"""A Docker engine and the client that drives it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


class NoEngineError(Exception):
    """There is no engine (or no base image for it) to be had; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine that answers."""

    host: str
    """Its address, as in DOCKER_HOST."""
    cli: str
    """Path of a docker client that builds with BuildKit."""
    owned: bool = False
    """Started by the tests: nothing in it belongs to anybody else."""

    def docker(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the client. Raises AssertionError, with what it printed, when it fails."""
        env = os.environ | {"DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "1"}
        done = subprocess.run([self.cli, *args], env=env, capture_output=True, text=True)
        if check and done.returncode:
            raise AssertionError(f"docker {' '.join(args)}: {done.stdout}{done.stderr}")
        return done


def answering() -> Engine | None:
    """The engine that the environment points at (DOCKER_HOST, docker context), if it answers."""
    cli = client()
    if cli is None or not _output(cli, "version", "--format", "{{.Server.Version}}"):
        return None
    host = _output(cli, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    return Engine(host=host, cli=cli)


def client() -> str | None:
    """The first docker client that can build with BuildKit.

    A client without the buildx plugin may come first on PATH and hide the distribution's.
    """
    for found in (shutil.which("docker"), "/usr/bin/docker"):
        if found and Path(found).exists() and _speaks_buildkit(found):
            return str(Path(found).resolve())
    return None


def _speaks_buildkit(cli: str) -> bool:
    """BuildKit is part of Docker's clients before 23.0; later ones need the buildx plugin."""
    version = re.match(r"Docker version (\d+)\.", _output(cli, "--version"))
    if version is None:  # podman, under the name of docker
        return False
    return int(version[1]) < 23 or _output(cli, "buildx", "version") != ""


def _output(*argv: str) -> str:
    """What a command prints, or nothing when it fails or its engine keeps it waiting."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        return ""
    return "" if done.returncode else done.stdout.strip()
