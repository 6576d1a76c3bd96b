"""Sample notebooks, converted, built and run by the command line as a user would."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.samples import ROOT, SAMPLES, Sample

BUILT = [s for s in SAMPLES if not s.refused]


def nb2image(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line from a checkout, in a user's folder."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from nb2image.__main__ import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, capture_output=True, text=True
    )


def check(expected: dict[str, Any], done: subprocess.CompletedProcess[str], folder: Path) -> None:
    """The run succeeded, printed what it must and brought the files it must, none of them empty."""
    assert done.returncode == 0, done.stderr + done.stdout
    for text in expected["prints"]:
        assert text in done.stdout
    for name in expected["outputs"]:
        assert (folder / "outputs" / name).stat().st_size > 0


@pytest.mark.parametrize("sample", BUILT, ids=lambda s: s.name)
def test_sample_runs_as_expected(
    sample: Sample,
    tmp_path: Path,
    engine: object,
    base_image: str,
    image_name: Callable[[str], str],
) -> None:
    """convert and run give what expect.toml says, with arguments too where it names some."""
    notebook = sample.copied_to(tmp_path)
    tag = image_name(sample.name)
    converted = nb2image("convert", str(notebook), "--tag", tag, cwd=tmp_path)
    lacking = sample.expect.get("may_lack")
    if lacking and converted.returncode == 4 and lacking in converted.stderr:
        pytest.skip(f"no index or folder of this host has {lacking}")
    assert converted.returncode == 0, converted.stderr
    assert converted.stdout.strip() == tag
    check(sample.expect["run"], nb2image("run", tag, cwd=tmp_path), tmp_path)
    if with_arguments := sample.expect.get("run_with"):
        done = nb2image("run", tag, "--", *with_arguments["arguments"], cwd=tmp_path)
        check(with_arguments, done, tmp_path)
