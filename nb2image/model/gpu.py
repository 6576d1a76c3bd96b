"""Whether an image is for a GPU, on what evidence, and for which CUDA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nb2image.model.place import Place

GpuNeed = Literal["required", "optional", "none"]
"""``required``: the script fails without a GPU; ``optional``: it looks for one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuReason:
    """One thing that speaks for a GPU."""

    level: GpuNeed
    message: str
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuEvidence:
    """What the notebook tells of the GPU that it needs and of the one that it ran on."""

    need: GpuNeed = "none"
    """The strongest level of the reasons, or what the user said."""
    reasons: tuple[GpuReason, ...] = ()
    torch: str = ""
    """The torch that saved outputs show, ``2.4.0+cu121``; empty when they show none."""
    driver: str = ""
    """The driver's version in a saved output of nvidia-smi; empty when there is none."""
    gpu_type: str = ""
    """The GPU in the notebook's metadata, ``T4``; empty when it names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the machine that runs the image allows, and what the user asks for; else empty."""

    driver: str = ""
    """NVIDIA's driver there, ``550.54.14``."""
    compute_cap: str = ""
    """The compute capability of its oldest GPU, ``7.5``."""
    cuda: str = ""
    """``12`` or ``12.8``: this CUDA and no other."""
    own_base: bool = False
    """The user names the base: which images NVIDIA still has does not matter."""
    reason: str = ""
    """Where this is known from, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaChoice:
    """The CUDA of an image, and what a machine must have to run it."""

    version: str
    """``12.8``; the major alone (``13``) where the packages tell no more."""
    major: int
    driver_floor: str
    """The oldest driver of Linux that runs it, ``525.60.13``."""
    min_compute_capability: str = ""
    """The oldest GPU that it has code for, ``7.5``; empty when not known."""
    reason: str = ""
    """Why this CUDA, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """What the image computes on."""

    kind: Literal["cpu", "cuda"] = "cpu"
    evidence: GpuEvidence = GpuEvidence()
    limits: Limits = Limits()
    """Empty in an image for the CPU."""
    cuda: CudaChoice | None = None
    """None in an image for the CPU, and where no package uses CUDA."""
    reason: str = ""
    """Why this kind, for people."""
