"""The logins for registries that docker and podman have: their config files and helpers."""

from __future__ import annotations

import base64
import binascii
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nb2image.process import Runner

DOCKER_HUB = "https://index.docker.io/v1/"
"""Docker's own key for its hub in config.json."""
HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
HELPER_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How to sign in at a registry."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    """An identity token, which is exchanged for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The logins of this user."""

    run: Runner
    environ: Mapping[str, str]

    def login(self, registry: str) -> Login | None:
        """The login for a registry (``host[:port]``); None to try without."""
        for path in self._files():
            config = read_config(path)
            found = self._helped(config, registry) or stored(config, registry)
            if found is not None:
                return found
        return None

    def _files(self) -> list[Path]:
        home = Path(self.environ.get("HOME") or "~").expanduser()
        docker = Path(self.environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
        runtime = self.environ.get("XDG_RUNTIME_DIR")
        podman = [Path(runtime) / "containers/auth.json"] if runtime else []
        config = Path(self.environ.get("XDG_CONFIG_HOME") or home / ".config")
        named = self.environ.get("REGISTRY_AUTH_FILE")
        return [
            *([Path(named)] if named else []),
            docker,
            *podman,
            config / "containers/auth.json",
        ]

    def _helped(self, config: Mapping[str, Any], registry: str) -> Login | None:
        """What a credential helper says (docker/docker-credential-helpers, ``get``)."""
        helpers = config.get("credHelpers")
        known = helpers if isinstance(helpers, Mapping) else {}
        named = next((known[key] for key in keys(registry) if key in known), None)
        name = named or config.get("credsStore")
        if not isinstance(name, str) or HELPER.fullmatch(name) is None:
            return None
        for server in keys(registry):
            try:
                done = self.run(
                    [f"docker-credential-{name}", "get"],
                    env=dict(self.environ),
                    stdin=server.encode(),
                    timeout=HELPER_SECONDS,
                )
                said = json.loads(done.stdout) if done.status == 0 else {}
            except (OSError, subprocess.TimeoutExpired, ValueError, RecursionError):
                return None
            if not isinstance(said, dict):
                return None
            user, secret = said.get("Username", ""), said.get("Secret", "")
            if user == "<token>":
                return Login(token=str(secret))
            if user:
                return Login(user=str(user), password=str(secret))
        return None


def read_config(path: Path) -> Mapping[str, Any]:
    """A config file; an unreadable one counts as empty."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def stored(config: Mapping[str, Any], registry: str) -> Login | None:
    """A login that stands in the file itself."""
    logins = config.get("auths")
    for key in keys(registry) if isinstance(logins, Mapping) else ():
        entry = logins.get(key) if isinstance(logins, Mapping) else None
        if not isinstance(entry, Mapping):
            continue
        if entry.get("identitytoken"):
            return Login(token=str(entry["identitytoken"]))
        try:
            text = base64.b64decode(str(entry.get("auth", "")), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        user, colon, password = text.partition(":")
        if colon:
            return Login(user=user, password=password)
    return None


def keys(registry: str) -> tuple[str, ...]:
    """The names under which a config may have a registry."""
    if registry == "registry-1.docker.io":
        return (DOCKER_HUB, "docker.io", "index.docker.io", registry)
    return (registry, f"https://{registry}", f"http://{registry}", f"https://{registry}/v1/")
