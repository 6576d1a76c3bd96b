"""Whether an engine hands GPUs to containers, and what it says when it cannot."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping

from nb2image.engine import EngineFacts, connect, engine_facts
from nb2image.errors import EngineError

TOOLKIT = (
    "install the NVIDIA Container Toolkit on the engine's host, then: sudo nvidia-ctk runtime "
    "configure --runtime=docker && sudo systemctl restart docker; nb2image doctor shows what the "
    "engine offers; without --gpus it runs on the CPU"
)
CAUSES = (
    (
        # moby, daemon/devices.go and daemon/cdi.go
        r"could not select device driver|no known GPU vendor|discover GPU vendor"
        r"|unresolvable CDI devices|unknown or invalid runtime name: nvidia",
        "gpu-not-offered",
        "the engine cannot hand a GPU to a container",
        TOOLKIT,
    ),
    (
        # libnvidia-container, src/nvc.c
        r"nvml error: driver not loaded|driver/library version mismatch|no adapters were found"
        r"|initialization error: .*load library failed: libnvidia-ml",
        "gpu-driver",
        "NVIDIA's driver does not answer on the engine's host",
        "see what nvidia-smi says there; after an update of the driver the host must be restarted",
    ),
    (
        # libnvidia-container, src/cli/configure.c: NVIDIA_REQUIRE_CUDA of NVIDIA's base images
        r"requirement error: unsatisfied condition: (?P<detail>[^,\n]+)",
        "gpu-driver-old",
        "the driver on the engine's host is too old for the image's base",
        "convert the notebook again with --driver and the driver's version, or update the driver",
    ),
    (
        r"unknown device|device not found|no such device|invalid device ordinal",
        "gpu-unknown",
        "the engine has no such GPU",
        "nvidia-smi --list-gpus on the engine's host lists them",
    ),
)
"""(what is said, slug, in words, what to do), the first that matches."""


def gpu_error(said: str, gpus: str) -> EngineError | None:
    """The error for what the engine said of a container with these GPUs; None for another cause."""
    for pattern, code, words, hint in CAUSES:
        match = re.search(pattern, said, re.IGNORECASE)
        if match and gpus:
            detail = match.groupdict().get("detail")
            told = f" ({detail.strip()})" if detail else ""
            return EngineError(
                f"{words}{told}: --gpus {gpus}", code=code, hint=hint, details=(said,)
            )
    return None


def offers_gpus(facts: EngineFacts) -> bool:
    """Whether the engine knows NVIDIA's runtime or CDI devices."""
    return "nvidia" in facts.runtimes or any("gpu" in device for device in facts.devices)


def gpus_offered(environ: Mapping[str, str]) -> str:
    """``all`` where an engine answers and hands out GPUs, else empty."""
    try:
        with contextlib.closing(connect(environ)) as engine:
            return "all" if offers_gpus(engine_facts(engine, environ)) else ""
    except EngineError:
        return ""
