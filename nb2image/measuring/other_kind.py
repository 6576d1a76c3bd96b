"""What the image for the other kind of machine would take: for the CPU, or for a GPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from nb2image import pipeline
from nb2image.errors import Nb2ImageError
from nb2image.events import ignore
from nb2image.gpu.packages import CPU_TWINS
from nb2image.measuring.forecasting import forecast_plan
from nb2image.model import BuildPlan
from nb2image.model.forecast import OtherKind
from nb2image.options import Options
from nb2image.services import Services

TWO_KINDS = frozenset({"jax", "torch", *CPU_TWINS, *CPU_TWINS.values()})
"""Packages with builds for either."""


def other_kind(
    notebook: Path, plan: BuildPlan, options: Options, services: Services
) -> OtherKind | None:
    """The forecast of the image that was not chosen; None where there is but one kind.

    Locks the notebook once more: a few seconds, and no wheel is fetched.
    """
    locked = {p.name for p in plan.requirements.locked}
    if plan.accelerator.kind == "cpu" and TWO_KINDS.isdisjoint(locked):
        return None
    kind: Literal["cpu", "cuda"] = "cpu" if plan.accelerator.kind == "cuda" else "cuda"
    changed = replace(options, gpu="cpu" if kind == "cpu" else "gpu", lock_file="")
    try:
        other = pipeline.make_plan(notebook, changed, services, ignore)
    except Nb2ImageError as error:
        return OtherKind(kind=kind, why_not=error.message)
    expected = forecast_plan(other, services, offline=options.offline)
    return OtherKind(kind=kind, base=other.base.reference, forecast=expected)
