"""Every sample notebook gives the plan, the Dockerfile and the train.py kept in samples/.

The lock inside the kept plan.json stands in for the index. After a change that is meant to show:

    NB2IMAGE_UPDATE_SNAPSHOTS=1 pytest tests/unit/test_samples.py   # same locks, the rest anew
    python -m tests.record_samples                                  # new locks, from the index
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nb2image import pipeline
from nb2image.errors import NotebookError
from nb2image.events import ignore
from nb2image.image.render import render
from nb2image.model import BuildPlan
from nb2image.model.plan import decode, encode
from nb2image.options import Options
from nb2image.process import Completed
from nb2image.services import Services
from tests.samples import SAMPLES, Sample

KEPT = Path(__file__).with_name("samples")
RUNNABLE = [s for s in SAMPLES if not s.refused]
REFUSED = [s for s in SAMPLES if s.refused]


def no_git(argv: Sequence[str], **_: Any) -> Completed:
    """The sample is no real git repository, so that its plan names no commit."""
    return Completed(status=128, stdout="", stderr="not a git repository")


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., BuildPlan]:
    """``planned(sample, **options)``: the sample's plan with the kept lock."""

    def plan(sample: Sample, **options: Any) -> BuildPlan:
        kept = decode((KEPT / sample.name / "plan.json").read_bytes()).requirements
        monkeypatch.setattr(pipeline, "require", lambda *_: kept)
        services = Services(run=no_git, environ={}, cache=tmp_path / "cache")
        notebook = sample.copied_to(tmp_path)
        return pipeline.make_plan(notebook, Options(**options), services, ignore)

    return plan


def same_as_kept(path: Path, made: str) -> bool:
    """Whether ``made`` is what is kept; writes it there first when an update is asked for."""
    if os.environ.get("NB2IMAGE_UPDATE_SNAPSHOTS"):
        path.write_text(made, "utf-8")
    return path.read_text("utf-8") == made


@pytest.mark.parametrize("sample", RUNNABLE, ids=lambda s: s.name)
def test_plan_and_script_are_as_kept(sample: Sample, planned: Callable[..., BuildPlan]) -> None:
    """The plan of a sample and its script are what was reviewed."""
    plan = planned(sample)
    pretty = msgspec.json.format(encode(plan), indent=1).decode() + "\n"
    assert same_as_kept(KEPT / sample.name / "plan.json", pretty)
    assert same_as_kept(KEPT / sample.name / plan.script.name, plan.script.text)
    ast.parse(plan.script.text)


@pytest.mark.parametrize("layout", ["multi-stage", "single-stage"])
@pytest.mark.parametrize("sample", RUNNABLE, ids=lambda s: s.name)
def test_dockerfile_is_as_kept(
    sample: Sample, layout: str, planned: Callable[..., BuildPlan]
) -> None:
    """The Dockerfile of a sample is what was reviewed, in both layouts."""
    plan = planned(sample, layout=layout)
    dockerfile = dict(render(plan))["Dockerfile"].decode()
    assert same_as_kept(KEPT / sample.name / f"Dockerfile.{layout}", dockerfile)


@pytest.mark.parametrize("sample", REFUSED, ids=lambda s: s.name)
def test_refusal_names_the_cell(sample: Sample, tmp_path: Path) -> None:
    """A sample that cannot be converted is refused with its cell and the reason."""
    expected = sample.expect["refused"]
    project, notebook = pipeline.read(sample.copied_to(tmp_path), ignore)
    with pytest.raises(NotebookError) as caught:
        pipeline.script(project, notebook, Options(), ignore)
    error = caught.value
    assert error.exit_code == expected["exit"]
    blamed = {f.place.cell for f in error.findings if f.place} | {error.where and error.where.cell}
    assert expected["cell"] in blamed
    assert expected["says"] in " ".join([error.message, *(f.message for f in error.findings)])
