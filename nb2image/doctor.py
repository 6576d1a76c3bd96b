"""Looks at what nb2image needs of this machine: what is there, what is missing, how to get it."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nb2image.build.client import find_client
from nb2image.engine import EngineFacts, connect, engine_facts
from nb2image.errors import Nb2ImageError
from nb2image.machine import ask_host
from nb2image.network import read_network, redact
from nb2image.services import Services

if TYPE_CHECKING:
    import docker

LITTLE_SPACE = 5 * 1000**3
"""Bytes: a data-science image takes 0.5 to 1.5 GB, its build about twice that."""
PROBE = "pip"
"""A package that every index has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "warning", "missing"]
    found: str
    fix: str = ""
    """What to do, in one sentence; empty when nothing needs doing."""
    needed: bool = True
    """Whether no image can be built without it."""


def examine(services: Services) -> tuple[Check, ...]:
    """Every check, in the order of a build. Changes nothing; raises nothing on purpose."""
    checks: list[Check] = []
    try:
        engine = connect(services.environ)
    except Nb2ImageError as error:
        without = f"{error.hint}; without one the embedded builder makes the image"
        checks.append(replace(failed("engine", error, needed=False), fix=without))
    else:
        with contextlib.closing(engine):
            facts = engine_facts(engine, services.environ)
            checks += [
                check_engine(facts),
                check_disk(facts, disk_use(engine)),
                check_gpu(facts, services),
            ]
    engine_is_there = checks[0].state == "ok"
    checks.insert(1, replace(check_buildkit(services), needed=engine_is_there))
    checks.insert(2, check_sandbox(services))
    checks.append(check_index(services))
    return tuple(checks)


def failed(name: str, error: Nb2ImageError, *, needed: bool = True) -> Check:
    """The check that an error answers."""
    return Check(name=name, state="missing", found=error.message, fix=error.hint, needed=needed)


def check_engine(facts: EngineFacts) -> Check:
    """Which engine answers, and whether it makes Linux images."""
    kind = "rootless, " if facts.rootless else ""
    found = f"{facts.product} {facts.version} ({kind}{facts.os}/{facts.arch}) at {facts.address}"
    if facts.os != "linux":
        return Check(
            name="engine",
            state="missing",
            found=f"{found}: it makes no Linux images",
            fix="switch Docker Desktop to Linux containers",
        )
    return Check(name="engine", state="ok", found=found)


def check_buildkit(services: Services) -> Check:
    """Which docker command builds, and how."""
    try:
        client = find_client(services.run, services.environ)
    except Nb2ImageError as error:
        return failed("BuildKit", error)
    how = f"buildx {client.buildx}" if client.buildx else "its own BuildKit"
    return Check(
        name="BuildKit",
        state="ok",
        found=f"{client.path} {client.version}, {how}",
        fix="" if client.rawjson else "buildx 0.13 or newer would tell more while it builds",
    )


def check_sandbox(services: Services) -> Check:
    """Whether an image can be run, and a source distribution built, without an engine."""
    from nb2image.run.rootless import runtime_of_host

    try:
        found = runtime_of_host(services.run, services.environ, services.cache / "roots")
    except Nb2ImageError as error:
        return failed("sandbox", error, needed=False)
    return Check(name="sandbox", state="ok", found=f"{found} runs images without an engine")


def disk_use(engine: docker.DockerClient) -> Mapping[str, Any]:
    """The engine's account of its disk; empty when it does not tell."""
    try:
        found: dict[str, Any] = engine.df()
    except Exception:  # asked for information only; requests' own errors come through
        return {}
    return found


def check_disk(facts: EngineFacts, use: Mapping[str, Any]) -> Check:
    """How much room the engine has, as far as it can be seen from here."""
    images = int(use.get("LayersSize") or 0)
    cache = sum(int(c.get("Size") or 0) for c in use.get("BuildCache") or ())
    found = f"{images / 1e9:.1f} GB of images, {cache / 1e9:.1f} GB of build cache"
    root = Path(facts.root_folder)
    local = facts.address.startswith("unix://") and facts.root_folder and root.is_dir()
    if not local:  # another host, or the virtual machine of Docker Desktop
        return Check(name="disk", state="ok", found=found, needed=False)
    free = shutil.disk_usage(root).free
    little = free < LITTLE_SPACE
    return Check(
        name="disk",
        state="warning" if little else "ok",
        found=f"{free / 1e9:.1f} GB free in {root}, {found}",
        fix="free old build cache: docker builder prune" if little else "",
        needed=False,
    )


def check_gpu(facts: EngineFacts, services: Services) -> Check:
    """Which GPUs the engine can hand to a container, how, and the driver of its host."""
    devices = [d for d in facts.devices if "gpu" in d]
    ways = ["the nvidia runtime"] if "nvidia" in facts.runtimes else []
    ways += [f"CDI: {', '.join(devices)}"] if devices else []
    local = facts.address.startswith(("unix://", "npipe://"))
    # a remote engine tells its driver only to a container: that is a plan's to start
    driver, capability, _ = ask_host(services) if local else ("", "", "")
    known = f", driver {driver}" if driver else ""
    known += f", compute capability {capability}" if capability else ""
    if ways:
        found = f"{', '.join(ways)}{known}"
        return Check(name="GPU", state="ok", found=found, needed=False)
    if not driver and not Path("/dev/nvidiactl").exists():
        return Check(name="GPU", state="ok", found="none", needed=False)
    return Check(
        name="GPU",
        state="warning",
        found=f"a card{known}, but the engine cannot hand it to containers",
        fix="install nvidia-container-toolkit, then: sudo nvidia-ctk runtime configure "
        "--runtime=docker && sudo systemctl restart docker",
        needed=False,
    )


def check_index(services: Services) -> Check:
    """Whether the package index answers, in the way that convert asks it."""
    from nb2image.requirements.index.cache import index_cache
    from nb2image.requirements.versions.conflicts import diagnose
    from nb2image.requirements.versions.resolver import Refusal, ResolveRequest, compile_lock

    try:
        network = read_network(services.environ)
    except Nb2ImageError as error:
        return failed("index", error)
    name = redact(network.index_url) if network.index_url else "the default index"
    request = ResolveRequest(requirements=(PROBE,), python="3.11", platform="x86_64-manylinux_2_36")
    begun = time.monotonic()
    try:
        cache = index_cache(services.cache)
        answer = compile_lock(request, services, network, cache, offline=False)
    except Nb2ImageError as error:
        return failed("index", error)
    if isinstance(answer, Refusal):
        return Check(
            name="index",
            state="missing",
            found=f"{name}: {diagnose(answer.message).explanation}",
            fix="check the network; set PIP_INDEX_URL, HTTPS_PROXY or SSL_CERT_FILE if you "
            "are behind a mirror or proxy",
        )
    seconds = time.monotonic() - begun
    return Check(name="index", state="ok", found=f"{name} answers in {seconds:.1f} s")
