"""The check that an image for a GPU makes before its script."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nb2image.gpu.preflight import preflight_files
from nb2image.model import Accelerator, CudaChoice, GpuEvidence
from nb2image.resources import folder

CUDA_12 = CudaChoice(
    version="12.8", major=12, driver_floor="525.60.13", min_compute_capability="7.5"
)
A100 = ("NVIDIA A100-SXM4-40GB", (8, 0))
V100 = ("Tesla V100-SXM2-16GB", (7, 0))
NONE = "no GPU is handed to this container: run it with --gpus all"


@pytest.fixture
def preflight() -> ModuleType:
    """The script, imported as a module."""
    path = folder("templates") / "gpu" / "nb2image_preflight.py"
    spec = importlib.util.spec_from_file_location("nb2image_preflight", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def floors(*, required: bool = True, cuda: CudaChoice | None = CUDA_12) -> dict[str, Any]:
    """What the image's preflight.json says."""
    need = GpuEvidence(need="required" if required else "optional")
    files = dict(preflight_files(Accelerator(kind="cuda", evidence=need, cuda=cuda)))
    found: dict[str, Any] = json.loads(files["preflight.json"])
    return found


@pytest.mark.parametrize(
    ("gpus", "missing", "driver", "says", "goes_on"),
    [
        ([A100], "", "550.54.14", "GPU NVIDIA A100-SXM4-40GB, compute capability 8.0", True),
        ([A100, A100], "", "580.65.06", "and 1 more", True),
        ([A100, V100], "", "580.65.06", "runs CUDA 12.8", True),
        ([A100], "", "", "driver unknown", True),
        ([A100], "", "525.60.13", "runs CUDA 12.8", True),
        ([A100], "", "525.60.11", "driver 525.60.11 is too old for CUDA 12.8", False),
        ([A100], "", "470.223.02", "525.60.13 or newer", False),
        ([V100], "", "550.54.14", "compute capability 7.0, and the packages have code", False),
        ([], NONE, "550.54.14", "--gpus all", False),
        ([], NONE, "", "needs a GPU", False),
        ([], "cuInit of the driver fails with 999", "550.54.14", "999", False),
    ],
)
def test_the_verdict_where_a_gpu_is_required(
    preflight: ModuleType,
    gpus: list[Any],
    missing: str,
    driver: str,
    says: str,
    goes_on: bool,
) -> None:
    """One line says what is there or what is wrong; what is wrong ends the run."""
    line, went_on = preflight.verdict(floors(), gpus, missing, driver)
    assert says in line
    assert "\n" not in line
    assert went_on is goes_on


@pytest.mark.parametrize(
    ("gpus", "missing", "driver"), [([], NONE, ""), ([A100], "", "470.1"), ([V100], "", "550.1")]
)
def test_a_gpu_that_is_not_required_is_done_without(
    preflight: ModuleType, gpus: list[Any], missing: str, driver: str
) -> None:
    """The run goes on, and the line says that it is on the CPU."""
    line, goes_on = preflight.verdict(floors(required=False), gpus, missing, driver)
    assert goes_on
    assert line.startswith("no GPU can be used, the run is on the CPU: ")


def test_without_floors_any_gpu_will_do(preflight: ModuleType) -> None:
    """Where no package uses CUDA there is nothing to compare with."""
    line, goes_on = preflight.verdict(floors(cuda=None), [V100], "", "390.1")
    assert goes_on
    assert "CUDA" not in line


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22\n", "550.54.14"),
        (
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n"
            "GCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1ubuntu1)\n",
            "580.65.06",
        ),
        ("535.183\n", "535.183"),
    ],
)
def test_the_drivers_version_is_read(
    preflight: ModuleType, tmp_path: Path, text: str, version: str
) -> None:
    """From the kernel's files as they are written by closed and open modules."""
    (tmp_path / "version").write_text(text)
    assert preflight.driver_version((tmp_path / "none", tmp_path / "version")) == version


class FakeDriver:
    """libcuda with one A100."""

    def __init__(self, status: int = 0) -> None:
        self.status = status

    def cuInit(self, flags: int) -> int:
        return self.status

    def cuDeviceGetCount(self, count: Any) -> int:
        count._obj.value = 1
        return 0

    def cuDeviceGet(self, device: Any, number: int) -> int:
        device._obj.value = number
        return 0

    def cuDeviceGetName(self, name: Any, size: int, device: Any) -> int:
        name.value = b"NVIDIA A100-SXM4-40GB"
        return 0

    def cuDeviceGetAttribute(self, value: Any, attribute: int, device: ctypes.c_int) -> int:
        value._obj.value = {75: 8, 76: 0}[attribute]
        return 0


def test_the_gpus_are_asked_of_the_driver(preflight: ModuleType) -> None:
    """libcuda tells each GPU's name and compute capability, or why there is none."""
    assert preflight.find_gpus(FakeDriver()) == ([A100], "")
    assert preflight.find_gpus(None) == ([], NONE)
    assert preflight.find_gpus(FakeDriver(803)) == (
        [],
        "the driver's own libraries do not go together",
    )


def test_it_becomes_the_script(preflight: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ran the check runs the script then, with its arguments."""
    became: list[Any] = []
    monkeypatch.setattr(preflight, "look", lambda: True)
    monkeypatch.setattr(sys, "argv", ["preflight.py", "train.py", "--epochs", "3"])
    monkeypatch.setattr(os, "execv", lambda *args: became.append(args))
    preflight.main()
    assert became == [(sys.executable, [sys.executable, "-u", "train.py", "--epochs", "3"])]


def test_it_stops_with_1(preflight: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that is required and not there ends the run; NB2IMAGE_PREFLIGHT=0 does not look."""
    monkeypatch.setattr(preflight, "look", lambda: False)
    with pytest.raises(SystemExit) as caught:
        preflight.main()
    assert caught.value.code == 1
    became: list[Any] = []
    monkeypatch.setenv("NB2IMAGE_PREFLIGHT", "0")
    monkeypatch.setattr(os, "execv", lambda *args: became.append(args))
    preflight.main()
    assert became


def test_a_driver_that_no_file_tells_is_asked_of_nvidia_smi(
    preflight: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under WSL there is no file of the kernel's."""
    monkeypatch.setattr(subprocess, "check_output", lambda *_, **__: b"581.15\n")
    assert preflight.driver_version(()) == "581.15"


def test_an_image_for_the_cpu_has_no_check() -> None:
    """Nothing of it is in an image that is not for a GPU."""
    assert preflight_files(Accelerator()) == ()
