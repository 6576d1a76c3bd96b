"""convert and build: the order of the stages, the report on success and failure, the folders."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nb2image import pipeline
from nb2image.build.interface import BuildRequest
from nb2image.errors import BuildError, Nb2ImageError, OptionError
from nb2image.events import Emit, Event, Noticed, StageFinished, ignore
from nb2image.model import BaseImage, BuildPlan, BuiltImage, Finding, Requirements, Script
from nb2image.model.plan import encode
from nb2image.options import Options
from nb2image.pipeline import Conversion
from nb2image.project import context
from nb2image.project.root import Project, find_project
from nb2image.report import holds_only_a_report, is_ours
from nb2image.services import Services

PLAN = BuildPlan(
    nb2image="0",
    name="my-notebook",
    notebook="my notebook.ipynb",
    notebook_sha256="0" * 64,
    workdir="",
    script=Script(name="train.py", text="print(1)\n", lines=(None,), cells=()),
    requirements=Requirements(python="3.11", platform="x86_64-manylinux_2_36", text=""),
    base=BaseImage(reference="python:3.11-slim-bookworm", python="3.11"),
    created=7,
)
FINDING = Finding(severity="warning", code="x", message="mind")


class Builder:
    """Builds nothing, or fails."""

    name = "fake"

    def __init__(self, failure: Nb2ImageError | None = None) -> None:
        self.failure = failure
        self.requests: list[BuildRequest] = []

    def build(self, request: BuildRequest, emit: Emit) -> BuiltImage:
        self.requests.append(request)
        if self.failure:
            raise self.failure
        return BuiltImage(
            reference=request.tag, id="sha256:aa", size=5_000_000, builder="fake", seconds=1
        )


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Builder:
    """Planning and building replaced; the working directory is a temporary folder."""
    made = Builder()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my notebook.ipynb").write_text("{}")

    def plan_project(
        path: Path, options: Options, services: Services, emit: Emit
    ) -> tuple[Project, BuildPlan]:
        emit(Noticed(stage="plan", finding=FINDING))
        return find_project(path), PLAN

    def write_context(
        plan: BuildPlan, project: Project, folder: Path, *, force: bool, wheels: object
    ) -> Path:
        context.check_destination(folder, force=force)
        folder.mkdir(exist_ok=True)
        (folder / "plan.json").write_bytes(encode(plan))
        (folder / context.MANIFEST).write_text("")
        return folder

    monkeypatch.setattr(pipeline, "plan_project", plan_project)
    monkeypatch.setattr(context, "write_context", write_context)
    monkeypatch.setattr(context, "validate_plan", lambda plan: None)
    monkeypatch.setattr(pipeline, "builder", lambda *given: made)
    return made


def convert(events: list[Event] | None = None, **asked: Any) -> Any:
    """Convert ``my notebook.ipynb``."""
    what = Conversion(notebook=Path("my notebook.ipynb"), **asked)
    sink = ignore if events is None else events.append
    return pipeline.convert(what, Options(), Services(), sink)


def report(folder: str) -> Any:
    """The report in a folder."""
    return json.loads(Path(folder, "report.json").read_text())


def test_convert_builds_and_reports(builder: Builder) -> None:
    """Without options: a folder and a tag named after the notebook, and a report."""
    events: list[Event] = []
    made = convert(events)
    assert made.image.reference == "my-notebook:latest"
    assert made.findings == (FINDING,)
    assert report("my-notebook-image")["image"]["id"] == "sha256:aa"
    assert report("my-notebook-image")["plan_digest"] == PLAN.digest
    request = builder.requests[0]
    assert (request.context, request.created) == (Path("my-notebook-image"), 7)
    ended = {e.stage: e.detail for e in events if isinstance(e, StageFinished)}
    assert ended["build"] == "5.0 MB, 0 of 0 steps from the cache"


def test_convert_again(builder: Builder) -> None:
    """The folder that nobody named is made anew; a named one needs --force."""
    convert()
    convert()
    convert(context=Path("ctx"))
    with pytest.raises(OptionError, match="ctx is not empty"):
        convert(context=Path("ctx"))
    convert(context=Path("ctx"), force=True)
    assert len(builder.requests) == 4


def test_no_build(builder: Builder) -> None:
    """--no-build only writes the folder."""
    assert convert(build=False, context=Path("ctx")).image is None
    assert builder.requests == []
    assert report("ctx")["image"] is None


@pytest.mark.parametrize("tag", ["Upper", "a b", "-x", "x:", "x@sha256:" + "0" * 64])
def test_invalid_tag(builder: Builder, tag: str) -> None:
    """A tag that no engine takes is refused before any work."""
    with pytest.raises(OptionError) as caught:
        convert(tag=tag)
    assert caught.value.code == "tag-invalid"
    assert not Path("my-notebook-image").exists()


def test_failure_is_reported(builder: Builder) -> None:
    """A failed build leaves the context and a report with cause and findings."""
    builder.failure = BuildError("failed", code="no-wheel", hint="try", details=("last words",))
    with pytest.raises(BuildError):
        convert()
    written = report("my-notebook-image")
    assert (written["error"], written["error_hint"]) == ("no-wheel", "try")
    assert written["error_details"] == ["last words"]
    assert written["findings"][0]["code"] == "x"


def test_failure_before_the_folder(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed plan leaves a report alone, which does not stand in the way of the next try."""

    def fail(*_: Any) -> None:
        raise Nb2ImageError("no", code="nope")

    working = pipeline.plan_project
    monkeypatch.setattr(pipeline, "plan_project", fail)
    with pytest.raises(Nb2ImageError):
        convert(context=Path("ctx"))
    assert holds_only_a_report(Path("ctx"))
    monkeypatch.setattr(pipeline, "plan_project", working)
    convert(context=Path("ctx"))
    assert report("ctx")["error"] == ""


def test_foreign_folder_is_left_alone(builder: Builder) -> None:
    """A report is never written among files that are not ours."""
    Path("ctx").mkdir()
    Path("ctx/report.json").write_text('{"mine": 1}')
    with pytest.raises(OptionError):
        convert(context=Path("ctx"))
    assert Path("ctx/report.json").read_text() == '{"mine": 1}'
    assert not is_ours(Path("ctx"))


def test_missing_notebook_leaves_no_folder(
    builder: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is mistyped is no reason to make a folder."""
    what = Conversion(notebook=Path("nothing.ipynb"))
    with pytest.raises(Nb2ImageError):
        pipeline.convert(what, Options(), Services(), ignore)
    assert not Path("nothing-image").exists()


def test_build_of_a_context(builder: Builder, tmp_path: Path) -> None:
    """build takes tag and platform from the plan unless a tag is given."""
    arm = replace(PLAN.requirements, platform="aarch64-manylinux_2_36")
    write: Callable[[bytes], int] = (tmp_path / "plan.json").write_bytes
    write(encode(replace(PLAN, requirements=arm)))
    pipeline.build(tmp_path, Services(), ignore, tag="me/x:1", no_cache=True)
    pipeline.build(tmp_path, Services(), ignore)
    first, second = builder.requests
    assert (first.tag, first.platform, first.no_cache) == ("me/x:1", "linux/arm64", True)
    assert (second.tag, second.no_cache) == ("my-notebook:latest", False)
