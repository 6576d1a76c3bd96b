"""What engines say when they cannot hand out a GPU becomes an error with a next step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nb2image.run.gpus import gpu_error, offers_gpus
from tests.unit.build.test_docker import FACTS


@pytest.mark.parametrize(
    ("said", "code", "hint"),
    [
        ('could not select device driver "" with capabilities: [[gpu]]', "gpu-not-offered", "ctk"),
        (
            "failed to discover GPU vendor from CDI: no known GPU vendor found",
            "gpu-not-offered",
            "doctor",
        ),
        (
            "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=all",
            "gpu-not-offered",
            "doctor",
        ),
        (
            "nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown",
            "gpu-driver",
            "nvidia-smi",
        ),
        (
            "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please "
            "update your driver to a newer version",
            "gpu-driver-old",
            "--driver",
        ),
        ("nvidia-container-cli: device error: 7: unknown device", "gpu-unknown", "--list-gpus"),
    ],
)
def test_what_engines_say_of_gpus(said: str, code: str, hint: str) -> None:
    """Exit 6, with what to do; the engine's own words are kept."""
    error = gpu_error(said, "all")
    assert error is not None
    assert (error.code, error.exit_code, error.details) == (code, 6, (said,))
    assert hint in error.hint


def test_another_cause_is_left_alone() -> None:
    """A container's other troubles are not blamed on the GPU, nor a run without one."""
    assert gpu_error("no such file or directory", "all") is None
    assert gpu_error("could not select device driver", "") is None


@pytest.mark.parametrize(
    ("runtimes", "devices", "offered"),
    [
        (("nvidia", "runc"), (), True),
        (("runc",), ("nvidia.com/gpu=all",), True),
        (("runc",), ("vendor.example/nic=0",), False),
        (("runc",), (), False),
    ],
)
def test_who_hands_out_gpus(
    runtimes: tuple[str, ...], devices: tuple[str, ...], offered: bool
) -> None:
    """NVIDIA's runtime or a CDI device of a GPU."""
    assert offers_gpus(replace(FACTS, runtimes=runtimes, devices=devices)) is offered
