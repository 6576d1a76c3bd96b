"""Which kind of image is made: what the user asked for, else what the notebook needs."""

from __future__ import annotations

from typing import Literal

from nb2image.model import Accelerator, Finding, GpuEvidence

Asked = Literal["auto", "gpu", "cpu"]


def decide(evidence: GpuEvidence, asked: Asked) -> tuple[Accelerator, tuple[Finding, ...]]:
    """The kind of image, without its CUDA, and what the user should know of the decision.

    A GPU that is merely welcome does not make the image five times larger: it is for the CPU.
    """
    required = [r for r in evidence.reasons if r.level == "required"]
    place = required[0].place if required else None
    if asked == "gpu":
        return Accelerator(kind="cuda", evidence=evidence, reason="--gpu"), ()
    if asked == "cpu":
        made = Accelerator(evidence=evidence, reason="--cpu")
        if not required:
            return made, ()
        return made, (
            Finding(
                severity="warning",
                code="gpu-needed",
                message=f"the notebook needs a GPU ({required[0].message}), and --cpu makes an "
                "image without: the script will fail there",
                place=place,
                hint="leave --cpu out",
            ),
        )
    if required:
        return Accelerator(kind="cuda", evidence=evidence, reason="the notebook needs a GPU"), (
            Finding(
                severity="note",
                code="gpu-image",
                message=f"the image is for a GPU: {required[0].message}",
                place=place,
                hint="--cpu makes a small one for the CPU",
            ),
        )
    if evidence.need == "optional":
        return Accelerator(
            evidence=evidence, reason="the notebook can use a GPU and does not need one"
        ), (
            Finding(
                severity="note",
                code="gpu-optional",
                message="the notebook can use a GPU and does not need one: the image is for the "
                "CPU, and small",
                place=evidence.reasons[0].place,
                hint="--gpu makes one for a GPU",
            ),
        )
    return Accelerator(evidence=evidence, reason="nothing in the notebook uses a GPU"), ()
