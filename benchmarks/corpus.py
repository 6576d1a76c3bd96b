"""How far nb2image gets with public notebooks: convert, build, run, reproduce.

    python benchmarks/corpus.py CASES MIRROR [--jobs 1] [--ids a001,a002] [--out results.json]

CASES is a JSON list of {"id", "tier", "repo", "commit", "path", "expected"}; MIRROR is a folder
with a clone of each repository as owner+name/repo. Every case is laid out afresh as its clone at
that commit, and `nb2image convert` does the rest: the script, the lock, the image, the run
without a network and the comparison. Results are rewritten after each case, and a run that was
stopped goes on where it was; the table is printed at the end. Images are removed after each case.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

STAGES = ("convert", "build", "run", "reproduce")
LOCK = threading.Lock()


def lay_out(case: dict[str, Any], mirror: Path, folder: Path) -> None:
    """A clone of the case's repository at its commit; files that the mirror lacks are left out."""
    origin = mirror / case["repo"].replace("/", "+") / "repo"
    git = ["git", "-c", "safe.directory=*", "-c", "advice.detachedHead=false"]
    environ = os.environ | {"GIT_NO_LAZY_FETCH": "1", "GIT_LFS_SKIP_SMUDGE": "1"}

    def run(*arguments: str, check: bool = True) -> None:
        subprocess.run([*git, *arguments], check=check, env=environ, capture_output=True)

    run("clone", "--shared", "--no-checkout", "--no-tags", str(origin), str(folder))
    run("-C", str(folder), "update-ref", "--no-deref", "HEAD", case["commit"])
    run("-C", str(folder), "read-tree", case["commit"])
    run("-C", str(folder), "checkout-index", "--all", "--force", "--quiet", check=False)
    if not (folder / case["path"]).is_file():
        raise FileNotFoundError(f"the mirror does not hold {case['path']}")


def attempt(
    case: dict[str, Any], mirror: Path, work: Path, extra: list[str], keep: Path | None
) -> dict[str, Any]:
    """One case: how far it got, why no further, what the verdict says."""
    folder = work / case["id"]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tag = f"nb2image-corpus/{case['id']}:1"
    result: dict[str, Any] = {key: case[key] for key in ("id", "tier", "repo", "path")}
    begun = time.monotonic()
    try:
        lay_out(case, mirror, folder / "src")
        notebook = folder / "src" / case["path"]
        argv = [sys.executable, "-m", "nb2image", "convert", str(notebook), "--tag", tag]
        argv += ["--output", str(folder / "out"), "--timeout", "300", "--quiet", "--no-history"]
        argv += extra
        with (folder / "log").open("wb") as log:
            status = subprocess.run(argv, stdout=log, stderr=log, timeout=1_800).returncode
        report = read(folder / "out" / "report.json")
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            for name in ("report.md", "report.json"):
                if (folder / "out" / name).is_file():
                    shutil.copy(folder / "out" / name, keep / f"{case['id']}-{name}")
            shutil.copy(folder / "log", keep / f"{case['id']}.log")
        result |= judged(status, report, (folder / "log").read_text(errors="replace"))
    except (OSError, subprocess.SubprocessError) as error:
        result |= {"reached": [], "exit": None, "why": f"{type(error).__name__}: {error}"[:300]}
    finally:
        subprocess.run(["docker", "rmi", "--force", tag], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
    return result | {"seconds": round(time.monotonic() - begun)}


def read(path: Path) -> dict[str, Any]:
    """The report, or nothing where none was written."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found


def judged(status: int, report: dict[str, Any], log: str) -> dict[str, Any]:
    """The stages that were passed and the reason that the next one was not."""
    verdict = report.get("verdict")
    counts = Counter(cell["grade"] for cell in verdict["cells"]) if verdict else Counter()
    good = counts["same"] + counts["close"]
    total = good + counts["differs"] + counts["not-reached"]
    passed = {
        "convert": bool(report.get("plan_digest")),
        "build": bool(report.get("image")),
        "run": bool(verdict and verdict["ran"]),
        "reproduce": status == 0 and total > 0,
    }
    failure = (verdict or {}).get("failure") or {}
    nothing = "saved without outputs: nothing to compare" if verdict and not total else ""
    last = [line for line in log.splitlines() if line.startswith("error:")]
    return {
        "reached": [stage for stage in STAGES if passed[stage]],
        "exit": status,
        "cells": f"{good}/{total}" if verdict else "",
        "differing": [c["cell"] for c in verdict["cells"] if c["grade"] == "differs"]
        if verdict
        else [],
        "cause": failure.get("code") or report.get("error", ""),
        "why": (failure.get("message") or (last[-1] if last else nothing))[:300],
    }


def table(results: list[dict[str, Any]], expected: dict[str, str]) -> str:
    """The results in Markdown."""
    lines = [f"{len(results)} notebooks; " + "; ".join(
        f"{stage}: {sum(stage in r['reached'] for r in results)}" for stage in STAGES
    ), ""]  # fmt: skip
    lines += [
        "| id | notebook | reached | cells | s | why no further |",
        "|---|---|---|---|---:|---|",
    ]
    for r in results:
        reached = r["reached"][-1] if r["reached"] else "—"
        note = expected.get(r["id"], "run")
        why = r["why"].replace("|", "\\|").replace("\n", " ")[:140]
        if not why and r.get("differing"):
            why = "cells that differ: " + ", ".join(map(str, r["differing"][:8]))
        if note != "run":
            why = f"{why} (expected: {note})"
        name = f"{r['repo']}: {r['path'].rpartition('/')[2]}"
        lines.append(
            f"| {r['id']} | {name} | {reached} | {r.get('cells', '')} | {r['seconds']} | {why} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Try the cases and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("cases", type=Path)
    parser.add_argument("mirror", type=Path)
    parser.add_argument("--tier", default="a")
    parser.add_argument("--ids", default="")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("corpus.json"))
    parser.add_argument("--options", default="", help="for convert, such as '--python 3.11'")
    parser.add_argument("--keep", type=Path, help="a folder for every case's report and log")
    parser.add_argument("--until", default="", help="start no case after HH:MM")
    given = parser.parse_args()
    wanted = set(given.ids.split(",")) - {""}
    cases = [
        c
        for c in json.loads(given.cases.read_text())
        if (c["id"] in wanted if wanted else c["tier"] == given.tier)
    ]
    done = {r["id"]: r for r in json.loads(given.out.read_text())} if given.out.exists() else {}
    with tempfile.TemporaryDirectory(prefix="nb2image-corpus-") as work:

        def one(case: dict[str, Any]) -> None:
            if given.until and time.strftime("%H:%M") >= given.until:
                return
            result = attempt(case, given.mirror, Path(work), given.options.split(), given.keep)
            with LOCK:
                done[case["id"]] = result
                given.out.write_text(json.dumps(sorted(done.values(), key=lambda r: r["id"])))
                print(result["id"], result["reached"], result["why"], file=sys.stderr, flush=True)

        with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
            list(pool.map(one, [c for c in cases if c["id"] not in done]))
    results = [done[c["id"]] for c in cases if c["id"] in done]
    print(table(results, {c["id"]: c.get("expected", "run") for c in cases}))


if __name__ == "__main__":
    main()
