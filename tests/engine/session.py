"""What one test run makes in the engine, and how it is found again to be removed.

Images are found by name, since nb2image itself makes many of them, containers by label. Both carry
the run's start and process id: runs at the same time leave each other's alone.
"""

from __future__ import annotations

import os
import re
import time

from tests.engine.engine import Engine

REPOSITORY = "nb2image-test"
LABEL = "io.nb2image.test"
FORGOTTEN_SECONDS = 24 * 3600
RUN = f"{int(time.time())}-{os.getpid()}"


def image_name(name: str) -> str:
    """A name for an image of this run."""
    return f"{REPOSITORY}/{name}:{RUN}"


def remove(engine: Engine) -> None:
    """Remove what this run made, and what a run of an earlier day left when it was killed."""
    run_of = f'{{{{.Label "{LABEL}"}}}}'
    containers = engine.docker(
        "ps", "--all", f"--filter=label={LABEL}", f"--format={{{{.ID}}}} {run_of}"
    )
    images = engine.docker(
        "images", f"--filter=reference={REPOSITORY}/*", "--format={{.Repository}}:{{.Tag}} {{.Tag}}"
    )
    for listed, command in ((containers, ("rm", "--force")), (images, ("rmi", "--force"))):
        rows = [line.split() for line in listed.stdout.splitlines()]
        if doomed := [thing for thing, run in rows if _removable(run)]:
            engine.docker(*command, *doomed)


def _removable(run: str) -> bool:
    begun = re.fullmatch(r"(\d{10,})-\d+", run)  # another tag is not ours
    return run == RUN or (begun is not None and int(begun[1]) < time.time() - FORGOTTEN_SECONDS)
