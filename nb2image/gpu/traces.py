"""What a notebook's metadata and saved outputs tell of the GPU that it ran on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from nb2image.model import Cell, GpuReason, Place

TORCH = re.compile(r"(?<![\w.])(\d{1,2}\.\d{1,2}\.\d{1,2}(?:[a-z]+\d*)?\+cu\d{2,3})(?!\w)")
DRIVER = re.compile(r"Driver Version:\s*(\d{3}(?:\.\d{1,3}){1,2})")
GPU = re.compile(
    r"(?<!\w)(Tesla (?:T4|P100|P4|V100|K80|M60)[\w-]*|NVIDIA (?:A|H|L|B|RTX |GeForce |Quadro )"
    r"[\w ]{0,24}[\w]|A100-SXM4-\d+GB|GeForce [GR]TX [\w ]{1,12}\w)"
)
CUDA_DEVICE = re.compile(r"device\(type='cuda'|device='cuda:\d+'|(?<!\w)cuda:\d(?!\w)|GPU:\d")
MAX_TEXT = 200_000
"""Characters of a cell's outputs that are looked at."""
NO_GPU = frozenset({"", "none", "cpu", "tpu"})


def metadata_reasons(metadata_json: str) -> tuple[list[GpuReason], str]:
    """(reasons, type of the GPU) of a notebook's metadata.

    Colab keeps the setting when the code no longer uses it, and templates bring it along: it is
    no proof of a need.
    """
    try:
        found = json.loads(metadata_json)
    except ValueError:
        return [], ""
    table: dict[str, Any] = found if isinstance(found, dict) else {}
    colab, kaggle = mapping(table.get("colab")), mapping(table.get("kaggle"))
    reasons, kind = [], ""
    if text(table.get("accelerator")).upper() == "GPU":
        kind = text(colab.get("gpuType"))
        with_type = f" ({kind})" if kind else ""
        reasons.append(
            GpuReason(level="optional", message=f"its metadata: Colab's GPU runtime{with_type}")
        )
    accelerator = text(kaggle.get("accelerator"))
    named = accelerator if accelerator.lower() not in NO_GPU else ""
    if kaggle.get("isGpuEnabled") is True or (named and not named.lower().startswith("tpu")):
        kind = kind or named.removeprefix("nvidia").removeprefix("Tesla")
        with_type = f" ({named})" if named else ""
        reasons.append(
            GpuReason(level="optional", message=f"its metadata: a GPU on Kaggle{with_type}")
        )
    return reasons, kind


def output_reasons(cells: Iterable[Cell]) -> tuple[list[GpuReason], str, str, str]:
    """(reasons, torch, driver, name of the GPU) of the saved outputs; the first of each counts."""
    reasons: list[GpuReason] = []
    seen = {"torch": "", "driver": "", "gpu": ""}
    for cell in cells:
        place = Place(cell=cell.number)
        shown = cell_text(cell)
        for kind, pattern, words in (
            ("torch", TORCH, "a saved output shows torch {}"),
            ("driver", DRIVER, "a saved output shows the NVIDIA driver {}"),
            ("gpu", GPU, "a saved output shows a GPU: {}"),
        ):
            match = pattern.search(shown)
            if match is None or seen[kind]:
                continue
            seen[kind] = match[1]
            reasons.append(GpuReason(level="optional", message=words.format(match[1]), place=place))
        if CUDA_DEVICE.search(shown) and not any(r.place == place for r in reasons):
            message = "a saved output shows data on a GPU"
            if all(r.message != message for r in reasons):
                reasons.append(GpuReason(level="optional", message=message, place=place))
    return reasons, seen["torch"], seen["driver"], seen["gpu"]


def cell_text(cell: Cell) -> str:
    """The text of a cell's outputs, the beginning of it."""
    return "\n".join(texts(cell))[:MAX_TEXT]


def texts(cell: Cell) -> Iterator[str]:
    """Streams, plain results and tracebacks."""
    for output in cell.outputs:
        if output.text:
            yield output.text[:MAX_TEXT]
        yield from (data.text[:MAX_TEXT] for data in output.data if data.mime == "text/plain")


def mapping(value: object) -> dict[str, Any]:
    """A table of the metadata; empty when it is something else."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """A short text of the metadata; empty when it is something else."""
    return value[:40] if isinstance(value, str) and value.isprintable() else ""
