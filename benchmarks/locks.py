"""How many notebooks get a lock, how long that takes, and what the ladder had to change.

    python benchmarks/locks.py TRUTH.json CLONES [--ids 1,2] [--cold] [--out FOLDER]

TRUTH.json and CLONES are those of names.py. With --out each lock is written to FOLDER/<id>.txt
and what is known of it to FOLDER/<id>.json. Nothing of the notebooks is executed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from names import lay_out, script_of

from nb2image import events, process
from nb2image.errors import Nb2ImageError
from nb2image.model import Requirements
from nb2image.notebook.read import read_notebook
from nb2image.options import Options
from nb2image.pipeline import accelerate
from nb2image.process import Completed
from nb2image.project.root import find_project
from nb2image.requirements.find import find_requirements
from nb2image.services import Services, default_cache


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A runner for which git knows one commit of the notebook; other programs are run."""

    commit: str
    day: str
    source: bytes

    def __call__(self, argv: Sequence[str], **more: Any) -> Completed:
        if argv[0] != "git":
            return process.run(argv, **more)
        log = "log" in argv
        out = f"{self.commit} {self.day}\n" if log else self.source.decode("utf-8", "replace")
        return Completed(status=0, stdout=out, stderr="")


def lock(case: dict[str, Any], path: Path, services: Services) -> Requirements:
    """The lock of one notebook."""
    source = path.read_bytes()
    run = History(commit=case["commit"], day=case["last_commit_date"], source=source)
    project = find_project(path)
    notebook = read_notebook(source, name=path.stem, suffix=path.suffix)
    script, _ = script_of(notebook, project)
    services = replace(services, run=run)
    accelerator, _ = accelerate(notebook, script, Options(), services)
    return find_requirements(
        notebook, script, project, accelerator, Options(), services, events.ignore
    )


def line(found: Requirements) -> str:
    """One lock in a line."""
    built = [p.name for p in found.locked if not p.wheel]
    tried = sum(not s.ok for s in found.steps)
    return (
        f"{found.python:5} {found.as_of or 'latest':10} {len(found.locked):3} packages"
        + (f", {tried} steps failed" if tried else "")
        + (f", to build: {' '.join(built)}" if built else "")
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("truth", type=Path)
    parser.add_argument("clones", type=Path)
    parser.add_argument("--ids", default="", help="only these, comma-separated")
    parser.add_argument("--cold", action="store_true", help="with a cache that is empty at first")
    parser.add_argument("--out", type=Path, help="where to write the locks")
    given = parser.parse_args()
    cases = json.loads(given.truth.read_text())
    if given.ids:
        cases = [c for c in cases if str(c["id"]) in given.ids.split(",")]
    seconds, locked = [], 0
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache" if given.cold else default_cache()
        for case in cases:
            environ = dict(Services().environ)
            if given.cold:
                environ["UV_CACHE_DIR"] = str(cache / f"uv-{case['id']}")
            at = cache / str(case["id"]) if given.cold else cache
            services = Services(environ=environ, cache=at)
            path = lay_out(case, given.clones, Path(tempfile.mkdtemp(dir=folder)))
            begun = time.monotonic()
            try:
                found = lock(case, path, services)
                said = line(found)
                locked += 1
                if given.out:
                    given.out.mkdir(parents=True, exist_ok=True)
                    (given.out / f"{case['id']}.txt").write_text(found.text)
                    data = msgspec.json.format(msgspec.json.encode(found))
                    (given.out / f"{case['id']}.json").write_bytes(data)
            except Nb2ImageError as error:
                said = f"{error.code}: {error.message[:400]}"
            seconds.append(time.monotonic() - begun)
            print(f"{case['id']:>4} {seconds[-1]:5.1f} s  {said}", flush=True)
    print(f"locked {locked}/{len(cases)}, median {statistics.median(seconds):.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
