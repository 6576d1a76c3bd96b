"""The check that an image for a GPU makes before its script: templates/gpu says what it does."""

from __future__ import annotations

import json

from nb2image.image.contract import PREFLIGHT
from nb2image.model import Accelerator
from nb2image.resources import folder

FLOORS = "preflight.json"


def preflight_files(accelerator: Accelerator) -> tuple[tuple[str, bytes], ...]:
    """(name, content) of its files, for /opt/nb2image; none in an image for the CPU."""
    if accelerator.kind == "cpu":
        return ()
    script = folder("templates") / "gpu" / PREFLIGHT
    return ((PREFLIGHT, script.read_bytes()), (FLOORS, floors(accelerator)))


def floors(accelerator: Accelerator) -> bytes:
    """What a machine must have, as the check reads it; empty texts where nothing is known."""
    cuda = accelerator.cuda
    known = {
        "required": accelerator.evidence.need == "required",
        "cuda": cuda.version if cuda else "",
        "driver": cuda.driver_floor if cuda else "",
        "compute_capability": cuda.min_compute_capability if cuda else "",
    }
    return json.dumps(known, indent=1, sort_keys=True).encode() + b"\n"
