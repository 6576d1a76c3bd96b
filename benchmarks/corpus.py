"""How far nb2image gets with public notebooks: convert, build, run, reproduce.

    python benchmarks/corpus.py CASES MIRROR [--jobs 1] [--ids a001,a002] [--out results.json]
                                [--kernel]

CASES is a JSON list of {"id", "repo", "commit", "path"}, with "tier" and "expected" where known,
such as the truth of names.py; MIRROR is a folder with a clone of each repository as
owner+name/repo. Every case is laid out afresh as its clone at that commit, and `nb2image convert`
does the rest: the script, the lock, the image, the run without a network and the comparison.
Results are rewritten after each case, and a run that was stopped goes on where it was; the table
is printed at the end. Images are removed after each case.

With --kernel nbclient executes the notebook in the same image too: where it meets no error,
train.py has to end well. Where no registry answers, --bases names the images at hand; a notebook
gets the one that is nearest to the Python that it names, else to the one that nb2image chooses.
With --options=--no-verify it ends after the import check.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import kernel

STAGES = ("convert", "build", "imports", "run", "reproduce")
SECONDS = 300
"""That a run may take."""
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
    case: dict[str, Any], mirror: Path, work: Path, given: argparse.Namespace
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
        argv += [
            "--output",
            str(folder / "out"),
            "--timeout",
            str(SECONDS),
            "--quiet",
            "--no-history",
        ]
        argv += given.options.split()
        python = "3.11"
        if given.bases:
            bases = dict(b.split("=") for b in given.bases.split(","))
            result["wanted"] = chosen_python(notebook) or python
            python = nearest(result["wanted"], bases)
            argv += ["--python", python, "--base-image", bases[python]]
        result["python"] = python
        status = limited(argv, folder / "log", given.limit)
        report = read(folder / "out" / "report.json")
        if keep := given.keep:
            keep.mkdir(parents=True, exist_ok=True)
            for name in ("report.md", "report.json", "requirements.txt", "train.py"):
                if (folder / "out" / name).is_file():
                    shutil.copy(folder / "out" / name, keep / f"{case['id']}-{name}")
            shutil.copy(folder / "log", keep / f"{case['id']}.log")
        result |= judged(status, report, (folder / "log").read_text(errors="replace"))
        if given.kernel and report.get("image"):
            lock = folder / "out" / "requirements.txt"
            source = folder / "src"
            result |= kernel.execute(tag, lock, python, source, case["path"], folder, SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        result |= {"reached": [], "exit": None, "why": f"{type(error).__name__}: {error}"[:300]}
    finally:
        subprocess.run(["docker", "rmi", "--force", tag], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
    return result | {"seconds": round(time.monotonic() - begun)}


def chosen_python(notebook: Path) -> str:
    """The Python that a notebook names, else the one that nb2image chooses; empty for none."""
    named = read(notebook).get("metadata", {}).get("language_info", {}).get("version", "")
    if re.match(r"3\.\d", named):
        return ".".join(named.split(".")[:2])
    argv = [sys.executable, "-m", "nb2image", "requirements", str(notebook), "--json", "--quiet"]
    done = subprocess.run(argv, capture_output=True, text=True)
    try:
        return str(json.loads(done.stdout)["python"])
    except (ValueError, KeyError, TypeError):
        return ""


def nearest(python: str, bases: dict[str, str]) -> str:
    """The Python at hand that is nearest to the one wanted; of two, the one nearer to 3.11."""

    def minor(version: str) -> int:
        return int(version.partition(".")[2])

    wanted = minor(python)
    return min(bases, key=lambda b: (abs(minor(b) - wanted), abs(minor(b) - 11)))


def limited(argv: list[str], log: Path, seconds: int) -> int:
    """The exit status of a program that is interrupted when it takes too long, as by Ctrl-C."""
    with log.open("wb") as sink:
        process = subprocess.Popen(argv, stdout=sink, stderr=sink)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            return process.wait(60)


def read(path: Path) -> dict[str, Any]:
    """What a file of JSON holds, or nothing where there is none."""
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
    findings = report.get("findings", [])
    failing = [f["message"] for f in findings if f["code"] == "import-fails"]
    built = bool(report.get("image"))
    passed = {
        "convert": bool(report.get("plan_digest")),
        "build": built,
        "imports": built and not failing,
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
        "imports_failing": failing,
        "repaired": [f["message"] for f in findings if f["code"] == "import-repaired"],
        "cause": failure.get("code") or report.get("error", ""),
        "why": (failure.get("message") or (last[-1] if last else nothing))[:300],
    }


def table(results: list[dict[str, Any]], expected: dict[str, str]) -> str:
    """The results in Markdown."""
    counts = "; ".join(f"{s}: {sum(s in r['reached'] for r in results)}" for s in STAGES)
    lines = [f"{len(results)} notebooks; {counts}", ""]
    well = [r for r in results if r.get("kernel") == "ok"]
    if well:
        both = sum("run" in r["reached"] for r in well)
        lines += [f"nbclient meets no error in {len(well)}, train.py in {both} of these.", ""]
    lines += [
        "| id | notebook | Python | reached | cells | nbclient | s | why no further |",
        "|---|---|---|---|---:|---|---:|---|",
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
        kernel = {"ok": "ok", "error": "error", "timeout": "time-out"}.get(r.get("kernel", ""), "")
        lines.append(
            f"| {r['id']} | {name} | {r.get('python', '')} | {reached} | {r.get('cells', '')} "
            f"| {kernel} | {r['seconds']} | {why} |"
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
    parser.add_argument("--bases", default="", help="such as 3.9=IMAGE,3.11=IMAGE")
    parser.add_argument("--keep", type=Path, help="a folder for every case's report and log")
    parser.add_argument("--limit", type=int, default=1_800, help="seconds for a case")
    parser.add_argument("--kernel", action="store_true", help="nbclient in the same image too")
    parser.add_argument("--until", default="", help="start no case after HH:MM")
    given = parser.parse_args()
    wanted = set(given.ids.split(",")) - {""}
    cases = [
        {"tier": given.tier} | c | {"id": str(c["id"])} for c in json.loads(given.cases.read_text())
    ]
    cases = [c for c in cases if (c["id"] in wanted if wanted else c["tier"] == given.tier)]
    done = {r["id"]: r for r in json.loads(given.out.read_text())} if given.out.exists() else {}
    with tempfile.TemporaryDirectory(prefix="nb2image-corpus-") as work:

        def one(case: dict[str, Any]) -> None:
            if given.until and time.strftime("%H:%M") >= given.until:
                return
            result = attempt(case, given.mirror, Path(work), given)
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
