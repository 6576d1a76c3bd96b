"""How fast and how small an image is built, with two ways that people do it today beside it.

    python benchmarks/build.py [--rounds 3] [--single-stage] [--keep]

The same notebook (numpy, pandas, scikit-learn, matplotlib), the same locked versions, the same
base image, the engine that answers, one run:

    blog          one stage: build-essential from apt, COPY . . before pip install
    multi-stage   a virtual environment made by pip in one stage, copied into the next
    nb2image      what nb2image writes

"Cold" is a build without a layer cache and with an empty package cache: the cache mounts are
taken out of nb2image's Dockerfile for it. The layout that --trim gives is built once, for its size.
Then the notebook's code changes, and nb2image plans, writes and builds again. Prints medians;
ends with status 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from nb2image import pipeline
from nb2image.build.secrets import build_network
from nb2image.events import ignore
from nb2image.network import read_network
from nb2image.options import Options
from nb2image.project.context import write_context
from nb2image.services import Services

CODE = """
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

x = np.arange(10.0).reshape(-1, 1)
model = LinearRegression().fit(x, 2 * x[:, 0])
pd.DataFrame({"y": model.predict(x)}).plot()
plt.savefig("/outputs/line.png")
print("round", 0)
"""
PIP = """RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf --mount=type=secret,id=ca \\
    pip install --no-cache-dir -r requirements.txt"""
BLOG = f"""FROM {{base}}
WORKDIR /app
RUN apt-get update && apt-get install -y build-essential && rm -rf /var/lib/apt/lists/*
COPY . .
{PIP}
CMD ["python", "train.py"]
"""
MULTI_STAGE = f"""FROM {{base}} AS builder
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements.txt .
{PIP}

FROM {{base}}
COPY --from=builder /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /app
COPY . .
CMD ["python", "train.py"]
"""
GOALS = {"blog": (0.4, 0.45), "multi-stage": (0.6, 0.85)}
"""At most so much of the other's time and of its size."""


@dataclass(slots=True)
class Measured:
    """The rounds of one way to build."""

    context: Path
    seconds: list[float] = field(default_factory=list)
    size: int = 0


def main() -> int:
    """Build all of them in turn, so that a busy moment hits none alone."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--single-stage", action="store_true", help="nb2image's other layout")
    parser.add_argument("--keep", action="store_true", help="keep the images")
    asked = parser.parse_args()
    options = Options(layout="single-stage" if asked.single_stage else "multi-stage")
    with tempfile.TemporaryDirectory(prefix="nb2image-bench-") as temporary:
        try:
            with build_network(read_network(os.environ)) as network:
                os.environ |= network.environ
                return measure(Path(temporary), options, asked.rounds, network.arguments)
        finally:
            if not asked.keep:
                names = [image(name) for name in ("nb2image", "trim", *GOALS)]
                subprocess.run(["docker", "rmi", "--force", *names], capture_output=True)


def measure(root: Path, options: Options, rounds: int, network: tuple[str, ...]) -> int:
    """The whole run; its exit status."""
    services = Services()
    notebook = root / "project" / "line.ipynb"
    notebook.parent.mkdir()
    write_notebook(notebook, CODE)
    project, plan = pipeline.plan_project(notebook, options, services, ignore)
    ours = write_context(plan, project, root / "nb2image", force=False)
    trimmed = write_context(replace(plan, trim=True), project, root / "trim", force=False)
    kinds = {"nb2image": Measured(context=cold(ours, root / "cold"))}
    for name, dockerfile in (("blog", BLOG), ("multi-stage", MULTI_STAGE)):
        folder = root / name
        folder.mkdir()
        (folder / "Dockerfile").write_text(dockerfile.format(base=plan.base.reference))
        (folder / "requirements.txt").write_text(plan.requirements.text)
        (folder / "train.py").write_text(plan.script.text)
        kinds[name] = Measured(context=folder)
    for _ in range(rounds):
        for name, kind in kinds.items():
            kind.seconds.append(build(kind.context, name, "--no-cache", *network))
            kind.size = size(name)
    met = report(kinds)
    build(trimmed, "trim", *network)
    print(f"\nwith --trim: {size('trim') / 1e6:.0f} MB, ", end="")
    print(", ".join(f"{size('trim') / kinds[name].size:.2f} × {name}" for name in GOALS))
    build(ours, "nb2image", *network)
    edits = []
    for number in range(rounds):
        write_notebook(notebook, CODE.replace("0)", f"{number + 1})"))
        begun = time.monotonic()
        project, plan = pipeline.plan_project(notebook, options, services, ignore)
        write_context(plan, project, ours, force=True)
        edits.append((time.monotonic() - begun, build(ours, "nb2image", *network)))
    tool, engine = (statistics.median(part) for part in zip(*edits, strict=True))
    print(f"after an edit: {tool:.2f} s planning and writing, {engine:.2f} s building")
    met = met and tool <= 1 and tool + engine <= 3
    print("\nall goals met" if met else "\nNOT all goals met")
    return 0 if met else 1


def write_notebook(path: Path, code: str) -> None:
    """A notebook with one cell."""
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    content = {
        "cells": [cell | {"source": code}],
        "metadata": {"language_info": {"name": "python", "version": "3.11"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    path.write_text(json.dumps(content))


def cold(context: Path, copy: Path) -> Path:
    """The context with a Dockerfile that keeps no packages between builds."""
    subprocess.run(["cp", "--recursive", str(context), str(copy)], check=True)
    dockerfile = copy / "Dockerfile"
    lines = dockerfile.read_text().splitlines(keepends=True)
    dockerfile.write_text("".join(line for line in lines if "type=cache" not in line))
    return copy


def image(name: str) -> str:
    """The name of an image of this run."""
    return f"nb2image-bench/{name}:{os.getpid()}"


def build(context: Path, name: str, *options: str) -> float:
    """Seconds that ``docker build`` takes."""
    argv = ["docker", "build", "--progress=plain", "--tag", image(name), *options, str(context)]
    begun = time.monotonic()
    done = subprocess.run(
        argv, env=os.environ | {"DOCKER_BUILDKIT": "1"}, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{name}: {done.stderr[-3000:]}")
    return time.monotonic() - begun


def size(name: str) -> int:
    """Bytes of the image."""
    argv = ["docker", "image", "inspect", "--format", "{{.Size}}", image(name)]
    return int(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)


def report(kinds: dict[str, Measured]) -> bool:
    """Print the table; whether nb2image is within its goals."""
    seconds = {name: statistics.median(kind.seconds) for name, kind in kinds.items()}
    print(f"{'':12} {'cold, s':>8} {'ratio':>12} {'size, MB':>9} {'ratio':>13}")
    met = True
    for name, kind in kinds.items():
        line = f"{name:12} {seconds[name]:8.1f} {'':12} {kind.size / 1e6:9.0f}"
        if name in GOALS:
            ratios = (seconds["nb2image"] / seconds[name], kinds["nb2image"].size / kind.size)
            met = met and all(r <= goal for r, goal in zip(ratios, GOALS[name], strict=True))
            (time_ratio, size_ratio), (time_goal, size_goal) = ratios, GOALS[name]
            line = (
                f"{name:12} {seconds[name]:8.1f} {time_ratio:5.2f} ≤ {time_goal:4.2f}"
                f" {kind.size / 1e6:9.0f} {size_ratio:6.2f} ≤ {size_goal:4.2f}"
            )
        print(line)
    return met


if __name__ == "__main__":
    sys.exit(main())
