"""Stands for a command: prints the events of a build as ``--json`` does, in its own time.

``play.py LINES RATE [END]``: so many lines, so many a second (0: as fast as it can), then ends
as END says: ``done``, ``fail``, or ``wait`` until it is interrupted. Lines hold the time at
which they were printed.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

STEP = "[dependencies 2/3] RUN uv pip install --requirement requirements.txt"


def tell(kind: str, **fields: Any) -> None:
    print(json.dumps({"kind": kind, **fields}), file=sys.stderr, flush=True)


def main(lines: int, rate: float, end: str) -> int:
    for stage in ("read", "script", "require", "plan", "render"):
        tell("stage-started", stage=stage)
        tell("stage-finished", stage=stage, seconds=0.01, detail="")
    tell("stage-started", stage="build")
    cached = "[dependencies 1/3] FROM python"
    tell("stage-started", stage="build", step=cached, number=1, total=3)
    tell("stage-finished", stage="build", step=cached, seconds=0.0, cached=True)
    tell("stage-started", stage="build", step=STEP, number=2, total=3)
    batch: list[str] = []
    for number in range(lines):
        text = f"line {number} at {time.time():.4f} Downloading a-package-{number % 97} (1.2 MB)"
        event = {"kind": "output-line", "stage": "build", "step": STEP, "line": text}
        if rate:
            tell(**event)
            time.sleep(1 / rate)
            continue
        batch.append(json.dumps(event))
        if len(batch) == 500:
            sys.stderr.write("\n".join(batch) + "\n")
            batch.clear()
    sys.stderr.write("".join(line + "\n" for line in batch))
    sys.stderr.flush()
    if end == "wait":
        time.sleep(600)
    if end == "fail":
        tell("output-line", stage="build", step=STEP, line="error: no wheel for a-package")
        tell(
            "error",
            code="compiler-missing",
            message="step [dependencies 2/3] failed: a package has no wheel for this Python and "
            "needs a compiler",
            hint="use the multi-stage layout",
            details=["error: no wheel for a-package"],
            exit_code=7,
        )
        return 7
    tell("stage-finished", stage="build", step=STEP, seconds=1.0)
    tell("stage-finished", stage="build", seconds=1.5, detail="372.7 MB")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(int(sys.argv[1]), float(sys.argv[2]), *(sys.argv[3:] or ["done"])))
    except KeyboardInterrupt:
        tell("error", code="interrupted", message="interrupted", exit_code=130)
        sys.exit(130)
