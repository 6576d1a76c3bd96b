"""From a notebook to what its run shows, as a user does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.command import nb2image, write_notebook
from tests.engine.engine import Engine

pytestmark = pytest.mark.usefixtures("base_image")


def steps(stderr: str) -> dict[str, bool]:
    """The numbered build steps that ``--json`` told of, with whether they came from the cache."""
    events = [json.loads(line) for line in stderr.splitlines()]
    return {
        e["step"]: e["cached"]
        for e in events
        if e["kind"] == "stage-finished" and e["step"].startswith("[") and "/" in e["step"][:20]
    }


def test_a_change_of_code_installs_nothing_again(
    engine: Engine, image_name: Callable[[str], str], tmp_path: Path
) -> None:
    """After an edit of a cell the dependencies come from the cache; the result is the new one."""
    tag = image_name("edited")
    notebook = write_notebook(tmp_path / "edited.ipynb", "import six\nprint('first')")
    first = nb2image("convert", "edited.ipynb", "--tag", tag, "--no-verify", "--json", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    write_notebook(notebook, "import six\nprint('second')")
    second = nb2image(
        "convert", "edited.ipynb", "--tag", tag, "--no-verify", "--json", cwd=tmp_path
    )
    assert second.returncode == 0, second.stderr
    installs = [cached for step, cached in steps(second.stderr).items() if "uv pip" in step]
    assert installs == [True]
    assert nb2image("run", tag, "--quiet", cwd=tmp_path).stdout == "second\n"
    report = json.loads(second.stdout)
    assert report == json.loads((tmp_path / "edited-image/report.json").read_text())
    assert report["image"]["reference"] == tag


def test_traceback_names_the_cell(
    engine: Engine, image_name: Callable[[str], str], tmp_path: Path
) -> None:
    """An error in the notebook is shown with its cell and line beside the script's."""
    tag = image_name("raises")
    cells = ("def half(x):\n    return x / 0", "print('before')\n\nhalf(1)")
    write_notebook(tmp_path / "my raises.ipynb", *cells)
    made = nb2image("convert", "my raises.ipynb", "--tag", tag, "--no-verify", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    done = nb2image("run", tag, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == "before\n"
    assert "cell 1, line 2 of my raises.ipynb" in done.stderr
    assert "cell 2, line 3 of my raises.ipynb" in done.stderr
    assert "train.py" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_failure_is_reported_beside_the_context(
    engine: Engine, image_name: Callable[[str], str], tmp_path: Path
) -> None:
    """A build that fails leaves the context, and a report that says why."""
    write_notebook(tmp_path / "x.ipynb", "print(1)")
    made = nb2image("convert", "x.ipynb", "--no-build", "--output", "ctx", cwd=tmp_path)
    assert made.stdout == "ctx\n"
    dockerfile = tmp_path / "ctx/Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + "USER root\nRUN echo last words && exit 9\n")
    done = nb2image("build", "ctx", "--tag", image_name("x"), cwd=tmp_path)
    assert done.returncode == 7
    assert "exit code 9" in done.stderr
    report = json.loads((tmp_path / "ctx/report.json").read_text())
    assert report["error"] == "build-step-failed"
    assert report["error_details"][-1] == "last words"


def test_hostile_name(engine: Engine, image_name: Callable[[str], str], tmp_path: Path) -> None:
    """A name that tries to become an instruction is only a name."""
    name = '-x"; RUN touch evil #$(touch evil).ipynb'
    write_notebook(tmp_path / name, "print('harmless')")
    tag = image_name("hostile")
    made = nb2image("convert", "-t", tag, "--no-verify", "-o", "ctx", "--", name, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert nb2image("run", tag, "--quiet", cwd=tmp_path).stdout == "harmless\n"
    files = engine.docker("run", "--rm", "--entrypoint", "find", tag, "/app", "-name", "evil")
    assert files.stdout == ""
    assert not list(tmp_path.rglob("evil"))
