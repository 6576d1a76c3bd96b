"""The machine's own apt: what it can install, and where it takes Debian's packages from."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.engine.engine import NoEngineError

POLICY = Path("/usr/sbin/policy-rc.d")
"""Asked by every Debian package before it starts a service; 101 means no."""


def install(*names: str, where_known: tuple[str, ...] = ()) -> None:
    """Install packages without starting their services; ``where_known`` ones if apt has them.

    Raises NoEngineError when this user or this machine cannot.
    """
    if shutil.which("apt-get") is None:
        raise NoEngineError(f"{', '.join(names)} not there, and this is not Debian or Ubuntu")
    if os.geteuid() != 0:
        raise NoEngineError(f"{', '.join(names)} not there, and only root can install")
    _output("apt-get", "update", "-q")
    known = [name for name in where_known if _output("apt-cache", "search", "-n", f"^{name}$")]
    with _services_left_alone():
        _output("apt-get", "install", "-q", "-y", "--no-install-recommends", *names, *known)


def debian_sources(release: str) -> list[tuple[str, str, str]]:
    """The mirror, suite and component of each source of a Debian release, its main suite first.

    They are the machine's own sources with its release's name replaced by ``release``.
    Raises NoEngineError when the machine has no Debian sources (Ubuntu, say).
    """
    fields = "$(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)"
    listed = _output("apt-get", "indextargets", "--format", fields, "Created-By: Packages")
    found = re.findall(r"^Debian (\S+) ([a-z]+)(-\S+)? (\S+)$", listed, re.MULTILINE)
    if not found:
        raise NoEngineError("apt has no Debian sources here to make a base image from")
    found.sort(key=lambda source: (bool(source[2]), source[3] != "main"))
    return [(uri, release + pocket, component) for uri, _, pocket, component in found]


def transport_settings() -> str:
    """How this machine's apt reaches its mirrors (proxy, certificates, date checks)."""
    wanted = re.compile(r'^Acquire::(https?::|Check-|Retries|ForceIPv).* "[^"]', re.MULTILINE)
    lines = _output("apt-config", "dump", "Acquire").splitlines(keepends=True)
    return "".join(line for line in lines if wanted.match(line))


@contextlib.contextmanager
def _services_left_alone() -> Iterator[None]:
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _output(*argv: str) -> str:
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True)
    if done.returncode:
        raise NoEngineError(f"{' '.join(argv)}: {done.stderr.strip()[-800:]}")
    return done.stdout
