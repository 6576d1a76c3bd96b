"""How large images for a GPU become, with the usual recipe beside them; and how true forecasts are.

    python -m benchmarks.gpu [--driver 570.26] [--build torch,tensorflow,xgboost]

Nothing is fetched for the first table but lists of files: the images are planned and forecast,
never built. The usual recipe is nvidia/cuda:…-cudnn-runtime-ubuntu22.04 with the same wheels on
it; its Python and pip are not counted against it. ``--build`` builds images for the CPU on the
engine and holds their forecasts against what came out; ends with status 1 when one is off by more
than 5 %.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from nb2image import pipeline
from nb2image.errors import Nb2ImageError
from nb2image.events import ignore
from nb2image.measuring.forecasting import forecast_plan
from nb2image.model.forecast import Forecast
from nb2image.options import Options
from nb2image.services import Services

CELLS = {
    "torch": "import torch\nprint(torch.ones(3).sum())",
    "tensorflow": "import tensorflow as tf\nprint(tf.ones(3).shape)",
    "jax": "import jax\nprint(jax.numpy.ones(3).sum())",
    "xgboost": "import xgboost\nprint(xgboost.__version__)",
}
GPU = ("torch", "tensorflow", "jax")
USUAL_BASE = {12: (2.73e9, 4.2e9), 13: (1.94e9, 2.8e9)}
"""Bytes of nvidia/cuda's cudnn-runtime by CUDA major, compressed and unpacked. Sums of the same
libraries in NVIDIA's wheels (12.8.1 and 13.0.2) and Ubuntu: reckoned so, 12.4.1 has 2.11 GB, its
published size is 2.07 GB."""
GOAL = 0.05


@dataclass(frozen=True, slots=True)
class Row:
    """A framework's images."""

    name: str
    version: str
    cuda: str
    gpu: Forecast
    cpu: Forecast | str
    """Why there is none, in words."""


def notebook(name: str, folder: Path) -> Path:
    """A notebook of one cell."""
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    made = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}}
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps({**made, "cells": [{**cell, "source": CELLS[name]}]}), "utf-8")
    return path


def row(name: str, folder: Path, options: Options, services: Services) -> Row:
    """The forecasts of a framework's images for a GPU and for the CPU."""
    path = notebook(name, folder)
    plan = pipeline.make_plan(path, replace(options, gpu="gpu"), services, ignore)
    version = next(p.version for p in plan.requirements.locked if p.name == name)
    cuda = plan.accelerator.cuda
    assert cuda is not None, f"the plan of {name} has no CUDA"
    try:
        other = pipeline.make_plan(path, replace(options, gpu="cpu"), services, ignore)
        cpu: Forecast | str = forecast_plan(other, services, builder="docker")
    except Nb2ImageError as error:
        cpu = error.message
    gpu = forecast_plan(plan, services, builder="docker")
    return Row(name, version, cuda.version, gpu, cpu)


def show(found: Row) -> None:
    """A line of the table: GB compressed and unpacked."""
    base = next(item for item in found.gpu.items if item.kind == "base")
    compressed, unpacked = USUAL_BASE[int(found.cuda.partition(".")[0])]
    usual = (
        compressed + found.gpu.compressed - base.compressed,
        unpacked + found.gpu.size - base.size,
    )
    ours = (found.gpu.compressed, found.gpu.size)
    cpu = found.cpu if isinstance(found.cpu, str) else pair(found.cpu.compressed, found.cpu.size)
    share = [1 - one / other for one, other in zip(ours, usual, strict=True)]
    print(
        f"| {found.name} {found.version} | {found.cuda} | {pair(*usual)} | {pair(*ours)} | "
        f"{share[0]:.0%} / {share[1]:.0%} | {cpu} |",
        flush=True,
    )


def pair(compressed: float, unpacked: float) -> str:
    """``3.05 / 5.60``: gigabytes."""
    return f"{compressed / 1e9:.2f} / {unpacked / 1e9:.2f}"


def build(name: str, folder: Path, options: Options, services: Services) -> float:
    """Build the image for the CPU; how far off its forecast was, as a share."""
    path = notebook(name, folder)
    options = replace(options, gpu="cpu")
    plan = pipeline.make_plan(path, options, services, ignore)
    expected = forecast_plan(plan, services, builder="docker")
    asked = pipeline.Conversion(
        notebook=path, context=folder / name, tag=f"nb2image-benchmark/gpu-{name}"
    )
    report = pipeline.convert(asked, options, services, ignore)
    assert report.image is not None
    off = abs(expected.size - report.image.size) / report.image.size
    print(
        f"| {name} | {expected.size / 1e6:.1f} | {report.image.size / 1e6:.1f} | {off:.2%} |",
        flush=True,
    )
    subprocess.run(["docker", "rmi", "--force", report.image.reference], capture_output=True)
    return off


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--driver", default="570.26", help="of the machine with the GPU")
    parser.add_argument("--build", default="", help="build these for the CPU: torch,xgboost")
    given = parser.parse_args()
    options = Options(driver=given.driver, versions="latest", python="3.11")
    services = Services()
    names = [name for name in given.build.split(",") if name]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        print(f"Driver {given.driver}; GB compressed / unpacked.\n")
        print("| | CUDA | nvidia/cuda + wheels | nb2image | smaller by | for the CPU |")
        print("|---|---|---:|---:|---:|---:|")
        for name in GPU:
            show(row(name, folder, options, services))
        if not names:
            return 0
        print("\n| for the CPU | forecast MB | built MB | off by |\n|---|---:|---:|---:|")
        off = [build(name, folder, options, services) for name in names]
    return int(max(off) > GOAL)


if __name__ == "__main__":
    sys.exit(main())
