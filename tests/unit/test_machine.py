"""What is known of the machine that will run an image for a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from nb2image.errors import OptionError
from nb2image.machine import ask_host, parse_smi, read_limits
from nb2image.model import GpuEvidence, Limits
from nb2image.options import Options
from nb2image.process import Completed
from nb2image.services import Services

NO_EVIDENCE = GpuEvidence()
LOCAL = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


class Smi:
    """nvidia-smi, there or not."""

    def __init__(self, told: str = "") -> None:
        self.told = told

    def __call__(self, argv: Sequence[str], **_: Any) -> Completed:
        assert argv[:2] == ["nvidia-smi", "--query-gpu=driver_version,compute_cap"]
        if not self.told:
            raise FileNotFoundError(argv[0])
        return Completed(status=0, stdout=self.told, stderr="")


def services(smi: Smi | None = None, **environ: str) -> Services:
    return Services(run=smi or Smi(), environ=LOCAL | environ, cache=Path("/nowhere"))


def test_what_the_user_says_is_taken() -> None:
    """The host is not asked: the image may run elsewhere."""
    options = Options(driver="550.54.14", compute_cap="8.0", cuda="12.8")
    limits = read_limits(options, NO_EVIDENCE, services(Smi("580.1, 9.0\n")))
    assert limits == Limits(driver="550.54.14", compute_cap="8.0", cuda="12.8", reason="as given")


@pytest.mark.parametrize(
    ("option", "value"),
    [("driver", "newest"), ("driver", "550; rm"), ("cuda", "cu128"), ("compute_cap", "75")],
)
def test_what_is_no_version_is_refused(option: str, value: str) -> None:
    """An option that is no version is an error of the command line, exit 2."""
    with pytest.raises(OptionError) as caught:
        read_limits(Options(**{option: value}), NO_EVIDENCE, services())
    assert caught.value.hint


def test_the_order_in_which_the_host_is_asked(tmp_path: Path) -> None:
    """uv's variable, the kernel's files, nvidia-smi; nothing where there is no driver."""
    smi = Smi("535.104.05, 8.0\n535.104.05, 7.5\n")
    assert ask_host(services(), tmp_path) == ("", "", "")
    assert ask_host(services(smi), tmp_path)[:2] == ("535.104.05", "7.5")
    (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
    (tmp_path / "proc/driver/nvidia/version").write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n"
        "GCC version:  gcc version 12.3.0\n"
    )
    assert ask_host(services(), tmp_path) == (
        "580.65.06",
        "",
        "this machine's driver, from /proc/driver/nvidia/version",
    )
    (tmp_path / "sys/module/nvidia").mkdir(parents=True)
    (tmp_path / "sys/module/nvidia/version").write_text("550.54.14\n")
    assert ask_host(services(smi), tmp_path)[:2] == ("550.54.14", "7.5")
    told = ask_host(services(smi, UV_CUDA_DRIVER_VERSION="525.60.13"), tmp_path)
    assert told == ("525.60.13", "", "UV_CUDA_DRIVER_VERSION")


@pytest.mark.parametrize(
    ("evidence", "driver", "capability", "says"),
    [
        (NO_EVIDENCE, "525.60.13", "", "CUDA 12"),
        (GpuEvidence(torch="2.4.0+cu121"), "525.60.13", "", "CUDA 12"),
        (GpuEvidence(torch="2.0.1+cu118"), "525.60.13", "", "CUDA 12"),
        (GpuEvidence(torch="2.9.1+cu130"), "580", "", "outputs"),
        (GpuEvidence(driver="550.54.15"), "550.54.15", "", "outputs"),
        (GpuEvidence(driver="460.32.03"), "525.60.13", "", "CUDA 12"),
        (GpuEvidence(gpu_type="V100"), "525.60.13", "7.0", "V100"),
        (GpuEvidence(gpu_type="unheard-of"), "525.60.13", "", "CUDA 12"),
    ],
)
def test_the_default_where_no_driver_is_known(
    evidence: GpuEvidence, driver: str, capability: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CUDA 12, or what the notebook's own outputs show; the reason says so."""
    monkeypatch.setattr("nb2image.machine.ask_host", lambda _: ("", "", ""))
    limits = read_limits(Options(), evidence, services())
    assert (limits.driver, limits.compute_cap) == (driver, capability)
    assert says in limits.reason


def test_the_oldest_of_several_gpus_counts() -> None:
    """Code must be there for each; what is no answer is none."""
    assert parse_smi("580.65.06, 12.0\n580.65.06, 8.6\n") == ("580.65.06", "8.6")
    assert parse_smi("No devices were found\n") == ("", "")
