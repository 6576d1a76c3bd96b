"""How well nb2image names a notebook's distributions, with pipreqs beside it.

    python benchmarks/names.py TRUTH.json CLONES [--pipreqs] [--ids 1,2] [--cold] [--details]

TRUTH.json lists notebooks: repo, commit, path, and the distributions that a person found them to
need. A row of ``required`` or ``hidden`` is satisfied by any of its alternatives; what is in
``optional`` is neither needed nor wrong. CLONES holds a git directory ``owner+name/repo`` each.
Nothing of the notebooks is executed. Precision counts everything found that no row allows; what
only files beside the notebook import, or train.py itself needs, is not counted: the truth was
found for the notebook alone. A row is also satisfied by a need that was found and gets no line of
its own because an extra or another requirement brings it along.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from nb2image.errors import Nb2ImageError, NotebookError
from nb2image.image.base import SUITES
from nb2image.model import DirectRequirement, Finding, Notebook, Script
from nb2image.network import read_network
from nb2image.notebook.read import read_notebook
from nb2image.notebook.script import make_script
from nb2image.options import Options
from nb2image.project.root import Project, find_project
from nb2image.requirements.age.python_version import choose_python
from nb2image.requirements.code.imports import find_needs
from nb2image.requirements.code.syntax import python_bounds
from nb2image.requirements.index.cache import index_cache
from nb2image.requirements.index.client import Index
from nb2image.requirements.naming.hidden import Releases, extra_brings, with_hidden
from nb2image.requirements.naming.names import find_names
from nb2image.requirements.target import Target
from nb2image.requirements.versions.resolver import default_index
from nb2image.requirements.written.runtime_files import named_pythons
from nb2image.services import Services, default_cache

# What can matter to names: sources, requirement files; data and images cannot.
KEPT = (".py", ".txt", ".in", ".toml", ".cfg", ".yml", ".yaml", ".lock", "Pipfile")


INSTALL = re.compile(r"^[ \t]*[!%][ \t]*(?:pip3?|conda|mamba)[ \t]+install\b.*", re.MULTILINE)

GOAL = "precision 0.990  recall 0.980  exact 85%  hidden 80%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One notebook, one tool."""

    required: int
    met: int
    hidden: int
    hidden_met: int
    wrong: tuple[str, ...]
    lacking: tuple[str, ...]
    hidden_lacking: tuple[str, ...]
    seconds: float
    note: str = ""

    @property
    def exact(self) -> bool:
        return not self.wrong and not self.lacking


def score(
    case: dict[str, Any],
    found: set[str],
    seconds: float,
    note: str = "",
    aside: Iterable[str] = (),
) -> Score:
    """What was found against what a person found.

    ``aside`` is needed for other reasons than the notebook's own code; it can meet a row.
    """
    rows = [{canonicalize_name(n) for n in row} for row in case["required"]]
    hidden = [{canonicalize_name(n) for n in row} for row in case["hidden"]]
    there = {*found, *aside}
    allowed = {canonicalize_name(n) for n in case["optional"]}.union(*rows, *hidden)
    return Score(
        required=len(rows),
        met=sum(bool(row & there) for row in rows),
        hidden=len(hidden),
        hidden_met=sum(bool(row & there) for row in hidden),
        wrong=tuple(sorted(found - allowed)),
        lacking=tuple("|".join(sorted(row)) for row in rows if not row & there),
        hidden_lacking=tuple("|".join(sorted(row)) for row in hidden if not row & there),
        seconds=seconds,
        note=note,
    )


def lay_out(case: dict[str, Any], clones: Path, folder: Path) -> Path:
    """The notebook and the small text files of its repository at the commit, in ``folder``.

    A file that the clone lacks (a partial clone may) is left out.
    """
    git = clones / case["repo"].replace("/", "+") / "repo"
    git = git / ".git" if (git / ".git").is_dir() else git
    command = ["git", "-c", "safe.directory=*", f"--git-dir={git}"]
    listed = subprocess.run(
        [*command, "ls-tree", "-r", "-z", case["commit"]], check=True, capture_output=True
    ).stdout.decode(errors="surrogateescape")
    kept = []
    for line in filter(None, listed.split("\0")):
        meta, _, name = line.partition("\t")
        mode, kind, blob = meta.split()
        if kind == "blob" and mode != "120000" and (name.endswith(KEPT) or name == case["path"]):
            kept.append((blob, name))
    data = io.BytesIO(
        subprocess.run(
            [*command, "cat-file", "--batch"],
            check=True,
            capture_output=True,
            input="".join(f"{blob}\n" for blob, _ in kept).encode(),
            env=os.environ | {"GIT_NO_LAZY_FETCH": "1"},
        ).stdout
    )
    for _, name in kept:
        header = data.readline().split()
        if header[-1] == b"missing":
            continue
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.read(int(header[2])))
        data.read(1)
    (folder / ".git").mkdir()  # marks the project's root
    return folder / str(case["path"])


def script_of(notebook: Notebook, project: Project) -> tuple[Script, tuple[Finding, ...]]:
    """The script; of cells that it refuses, the imports and install lines are read all the same."""
    refused: dict[int, str] = {}
    findings: tuple[Finding, ...] = ()
    while True:
        try:
            script = make_script(notebook, Options(), workdir=project.workdir, read=project.read)
        except NotebookError as error:
            cells = {f.place.cell for f in error.findings if f.place and f.place.cell}
            if not cells - set(refused):
                raise
            refused |= {c.number: c.source for c in notebook.cells if c.number in cells}
            findings += error.findings
            kept = tuple(
                # an empty cell would leave no trace in the script
                replace(c, source="\n".join(INSTALL.findall(c.source)) or "pass")
                if c.number in cells
                else c
                for c in notebook.cells
            )
            notebook = replace(notebook, cells=kept)
            continue
        cells_ = tuple(
            replace(c, source=refused[c.number], broken=True) if c.number in refused else c
            for c in script.cells
        )
        return replace(script, cells=cells_), findings


def ours(case: dict[str, Any], path: Path, services: Services, base: str) -> Score:
    """What nb2image names."""
    begun = time.monotonic()
    project = find_project(path)
    notebook = read_notebook(path.read_bytes(), name=path.stem, suffix=path.suffix)
    script, _ = script_of(notebook, project)
    needs, _ = find_needs(script)
    python = choose_python(
        notebook,
        Options(),
        available=tuple(SUITES),
        files=named_pythons(project.workdir, project.read),
        bounds=python_bounds(script),
        as_of=case["last_commit_date"],
        today=date.today(),
    )
    target = Target(python=python.version)
    index = Index(read_network(services.environ), index_cache(services.cache), default_index=base)
    try:
        names = find_names(
            needs,
            script,
            notebook,
            project,
            target,
            index,
            Options(),
            written_on=case["last_commit_date"],
        )
        direct, brought = with_hidden(script, names.direct, index, target)
        known = Releases(index, target, as_of="")
        extras = {
            name
            for d in direct
            for extra in d.extras
            if (release := known.release(d))
            for name in extra_brings(release, extra, index, target)
        }
    finally:
        index.close()
    found = {d.name for d in direct if not only_local(d)}
    aside = extras | {d.name for d in brought} | {d.name for d in direct if only_local(d)}
    aside |= {str(canonicalize_name(name)) for name, _ in script.extra_requirements}
    note = "; ".join(f.message for f in names.unresolved)
    return score(case, found, time.monotonic() - begun, note, aside)


def only_local(wanted: DirectRequirement) -> bool:
    """Whether only files beside the notebook need it: the truth is of the notebook itself."""
    read = {"catalogue", "pipreqs", "same-name"}
    imports = [e.place for e in wanted.evidence if e.rule in read]
    places = imports or [e.place for e in wanted.evidence if e.rule == "hidden"]
    return bool(places) and all(p is not None and p.file is not None for p in places)


def pipreqs(case: dict[str, Any], path: Path, base: str) -> Score:
    """What pipreqs names, on the notebook as it is, asking the index's JSON pages beside ``base``.

    Its own default server is an old name that not every network knows.
    """
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / path.name).write_bytes(path.read_bytes())
        command = [sys.executable, "-m", "pipreqs.pipreqs", "--scan-notebooks", "--print", folder]
        command += ["--pypi-server", base.removesuffix("simple").rstrip("/") + "/pypi/"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = set()
    for line in done.stdout.splitlines():
        try:
            found.add(str(canonicalize_name(Requirement(line).name)))
        except InvalidRequirement:
            continue
    note = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["failed"])[-1]
    return score(case, found, time.monotonic() - begun, note)


def summary(name: str, scores: list[Score]) -> str:
    """One line of figures."""
    met = sum(s.met for s in scores)
    required = sum(s.required for s in scores)
    wrong = sum(len(s.wrong) for s in scores)
    hidden, hidden_met = sum(s.hidden for s in scores), sum(s.hidden_met for s in scores)
    exact = sum(s.exact for s in scores)
    precision = met / (met + wrong) if met + wrong else 0.0
    return (
        f"{name:10} precision {precision:.3f}  recall {met / required:.3f} ({met}/{required})  "
        f"exact {exact}/{len(scores)} ({exact / len(scores):.0%})  "
        f"hidden {hidden_met}/{hidden}  median {statistics.median(s.seconds for s in scores):.2f} s"
    )


def lines(case: dict[str, Any], name: str, result: Score) -> Iterator[str]:
    """What went wrong with a notebook."""
    parts = [
        f"wrong {', '.join(result.wrong)}" if result.wrong else "",
        f"lacking {', '.join(result.lacking)}" if result.lacking else "",
        f"hidden lacking {', '.join(result.hidden_lacking)}" if result.hidden_lacking else "",
        result.note[:300],
    ]
    said = "; ".join(p for p in parts if p) or "exact"
    yield f"{case['id']:>4} {name:9} {result.seconds:5.1f} s  {said}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("truth", type=Path)
    parser.add_argument("clones", type=Path)
    parser.add_argument("--pipreqs", action="store_true", help="run pipreqs on the same notebooks")
    parser.add_argument("--ids", default="", help="only these, comma-separated")
    parser.add_argument("--cold", action="store_true", help="with a cache that is empty at first")
    parser.add_argument("--details", action="store_true", help="a line for each notebook")
    given = parser.parse_args()
    cases = json.loads(given.truth.read_text())
    if given.ids:
        cases = [c for c in cases if str(c["id"]) in given.ids.split(",")]
    scores: dict[str, list[Score]] = {"nb2image": []}
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache" if given.cold else default_cache()
        services = Services(cache=cache)
        base = default_index(services, index_cache(services.cache))
        for case in cases:
            if given.cold:
                services = replace(services, cache=cache / str(case["id"]))
            path = lay_out(case, given.clones, Path(tempfile.mkdtemp(dir=folder)))
            try:
                results = {"nb2image": ours(case, path, services, base)}
            except Nb2ImageError as error:
                results = {"nb2image": score(case, set(), 0.0, f"{error.code}: {error.message}")}
            if given.pipreqs:
                results["pipreqs"] = pipreqs(case, path, base)
            for name, result in results.items():
                scores.setdefault(name, []).append(result)
                if given.details:
                    for line in lines(case, name, result):
                        print(line, flush=True)
    for name, found in scores.items():
        print(summary(name, found))
    print(f"{'goal':10} {GOAL}; median {'4' if given.cold else '1'}.00 s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
