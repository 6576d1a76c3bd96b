"""What is known of the machine that will run an image for a GPU: its driver, its GPU."""

from __future__ import annotations

import contextlib
import re
import subprocess
from dataclasses import replace
from pathlib import Path

from packaging.version import Version

from nb2image.engine import connect, engine_address
from nb2image.errors import EngineError, OptionError
from nb2image.gpu.table import table
from nb2image.image.base import base_for
from nb2image.model import GpuEvidence, Limits
from nb2image.options import Options
from nb2image.requirements.age.python_version import DEFAULT
from nb2image.services import Services

DEFAULT_DRIVER = "525.60.13"
"""Where no driver is known: CUDA 12 runs on it, and on every newer one (December 2022)."""
QUERY = ("--query-gpu=driver_version,compute_cap", "--format=csv,noheader")
SECONDS = 20.0
NUMBERS = re.compile(r"\d{2,3}(\.\d{1,3}){0,3}")
IN_A_FILE = re.compile(r"(?:Kernel Module\s+(?:for \S+\s+)?)?(\d{3}(?:\.\d+)+)")


def read_limits(options: Options, evidence: GpuEvidence, services: Services) -> Limits:
    """What the user says of the machine, else the engine's host, else a default.

    Raises OptionError for values that are no version.
    """
    check(options.driver, NUMBERS, "--driver", "550.54.14")
    check(options.cuda, re.compile(r"\d{1,2}(\.\d{1,2})?"), "--cuda", "12.8 or 12")
    check(options.compute_cap, re.compile(r"\d{1,2}\.\d"), "--compute-cap", "7.5")
    driver, capability, reason = options.driver, options.compute_cap, "as given"
    if not (driver or options.cuda or capability):
        driver, capability, reason = ask_host(services)
    own = bool(options.base_image)
    if not (driver or options.cuda or capability):
        return replace(by_default(evidence), own_base=own)
    return Limits(
        driver=driver, compute_cap=capability, cuda=options.cuda, own_base=own, reason=reason
    )


def check(value: str, pattern: re.Pattern[str], option: str, example: str) -> None:
    """Raise OptionError unless the value is empty or a version."""
    if value and pattern.fullmatch(value) is None:
        raise OptionError(
            f"{option} {value!r} is no version",
            code="gpu-option",
            hint=f"write it as {example}",
        )


def by_default(evidence: GpuEvidence) -> Limits:
    """CUDA 12, or what the notebook ran with where its outputs show something newer."""
    driver, reason = DEFAULT_DRIVER, "no driver is known here: CUDA 12 runs on every one from 525"
    seen = evidence.driver if NUMBERS.fullmatch(evidence.driver) else ""
    built = re.search(r"\+cu(\d\d)\d$", evidence.torch)
    if built and not seen:
        seen = table().driver_floor(built[1])
    if seen and Version(seen) > Version(driver):
        driver, reason = seen, "no driver is known here: the one that the notebook's outputs show"
    capability = table().gpus.get(evidence.gpu_type, "")
    if capability:
        reason += f", a {evidence.gpu_type} as in the notebook's metadata"
    return Limits(driver=driver, compute_cap=capability, reason=reason)


def ask_host(services: Services, root: Path = Path("/")) -> tuple[str, str, str]:
    """(driver, compute capability, how it is known) of the engine's host; empty for not known.

    The order is uv's (crates/uv-torch/src/accelerator.rs).
    """
    told = services.environ.get("UV_CUDA_DRIVER_VERSION", "")
    if NUMBERS.fullmatch(told):
        return told, "", "UV_CUDA_DRIVER_VERSION"
    address = engine_address(services.environ)
    if not address.startswith(("unix://", "npipe://")):
        driver, capability = ask_engine(services)
        return driver, capability, f"the driver of the engine at {address}"
    for name in ("sys/module/nvidia/version", "proc/driver/nvidia/version"):
        with contextlib.suppress(OSError):
            match = IN_A_FILE.search((root / name).read_text("utf-8", "replace"))
            if match:
                _, capability = ask_nvidia_smi(services)
                return match[1], capability, f"this machine's driver, from /{name}"
    driver, capability = ask_nvidia_smi(services)
    return driver, capability, "this machine's driver, from nvidia-smi" if driver else ""


def ask_nvidia_smi(services: Services) -> tuple[str, str]:
    """(driver, compute capability) that the program tells; empty where it is not there."""
    try:
        done = services.run(["nvidia-smi", *QUERY], env=dict(services.environ), timeout=SECONDS)
    except (OSError, subprocess.SubprocessError):
        return "", ""
    return parse_smi(done.stdout) if done.status == 0 else ("", "")


def ask_engine(services: Services) -> tuple[str, str]:
    """The same of the engine's host, asked in a container there; empty where it has no GPU."""
    from docker.types import DeviceRequest

    try:
        with contextlib.closing(connect(services.environ)) as engine:
            told = engine.containers.run(
                base_for(DEFAULT).reference,
                list(QUERY),
                entrypoint=["nvidia-smi"],
                device_requests=[DeviceRequest(count=-1, capabilities=[["gpu"]])],
                environment={"NVIDIA_DRIVER_CAPABILITIES": "utility"},
                network_mode="none",
                remove=True,
            )
    except EngineError:
        return "", ""
    except Exception:  # no GPU there, no such image: the SDK lets errors of requests through too
        return "", ""
    return parse_smi(bytes(told).decode("utf-8", "replace"))


def parse_smi(text: str) -> tuple[str, str]:
    """(driver, oldest compute capability) of ``550.54.14, 8.0`` lines, one a GPU."""
    found = [
        (match[1], match[2])
        for match in re.finditer(r"^(\d[\d.]+),\s*(\d+\.\d)\s*$", text, re.MULTILINE)
    ]
    if not found:
        return "", ""
    return found[0][0], min((capability for _, capability in found), key=Version)
