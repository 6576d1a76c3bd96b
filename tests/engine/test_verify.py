"""Images are proved: each verdict on a notebook written for it, and limits on hostile ones."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.engine.command import nb2image
from tests.engine.engine import Engine

Saved = tuple[str, list[dict[str, Any]]]


def stdout(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def result(text: str) -> dict[str, Any]:
    data = {"text/plain": text}
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": data}


def error(name: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": "", "traceback": []}


def write(path: Path, *cells: Saved) -> Path:
    """A notebook that was executed, with its outputs."""
    made = nbformat.v4.new_notebook()
    made.metadata.kernelspec = {"name": "python3", "display_name": "x", "language": "python"}
    for number, (source, outputs) in enumerate(cells, 1):
        cell = nbformat.v4.new_code_cell(source, execution_count=number)
        cell.outputs = [nbformat.from_dict(output) for output in outputs]
        made.cells.append(cell)
    nbformat.write(made, path)
    return path


def convert(notebook: Path, tag: str, *options: str) -> tuple[int, str, dict[str, Any]]:
    """Exit status, stderr and the report of a conversion for the base that is there."""
    folder = notebook.with_suffix("")
    done = nb2image(
        "convert", str(notebook), "--python", "3.11", "--tag", tag, "-o", str(folder), "--force",
        "--no-history", *options, cwd=notebook.parent,
    )  # fmt: skip
    return done.returncode, done.stderr, json.loads((folder / "report.json").read_text())


KINDS: list[tuple[str, str, list[dict[str, Any]]]] = [
    ("same", "print('hello')", [stdout("hello\n")]),
    ("same", "import subprocess\nsubprocess.run(['echo', 'child']);", [stdout("child\n")]),
    ("close", "{'b', 'a'}", [result("{'b',\n 'a'}")]),
    ("close", "print(object())", [stdout("<object object at 0x7f0011223344>\n")]),
    ("close", "print(1 / 3)", [stdout("0.33333334\n")]),
    (
        "close",
        "import time\nbegun = time.time()\nprint('took', time.time() - begun, 'seconds')",
        [stdout("took 3.25 seconds\n")],
    ),
    (
        "same",
        "import multiprocessing\ndef square(x):\n    return x * x\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    print(pool.map(square, [1, 2]))",
        [stdout("[1, 4]\n")],
    ),
    ("same", "print([n for n in globals() if 'nb2image' in n])", [stdout("[]\n")]),
    ("not-comparable", "import random\nprint(random.random())", [stdout("0.5\n")]),
    ("differs", "print('accuracy', 0.75)", [stdout("accuracy 0.99\n")]),
]


def test_each_verdict(
    engine: Engine, base_image: str, image_name: Callable[[str], str], tmp_path: Path
) -> None:
    """Cells are told apart and judged; a cell whose saved output was edited is found out."""
    notebook = write(tmp_path / "kinds.ipynb", *((source, saved) for _, source, saved in KINDS))
    status, told, report = convert(notebook, image_name("kinds"))
    assert [c["grade"] for c in report["verdict"]["cells"]] == [grade for grade, _, _ in KINDS]
    assert status == 8
    assert "cell 10" in told
    assert "+accuracy 0.75" in (tmp_path / "kinds" / "report.md").read_text()


def test_an_error_ends_the_run_and_is_compared_by_type(
    engine: Engine, base_image: str, image_name: Callable[[str], str], tmp_path: Path
) -> None:
    """The failing cell, its line and the cause are told; later cells are not reached."""
    notebook = write(
        tmp_path / "fails.ipynb",
        ("print('first')", [stdout("first\n")]),
        ("x = 1\n{}['key']", [error("KeyError")]),
        ("print('last')", [stdout("last\n")]),
    )
    status, told, report = convert(notebook, image_name("fails"))
    verdict = report["verdict"]
    assert [c["grade"] for c in verdict["cells"]] == ["same", "same", "not-reached"]
    assert (verdict["failure"]["cell"], verdict["failure"]["line"]) == (2, 2)
    assert (status, verdict["ran"]) == (8, False)
    assert "KeyError" in told


HOSTILE = [
    ("sleeps", "import time\ntime.sleep(10**6)", "timed-out"),
    ("eats", "kept = []\nwhile True:\n    kept.append(bytearray(10**7))", "out-of-memory"),
    (
        "forks",
        "import os, time\nwhile True:\n    if os.fork() == 0:\n        time.sleep(1000)",
        None,
    ),
    (
        "floods",
        "import sys\nfor _ in range(1000):\n    sys.stdout.write('y' * 10**6)",
        "printed-too-much",
    ),
    ("hides", "import os, signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
     "import time\nwhile True:\n    time.sleep(1)", "timed-out"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "source", "code"), HOSTILE, ids=[h[0] for h in HOSTILE])
def test_limits_hold(
    engine: Engine,
    base_image: str,
    image_name: Callable[[str], str],
    tmp_path: Path,
    name: str,
    source: str,
    code: str | None,
) -> None:
    """A hostile notebook is stopped, the report says what happened, and nothing is left."""
    notebook = write(tmp_path / f"{name}.ipynb", (source, []))
    begun = time.monotonic()
    status, _, report = convert(
        notebook, image_name(name), "--timeout", "15", "--memory", "300MiB", "--quiet"
    )
    failure = report["verdict"]["failure"]
    assert status == 8
    assert failure["cell"] == 1
    assert code is None or failure["code"] == code
    assert time.monotonic() - begun < 120
    left = engine.docker(
        "ps", "--all", "--quiet", "--filter", f"ancestor={image_name(name)}"
    ).stdout
    assert left.split() == []


def test_a_missing_module_is_added(
    engine: Engine, base_image: str, image_name: Callable[[str], str], tmp_path: Path
) -> None:
    """With --fix, what the run lacked is added, told and stamped into the image."""
    source = "import importlib\nprint(importlib.import_module('to' + 'ml').loads('a = 1'))"
    notebook = write(tmp_path / "lacks.ipynb", (source, [stdout("{'a': 1}\n")]))
    status, told, report = convert(notebook, image_name("lacks"), "--fix", "--stamp")
    assert status == 0
    assert "+toml==" in told
    assert any(f["code"] == "fixed" for f in report["findings"])
    labels = engine.docker(
        "inspect", "--format", "{{json .Config.Labels}}", image_name("lacks")
    ).stdout
    assert json.loads(labels)["io.nb2image.verdict"] == "ran, 1 of 1 cells reproduced"


def test_an_image_gives_its_context_back(
    engine: Engine, base_image: str, image_name: Callable[[str], str], tmp_path: Path
) -> None:
    """extract brings a context out of an image that builds the same image again."""
    notebook = write(tmp_path / "whole.ipynb", ("print('x')", [stdout("x\n")]))
    assert convert(notebook, image_name("whole"))[0] == 0
    made = nb2image("extract", image_name("whole"), "-o", "out", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    for name in ("app/whole.ipynb", "app/train.py", "plan.json", "requirements.txt", "Dockerfile"):
        old = (tmp_path / "whole" / name).read_bytes()
        assert (tmp_path / "out" / name).read_bytes() == old
    again = nb2image("rebuild", "out", "--check", "--image", image_name("whole"), cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "same" in again.stdout
