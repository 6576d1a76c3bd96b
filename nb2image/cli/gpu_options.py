"""The options about the GPU, each stated once, and how they become ``Options``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from nb2image.cli.options import option

GPU = "The GPU"

Gpu = Annotated[
    bool,
    option("--gpu", help="An image for a GPU. Default: the notebook decides.", panel=GPU),
]
Cpu = Annotated[
    bool, option("--cpu", help="An image for the CPU, whatever the notebook uses.", panel=GPU)
]
AllowCudaInCpu = Annotated[
    bool,
    option(
        "--allow-cuda-in-cpu",
        help="Take gigabytes of CUDA into an image for the CPU where no other build can be had.",
        panel=GPU,
    ),
]
Driver = Annotated[
    str,
    option(
        "--driver",
        help="NVIDIA's driver where the image will run. Default: that of the engine's host.",
        panel=GPU,
        metavar="VERSION",
    ),
]
Cuda = Annotated[
    str,
    option(
        "--cuda",
        help="The CUDA of the image: 12, 12.8. Default: what the driver runs.",
        panel=GPU,
        metavar="VERSION",
    ),
]
ComputeCap = Annotated[
    str,
    option(
        "--compute-cap",
        help="The compute capability of the GPU where the image will run: 7.5.",
        panel=GPU,
        metavar="X.Y",
    ),
]


class GpuBaseOf(StrEnum):
    """What an image for a GPU is put upon."""

    slim = "slim"
    nvidia = "nvidia"


GpuBase = Annotated[
    GpuBaseOf | None,
    option(
        "--gpu-base",
        help="Python's slim image, or NVIDIA's with its CUDA. Default: what the packages need.",
        panel=GPU,
    ),
]


def asked(given: Mapping[str, Any]) -> Literal["auto", "gpu", "cpu"]:
    """What ``--gpu`` and ``--cpu`` say together. Raises OptionError."""
    from nb2image.errors import OptionError

    if given.get("gpu") and given.get("cpu"):
        raise OptionError(
            "--gpu and --cpu exclude each other",
            code="option-invalid",
            hint="leave both out to let the notebook decide",
        )
    return "gpu" if given.get("gpu") else "cpu" if given.get("cpu") else "auto"
