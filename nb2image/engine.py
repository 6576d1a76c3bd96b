"""The connection to a Docker engine, and what the engine says of itself."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nb2image.errors import EngineError

if TYPE_CHECKING:
    import docker

OLDEST_API = (1, 41)
"""Docker 20.10 (docs.docker.com/engine/api, "API version matrix")."""
PING_SECONDS = 20
INSTALL_HINT = (
    "install Docker 20.10 or newer (Debian, Ubuntu: sudo apt install docker.io; others: "
    "docs.docker.com/engine/install), or point DOCKER_HOST at an engine"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """What an engine says of itself."""

    address: str
    product: str
    """``Docker`` or ``Podman``."""
    version: str
    api: str
    """The newest API version that it speaks, ``1.41``."""
    os: str
    """``linux``; ``windows`` for an engine of Windows containers."""
    arch: str
    """As in an image platform: ``amd64``, ``arm64``."""
    rootless: bool
    root_folder: str
    """Where it keeps its data, on its own host."""
    runtimes: tuple[str, ...]
    devices: tuple[str, ...]
    """CDI devices that it can hand to a container, ``nvidia.com/gpu=all``."""


def connect(environ: Mapping[str, str]) -> docker.DockerClient:
    """A client of the engine that the docker command line would use.

    ``DOCKER_HOST`` wins over the current docker context, as there. Raises EngineError when no
    engine answers, it may not be used, or is older than Docker 20.10.
    """
    import docker

    address = engine_address(environ)
    try:
        client = docker.from_env(
            environment=dict(environ) | {"DOCKER_HOST": address},
            timeout=PING_SECONDS,
            use_ssh_client=address.startswith("ssh://"),
        )
        version = client.version()
    except Exception as error:  # the SDK lets errors of requests, urllib3 and paramiko through
        raise unreachable(error, address) from error
    spoken = str(version.get("ApiVersion", "0"))
    if tuple(int(n) for n in spoken.split(".") if n.isdigit()) < OLDEST_API:
        client.close()
        raise EngineError(
            f"the engine at {address} is {version.get('Version')} (API {spoken}); "
            "Docker 20.10 (API 1.41) or newer is needed",
            code="engine-too-old",
            hint=INSTALL_HINT,
        )
    # a run may be silent for hours
    client.api.timeout = None  # type: ignore[assignment]
    return client


def engine_answers(environ: Mapping[str, str]) -> bool:
    """Whether a container engine of a sufficient release can be used."""
    try:
        connect(environ).close()
    except EngineError:
        return False
    return True


def engine_address(environ: Mapping[str, str]) -> str:
    """The engine's address: DOCKER_HOST, the docker context in use, or the default socket."""
    if environ.get("DOCKER_HOST"):
        return environ["DOCKER_HOST"]
    from docker.context import ContextAPI
    from docker.errors import DockerException

    try:
        context = ContextAPI.get_context(environ.get("DOCKER_CONTEXT") or None)
    except (DockerException, OSError, ValueError):
        context = None
    return str(context.Host) if context and context.Host else "unix:///var/run/docker.sock"


def engine_facts(client: docker.DockerClient, environ: Mapping[str, str]) -> EngineFacts:
    """Ask the engine what it is. Raises EngineError when it has gone."""
    try:
        version: dict[str, Any] = client.version()
        info: dict[str, Any] = client.info()
    except Exception as error:
        raise unreachable(error, engine_address(environ)) from error
    components = {str(c.get("Name", "")) for c in version.get("Components") or ()}
    return EngineFacts(
        address=engine_address(environ),
        product="Podman" if any("Podman" in name for name in components) else "Docker",
        version=str(version.get("Version", "")),
        api=str(version.get("ApiVersion", "")),
        os=str(version.get("Os", "")),
        arch=str(version.get("Arch", "")),
        rootless=any("rootless" in str(o) for o in info.get("SecurityOptions") or ()),
        root_folder=str(info.get("DockerRootDir", "")),
        runtimes=tuple(sorted(info.get("Runtimes") or ())),
        devices=tuple(sorted(str(d.get("ID", "")) for d in info.get("DiscoveredDevices") or ())),
    )


def unreachable(error: BaseException, address: str) -> EngineError:
    """The error for an engine that did not answer: absent, stopped, or not allowed."""
    causes = list(chain(error))
    number = next((c.errno for c in causes if isinstance(c, OSError) and c.errno), None)
    if number in {errno.EACCES, errno.EPERM}:
        return EngineError(
            f"permission denied on the engine's socket {address}",
            code="engine-permission",
            hint="add yourself to its group and log in again: sudo usermod -aG docker $USER "
            "(that group is as powerful as root), or use rootless Docker",
        )
    if number in {errno.ENOENT, errno.ENOTDIR}:
        return EngineError(
            f"no container engine at {address}", code="engine-missing", hint=INSTALL_HINT
        )
    if number == errno.ECONNREFUSED:
        return EngineError(
            f"no engine answers at {address}: it is not running",
            code="engine-missing",
            hint="start it: sudo systemctl start docker (or open Docker Desktop)",
        )
    return EngineError(
        f"the engine at {address} does not answer: {str(causes[-1]) or str(error)}",
        code="engine-unreachable",
        hint="see what it says itself: docker info",
    )


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it; urllib3 and requests carry causes in ``args``."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        found = (current.__cause__, current.__context__, *current.args)
        waiting += [c for c in found if isinstance(c, BaseException)]
