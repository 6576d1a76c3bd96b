"""An engine that does not answer: the errors that the SDK wraps become words."""

from __future__ import annotations

import errno
from typing import Any

import docker
import pytest
import requests
import urllib3
from docker.errors import DockerException

from nb2image.engine import connect, engine_address, engine_facts, unreachable
from nb2image.errors import EngineError


def wrapped(error: OSError) -> DockerException:
    """The error as the SDK raises it: requests' around urllib3's around the system's."""
    protocol = urllib3.exceptions.ProtocolError("Connection aborted.", error)
    outer = DockerException(f"Error while fetching server API version: {protocol}")
    outer.__cause__ = requests.exceptions.ConnectionError(protocol)
    return outer


@pytest.mark.parametrize(
    ("number", "code", "hint"),
    [
        (errno.EACCES, "engine-permission", "usermod -aG docker"),
        (errno.ENOENT, "engine-missing", "apt install docker.io"),
        (errno.ECONNREFUSED, "engine-missing", "systemctl start docker"),
        (errno.EIO, "engine-unreachable", "docker info"),
    ],
)
def test_causes(number: int, code: str, hint: str) -> None:
    """Each cause has its own way out, and the address is named."""
    error = unreachable(wrapped(OSError(number, "x")), "unix:///sock")
    assert error.code == code
    assert hint in error.hint
    assert "unix:///sock" in error.message


class FakeClient:
    """The SDK's client as far as connecting goes."""

    class api:
        timeout = 20

    def __init__(self, version: dict[str, Any], info: dict[str, Any] | None = None) -> None:
        self._version, self._info = version, info or {}
        self.closed = False

    def version(self) -> dict[str, Any]:
        return self._version

    def info(self) -> dict[str, Any]:
        return self._info

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("api", "old"), [("1.40", True), ("1.41", False), ("1.51", False)])
def test_oldest_engine(monkeypatch: pytest.MonkeyPatch, api: str, old: bool) -> None:
    """Docker 20.10 speaks API 1.41; what is older is named with what is needed."""
    client = FakeClient({"Version": "19.03.5", "ApiVersion": api})
    monkeypatch.setattr(docker, "from_env", lambda **_: client)
    if not old:
        assert connect({"DOCKER_HOST": "tcp://x:1"}) is client  # type: ignore[comparison-overlap]
        return
    with pytest.raises(EngineError, match=r"19\.03\.5 \(API 1\.40\).*20\.10") as caught:
        connect({"DOCKER_HOST": "tcp://x:1"})
    assert caught.value.code == "engine-too-old"
    assert client.closed


def test_address_of_the_environment() -> None:
    """DOCKER_HOST wins over every context."""
    assert engine_address({"DOCKER_HOST": "tcp://x:1", "DOCKER_CONTEXT": "y"}) == "tcp://x:1"


def test_facts() -> None:
    """What doctor and the builder need, from Docker and from Podman."""
    info = {
        "DockerRootDir": "/var/lib/docker",
        "Runtimes": {"runc": {}, "nvidia": {}},
        "SecurityOptions": ["name=seccomp", "name=rootless"],
        "DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=all"}],
    }
    version = {"Version": "5.4", "ApiVersion": "1.41", "Os": "linux", "Arch": "arm64"}
    version |= {"Components": [{"Name": "Podman Engine"}]}  # type: ignore[dict-item]
    client: Any = FakeClient(version, info)
    facts = engine_facts(client, {"DOCKER_HOST": "tcp://x:1"})
    assert (facts.product, facts.version, facts.arch) == ("Podman", "5.4", "arm64")
    assert facts.rootless
    assert facts.runtimes == ("nvidia", "runc")
    assert facts.devices == ("nvidia.com/gpu=all",)
