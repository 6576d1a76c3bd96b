"""How long nb2image reads a large notebook and writes its script, start-up not counted.

    python benchmarks/reading.py [NOTEBOOK ...] [--rounds 5]

Without a notebook three are made: 5 MB of pictures, 5 MB of printed text, and 0.5 MB of code (some
13,000 lines, more than anybody writes). Counted is the process's own time on a processor, with
everything imported before, so that a busy machine says the same. Exits 1 when a notebook whose
bulk is outputs takes longer than the limit.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from nb2image.notebook.read import read_notebook
from nb2image.notebook.script import make_script
from nb2image.options import Options

SIZE = 5_000_000
LIMIT = 0.5
SOURCE = """%matplotlib inline
import numpy as np
import pandas as pd
frame = pd.DataFrame({"x": np.arange(10), "y": np.arange(10) ** 2})
def area(width, height):
    return width * height
total = sum(area(a, b) for a, b in zip(frame.x, frame.y))
!echo {total}
frame.describe()
"""


def made(cells: list[dict[str, Any]]) -> bytes:
    """A notebook of these cells."""
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()


def code(source: str, outputs: list[dict[str, Any]]) -> dict[str, Any]:
    """A code cell."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": outputs,
        "source": source.splitlines(keepends=True),
    }


def samples() -> dict[str, bytes]:
    """Three notebooks."""
    noise = random.Random(5)
    pictures, printed = [], []
    for _ in range(50):
        data = base64.b64encode(noise.randbytes(75_000)).decode()
        shown = {"output_type": "display_data", "metadata": {}, "data": {"image/png": data}}
        pictures.append(code(SOURCE, [shown]))
        lines = [f"step {noise.random():.17f}: loss {noise.random():.17f}\n" for _ in range(1_850)]
        stream = {"output_type": "stream", "name": "stdout", "text": lines}
        printed.append(code(SOURCE, [stream]))
    one = code(SOURCE, [])
    many = [one] * (SIZE // 10 // len(json.dumps(one)))
    return {
        "5 MB of pictures": made(pictures),
        "5 MB of printed text": made(printed),
        "0.5 MB of code": made(many),
    }


def seconds(data: bytes) -> float:
    """Time on the processor from the file's bytes to the script's text."""
    begun = time.process_time()
    notebook = read_notebook(data, name="sample", suffix=".ipynb")
    make_script(notebook, Options(), workdir="", read=lambda _: None)
    return time.process_time() - begun


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    found = {p.name: p.read_bytes() for p in given.notebooks} or samples()
    seconds(made([code(SOURCE, [])]))  # imports all that is needed
    held = True
    for name, data in found.items():
        rounds = [seconds(data) for _ in range(given.rounds)]
        middle = statistics.median(rounds)
        limited = not name.endswith("of code")
        held = held and (middle < LIMIT or not limited)
        limit = f", limit {LIMIT}" if limited else ""
        print(f"{name:24} {len(data) / 1e6:5.1f} MB {middle:7.3f} s{limit}", flush=True)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
