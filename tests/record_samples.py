"""``python -m tests.record_samples``: lock every sample anew and keep the plans for the unit tests.

Needs the package index; run the unit tests with NB2IMAGE_UPDATE_SNAPSHOTS=1 afterwards.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import msgspec

from nb2image import pipeline
from nb2image.events import ignore
from nb2image.model.plan import encode
from nb2image.options import Options
from nb2image.services import Services
from tests.samples import SAMPLES

KEPT = Path(__file__).with_name("unit") / "samples"


def main(names: list[str]) -> None:
    """Record the named samples, or all of them."""
    for sample in SAMPLES:
        if sample.refused or (names and sample.name not in names):
            continue
        with tempfile.TemporaryDirectory() as folder:
            notebook = sample.copied_to(Path(folder))
            plan = pipeline.make_plan(notebook, Options(), Services(), ignore)
        (KEPT / sample.name).mkdir(parents=True, exist_ok=True)
        kept = KEPT / sample.name / "plan.json"
        kept.write_bytes(msgspec.json.format(encode(plan), indent=1) + b"\n")
        print(f"{sample.name}: {len(plan.requirements.locked)} packages")


if __name__ == "__main__":
    main(sys.argv[1:])
