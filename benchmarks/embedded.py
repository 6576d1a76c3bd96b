"""What building without an engine costs, with Docker's three ways beside it, in one run.

    python benchmarks/embedded.py [--rounds 3] [--skip-blog] [--bytecode]

numpy, pandas, scikit-learn and matplotlib, the same locked versions, the same base image; the
registry is Debian's docker-registry on loopback. "Cold" has an empty cache for everything but
the base that is said to be there. Times are of whole processes, their start included; memory is
the peak of ours. Prints each figure beside its goal; the goals are for a quiet machine with two
cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.build import BLOG, CODE, MULTI_STAGE, cold, image, size, write_notebook
from benchmarks.build import build as docker_build
from nb2image import pipeline
from nb2image.build.secrets import build_network
from nb2image.events import ignore
from nb2image.network import read_network
from nb2image.options import Options
from nb2image.project.context import write_context
from nb2image.services import Services
from tests.engine import registry

OLDER = {"matplotlib": "3.10.3"}
MEGABYTE = 1_000_000


@dataclass(slots=True)
class Table:
    """Figures with their goals."""

    rows: list[tuple[str, float, float | None, str]] = field(default_factory=list)

    def add(self, name: str, value: float, goal: float | None, unit: str = "s") -> None:
        """One figure; ``goal`` is the most that it may be."""
        self.rows.append((name, value, goal, unit))
        met = "" if goal is None else f"{goal:8.2f} {'met' if value <= goal else 'NOT met'}"
        print(f"{name:58} {value:8.2f} {unit:2} {met}", flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A finished process."""

    seconds: float
    memory: float
    """MB at the peak."""
    built: float
    """Seconds of the build itself, without the program's start."""


def main() -> int:
    """Measure everything, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip-blog", action="store_true")
    parser.add_argument("--bytecode", action="store_true", help="also with compiled modules")
    asked = parser.parse_args()
    table = Table()
    with (
        tempfile.TemporaryDirectory(prefix="nb2image-bench-") as temporary,
        registry.running(Path(temporary)) as host,
    ):
        measure(table, Path(temporary), host, asked)
    return 0 if all(goal is None or value <= goal for _, value, goal, _ in table.rows) else 1


def measure(table: Table, root: Path, host: str, asked: argparse.Namespace) -> None:
    """Every figure, in an order in which one prepares the next."""
    project = root / "project"
    project.mkdir()
    notebook = project / "line.ipynb"
    write_notebook(notebook, CODE)
    local = plan_context(notebook, root / "docker", Options())
    base = base_reference(local)
    pushed = f"{host}/library/python:base"
    run("docker", "tag", base, pushed)
    run("docker", "push", "--quiet", pushed)
    run("docker", "rmi", pushed)
    ours = plan_context(notebook, root / "ours", Options(base_image=pushed))
    rounds = range(asked.rounds)

    docker = docker_ways(table, root, local, base, asked)

    archive = root / "image.tar"
    on_base, on_debian, memory = [], [], 0.0
    for number in rounds:
        cache = root / f"cache-{number}"
        fill_base(ours, cache, archive)
        one = nb2image(ours, cache, "--builder", "embedded", "--archive", str(archive))
        on_base.append(one.seconds)
        two = nb2image(ours, root / f"deb-{number}", "--base", "debian", "--archive", str(archive))
        on_debian.append(two.seconds)
        memory = max(memory, one.memory, two.memory)
    table.add("layout, base pulled and cached, wheels cold", median(on_base), 2.0)
    table.add("layout, base from Debian, all cold", median(on_debian), 4.5)
    table.add("peak memory", memory, 250, "MB")
    table.add("image compressed", archive.stat().st_size / MEGABYTE, None, "MB")
    if "blog" in docker:
        seconds, compressed = docker["blog"]
        table.add("layout on cached base / blog", median(on_base) / seconds, 0.15, "x")
        ratio = archive.stat().st_size / MEGABYTE / compressed
        table.add("image compressed / blog's", ratio, 0.35, "x")

    cache = root / "cache-0"
    tag = f"{host}/me/line:1"
    first = nb2image(ours, root / "cache-1", "--push", tag=tag)
    table.add("into the registry, layers in the cache", first.seconds, None)
    c_seconds = docker["nb2image, BuildKit"][0] + docker_push(image("nb2image"), f"{host}/me/c:1")
    end_to_end = nb2image_cold_push(ours, root, host, rounds)
    table.add("cold, pushed (base cached)", end_to_end, None)
    table.add("cold, pushed / (BuildKit + docker push)", end_to_end / c_seconds, 0.35, "x")

    edits: dict[str, list[Run]] = {"engine": [], "registry": []}
    nb2image(ours, cache, "--builder", "embedded", tag=image("embedded"))
    nb2image(ours, cache, "--push", tag=tag)
    for number in rounds:
        write_notebook(notebook, CODE.replace("0)", f"{number + 1})"))
        plan_context(notebook, ours, Options(base_image=pushed))
        one = nb2image(ours, cache, "--builder", "embedded", tag=image("embedded"))
        edits["engine"].append(one)
        edits["registry"].append(nb2image(ours, cache, "--push", tag=tag))
    for where, goal in (("engine", 0.3), ("registry", 0.2)):
        built, whole = [r.built for r in edits[where]], [r.seconds for r in edits[where]]
        table.add(f"code changed, {where}: the build", median(built), goal)
        table.add(f"code changed, {where}: the whole program", median(whole), None)

    older = requirements_with(ours, project, OLDER)
    changed = plan_context(notebook, root / "dep", Options(base_image=pushed, **older))
    nb2image(changed, root / "fetch", "--archive", str(archive))  # its wheel is downloaded
    fetched = root / "cache-0"
    merge(root / "fetch", fetched)
    one = nb2image(changed, fetched, "--push", tag=f"{host}/me/line:2")
    table.add("one dependency changed, to the registry: the build", one.built, 0.5)
    table.add("one dependency changed, to the registry: the whole program", one.seconds, None)
    if asked.bytecode:
        options = Options(base_image=pushed, compile_bytecode=True)
        compiled = plan_context(notebook, root / "pyc", options)
        once = nb2image(compiled, cache, "--archive", str(archive))
        table.add("layout with bytecode, once", once.seconds, 15)
        again = nb2image(compiled, cache, "--archive", str(archive))
        table.add("layout with bytecode, cached", again.seconds, None)
    names = ("blog", "multi-stage", "nb2image", "embedded")
    subprocess.run(["docker", "rmi", "--force", *map(image, names)], capture_output=True)


def docker_ways(
    table: Table, root: Path, ours: Path, base: str, asked: argparse.Namespace
) -> dict[str, tuple[float, float]]:
    """(seconds, compressed MB) of Docker's ways, cold."""
    found = {}
    plan = pipeline_plan(ours)
    ways = [("multi-stage", MULTI_STAGE)] + ([] if asked.skip_blog else [("blog", BLOG)])
    for name, dockerfile in ways:
        folder = root / name
        folder.mkdir()
        (folder / "Dockerfile").write_text(dockerfile.format(base=base))
        (folder / "requirements.txt").write_text(plan.requirements.text)
        (folder / "train.py").write_text(plan.script.text)
    with build_network(read_network(os.environ)) as network:
        os.environ |= network.environ
        contexts = {name: root / name for name, _ in ways}
        contexts |= {"nb2image": cold(ours, root / "cold")}
        for name, context in contexts.items():
            seconds = docker_build(context, name, "--no-cache", *network.arguments)
            compressed = compressed_size(image(name), root)
            shown = "nb2image, BuildKit" if name == "nb2image" else name
            found[shown] = (seconds, compressed)
            table.add(f"docker build, {shown}", seconds, None)
            table.add(
                f"  its size ({size(name) / MEGABYTE:.0f} MB), compressed", compressed, None, "MB"
            )
    return found


def compressed_size(name: str, root: Path) -> float:
    """MB of an image as gzip makes them of its archive."""
    archive = root / "saved.tar"
    run("docker", "save", "--output", str(archive), name)
    packed = subprocess.Popen(["gzip", "-c", str(archive)], stdout=subprocess.PIPE)
    assert packed.stdout is not None
    total = 0
    while piece := packed.stdout.read(1 << 20):
        total += len(piece)
    archive.unlink()
    return total / MEGABYTE


def docker_push(name: str, tag: str) -> float:
    """Seconds that docker takes to push an image."""
    run("docker", "tag", name, tag)
    begun = time.monotonic()
    run("docker", "push", "--quiet", tag)
    seconds = time.monotonic() - begun
    run("docker", "rmi", tag)
    return seconds


def nb2image_cold_push(context: Path, root: Path, host: str, rounds: range) -> float:
    """Seconds from a cached base and no wheels to an image in the registry."""
    found = []
    for number in rounds:
        cache = root / f"push-{number}"
        fill_base(context, cache, root / "unused.tar")
        found.append(nb2image(context, cache, "--push", tag=f"{host}/cold/{number}:1").seconds)
    return median(found)


def fill_base(context: Path, cache: Path, archive: Path) -> None:
    """Have the base in the cache, and nothing of the wheels."""
    plan = pipeline_plan(context)
    empty = replace(plan, requirements=replace(plan.requirements, locked=()))
    folder = cache.with_name(f"{cache.name}-base")
    shutil.copytree(context, folder)
    from nb2image.model.plan import encode

    (folder / "plan.json").write_bytes(encode(empty))
    nb2image(folder, cache, "--builder", "embedded", "--archive", str(archive))
    shutil.rmtree(folder)


def plan_context(notebook: Path, folder: Path, options: Options) -> Path:
    """The context of a notebook, written anew."""
    project, plan = pipeline.plan_project(notebook, options, Services(), ignore)
    return write_context(plan, project, folder, force=True)


def pipeline_plan(context: Path):  # type: ignore[no-untyped-def]
    """The plan of a context."""
    from nb2image.project.context import read_context

    return read_context(context)


def base_reference(context: Path) -> str:
    """The base that the plan names."""
    return str(pipeline_plan(context).base.reference)


def requirements_with(context: Path, project: Path, pins: dict[str, str]) -> dict[str, str]:
    """Options for the same packages with other releases of some."""
    lines = [
        f"{p.name}=={pins.get(p.name, p.version)}"
        for p in pipeline_plan(context).requirements.locked
    ]
    (project / "requirements-older.txt").write_text("\n".join(lines) + "\n")
    return {"requirements_file": str(project / "requirements-older.txt")}


def merge(source: Path, target: Path) -> None:
    """Give a cache the downloads of another, without the layers made of them."""
    for kind in ("images/blobs", "images/facts"):
        shutil.copytree(source / kind, target / kind, dirs_exist_ok=True)


def nb2image(context: Path, cache: Path, *options: str, tag: str = "bench:1") -> Run:
    """One ``nb2image build`` in a process of its own."""
    argv = [sys.executable, "-m", "nb2image", "build", str(context), "--tag", tag, *options]
    environ = os.environ | {"NB2IMAGE_CACHE": str(cache)}
    begun = time.monotonic()
    process = subprocess.Popen(
        [*argv, "--json", "--no-history"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(argv)}: {said}")
    seconds = time.monotonic() - begun
    built = json.loads(said.splitlines()[-1])["seconds"]
    return Run(seconds=seconds, memory=usage.ru_maxrss * 1024 / MEGABYTE, built=built)


def run(*argv: str) -> None:
    """Run a program to its end; its failure is ours."""
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(argv)}: {done.stderr[-2000:]}")


def median(values: list[float]) -> float:
    """The middle one."""
    return statistics.median(values)


if __name__ == "__main__":
    sys.exit(main())
