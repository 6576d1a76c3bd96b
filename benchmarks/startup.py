"""How long a user waits before the real work: --help and plan, with yardsticks in the same run.

    python benchmarks/startup.py [--rounds 7] [--notebook FILE] [--rebuild]

The yardsticks are ``python -c pass`` and plain pipreqs on the same notebook, at its quickest:
without asking an index and without versions. ``--rebuild`` adds
an edit of one cell followed by ``convert`` on the engine: the whole, and the tool's own share
(all but the time in which the docker command built). Prints medians and the limits to hold;
exits 1 when one is not held.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "sample_notebooks/wine-classifier/wine_classifier.ipynb"
NB2IMAGE = (sys.executable, "-m", "nb2image")
TAG = "nb2image-bench/startup"
LIMITS = {"nb2image --help": 0.3, "nb2image plan": 1.5, "edit and convert": 3.0, "own share": 1.0}


def seconds(argv: Sequence[str], cwd: Path) -> float:
    """How long a program takes; its failure ends the benchmark."""
    begun = time.perf_counter()
    subprocess.run(argv, cwd=cwd, check=True, capture_output=True)
    return time.perf_counter() - begun


def rebuild(notebook: Path, folder: Path) -> tuple[float, float]:
    """Edit a cell and convert again: all seconds, and those that the build did not take."""
    content = json.loads(notebook.read_text())
    cell = next(c for c in content["cells"] if c["cell_type"] == "code")
    cell["source"] = f"{''.join(cell['source'])}\n# edited at {time.time_ns()}"
    notebook.write_text(json.dumps(content))
    argv = (*NB2IMAGE, "convert", str(notebook), "--tag", TAG, "--json", "--no-verify")
    begun = time.perf_counter()
    done = subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True)
    whole = time.perf_counter() - begun
    events = [json.loads(line) for line in done.stderr.splitlines()]
    built = sum(
        e["seconds"]
        for e in events
        if e["kind"] == "stage-finished" and e["stage"] == "build" and not e["step"]
    )
    return whole, whole - built


def measure(rounds: int, notebook: Path, *, with_rebuild: bool) -> dict[str, list[float]]:
    """Every figure, all measured in turn so that a busy moment strikes all of them."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy = folder / notebook.name
        shutil.copy(notebook, copy)
        pipreqs = (sys.executable, "-m", "pipreqs.pipreqs", "--scan-notebooks", "--use-local")
        runs: dict[str, Callable[[], float]] = {
            "python -c pass": lambda: seconds((sys.executable, "-c", "pass"), folder),
            "nb2image --help": lambda: seconds((*NB2IMAGE, "--help"), folder),
            "pipreqs": lambda: seconds((*pipreqs, "--print", name), folder),
            "nb2image plan": lambda: seconds((*NB2IMAGE, "plan", "--quiet", str(copy)), folder),
        }
        for run in runs.values():
            run()  # warms the caches
        if with_rebuild:
            rebuild(copy, folder)
        for _ in range(rounds):
            for what, run in runs.items():
                found.setdefault(what, []).append(run())
            if with_rebuild:
                whole, own = rebuild(copy, folder)
                found.setdefault("edit and convert", []).append(whole)
                found.setdefault("own share", []).append(own)
        if with_rebuild:
            subprocess.run(["docker", "rmi", "--force", TAG], capture_output=True)
    return found


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--notebook", type=Path, default=SAMPLE)
    parser.add_argument("--rebuild", action="store_true")
    asked = parser.parse_args()
    found = measure(asked.rounds, asked.notebook.resolve(), with_rebuild=asked.rebuild)
    bare = statistics.median(found["python -c pass"])
    held = True
    print(f"medians of {asked.rounds}, {asked.notebook.name}")
    print(f"{'':20}{'seconds':>9}{'min':>8}{'max':>8}{'x python':>10}{'limit':>8}")
    for what, values in found.items():
        middle, limit = statistics.median(values), LIMITS.get(what)
        held = held and (limit is None or middle <= limit)
        limited = f"{limit:8.1f}" if limit else ""
        print(
            f"{what:20}{middle:9.3f}{min(values):8.3f}{max(values):8.3f}"
            f"{middle / bare:10.1f}{limited}"
        )
    ratio = statistics.median(found["nb2image plan"]) / statistics.median(found["pipreqs"])
    print(f"plan takes {ratio:.2f} of pipreqs' time, which looks for no versions")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
