"""The Compare page: what may be asked for, the job it becomes, what is shown of its result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from dashboard.compare import outcome
from nb2image.history.store import History
from nb2image.jobs import Job, JobManager, JobRequest
from nb2image.model.history import HistoryEntry
from tests.dashboard.conftest import OpenPage
from tests.fake_jobs import FakeLaunch, wait_for
from tests.unit.dashboard.comparisons import COMPARISON

ENTRY = HistoryEntry(
    at="2026-01-02T03:04:05.000+00:00",
    action="convert",
    ok=True,
    seconds=20.0,
    reference="a:cpu",
    image_id="sha256:1",
    size=100_000_000,
)


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    """A history of the test's own."""
    path = tmp_path / "history.db"
    monkeypatch.setenv("NB2IMAGE_HISTORY", str(path))
    return History(path)


def finished(
    jobs: JobManager, launch: FakeLaunch, *, result: bytes = b"", status: int = 0, said: bytes = b""
) -> Job:
    """A comparison that has ended."""
    request = JobRequest(
        kind="compare", arguments=("a:cpu", "a:cpu-single", "a-image"), folder="/", title="three"
    )
    job = jobs.start(request)
    jobs.store.result(job.id).write_bytes(result)
    if said:
        launch.children[-1].say(said)
    launch.children[-1].end(status)
    return wait_for(jobs, job.id, "done", "failed")


def test_nothing_built_yet(history: History, open_page: OpenPage) -> None:
    """An empty history says so, and images can be typed."""
    page = open_page("compare")
    assert not page.exception
    assert any("Nothing was built" in text.value for text in page.markdown)
    assert page.button(key="compare").disabled


def test_two_builds_become_a_job(
    history: History, open_page: OpenPage, launch: FakeLaunch, tmp_path: Path
) -> None:
    """What is chosen becomes a command in the start folder; the address names the job."""
    history.add(ENTRY)
    history.add(replace(ENTRY, reference="a:gpu", image_id="sha256:2"))
    page = open_page("compare", image="@1")
    assert page.multiselect(key="images").value == ["@1"]
    page.multiselect(key="images").set_value(["@2", "@1"]).run()
    assert page.code[0].value == "nb2image compare @2 @1"
    page.button(key="compare").click().run()
    (request,) = launch.requests
    assert (request.kind, request.arguments) == ("compare", ("@2", "@1"))
    assert request.folder == str(tmp_path / "start")
    assert request.title == "a:gpu @2 · a:cpu @1"
    assert page.query_params["job"]
    assert not page.exception


@pytest.mark.parametrize("name", ["../x.tar", "--push", "/etc/passwd"])
def test_what_may_not_be_named(name: str, history: History, open_page: OpenPage) -> None:
    """A path that leaves the start folder, or an option, is refused in words."""
    page = open_page("compare", image=[name, "a:1"])
    assert page.error
    assert page.button(key="compare").disabled


def test_variants(
    history: History, open_page: OpenPage, launch: FakeLaunch, tmp_path: Path
) -> None:
    """The page says which variants are there; the missing ones are built by one command."""
    notebook = tmp_path / "start" / "sub" / "a.ipynb"
    notebook.parent.mkdir()
    notebook.touch()
    history.add(replace(ENTRY, notebook=str(notebook)))
    page = open_page("compare")
    page.selectbox(key="notebook").set_value("sub/a.ipynb").run()
    shown = " ".join(text.value for text in page.markdown)
    assert "**cpu**: a\\:cpu, 100\\.0 MB" in shown
    assert "**cpu-single**: not built yet" in shown
    page.button(key="build-variants").click().run()
    (request,) = launch.requests
    assert request.arguments == ("sub/a.ipynb", "--variants", "cpu,cpu-single", "--reuse")
    assert request.notebook == str(notebook)


def test_notebook_outside_is_refused(history: History, open_page: OpenPage) -> None:
    """Variants are built only of notebooks below the start folder."""
    page = open_page("compare", notebook="../a.ipynb")
    assert page.error
    assert "build-variants" not in {button.key for button in page.button}


def test_result(
    history: History, open_page: OpenPage, jobs: JobManager, launch: FakeLaunch
) -> None:
    """Totals, what grew, times, waste and the command are shown."""
    job = finished(jobs, launch, result=msgspec.json.encode(COMPARISON))
    page = open_page("compare", job=job.id)
    assert not page.exception
    assert [item.value for item in page.subheader] == [
        "Size", "What the images are made of", "One image by package", "What grew and shrank",
        "Build time", "Efficiency and waste", "Take it away",
    ]  # fmt: skip
    changes = page.dataframe[0].value
    assert list(changes["Name"][:2]) == ["gcc-12", "libc6"]
    assert page.code[-1].value == "nb2image compare a:cpu a:cpu-single a-image"


def test_baseline_and_budget(
    history: History, open_page: OpenPage, jobs: JobManager, launch: FakeLaunch
) -> None:
    """Another baseline turns the differences; limits pass or fail; the command has both."""
    job = finished(jobs, launch, result=msgspec.json.encode(COMPARISON))
    page = open_page("compare", job=job.id)
    page.selectbox(key="baseline").set_value(1).run()
    assert page.code[-1].value == "nb2image compare a:cpu-single a:cpu a-image"
    page.text_input(key="limit-max_growth").set_value("0%").run()
    assert page.success[0].value.startswith("Pass")
    page.text_input(key="limit-max_size").set_value("120MB").run()
    assert page.error[0].value.startswith("Fail")
    assert page.code[-1].value == (
        "nb2image compare a:cpu-single a:cpu a-image --max-size 120MB --max-growth 0%"
    )
    page.text_input(key="limit-max_size").set_value("much").run()
    assert any("no size" in error.value for error in page.error)
    assert "--max-size" not in page.code[-1].value


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (["a", "b", "c", "--top", "3"], ["b", "a", "c", "--top", "3"]),
        (["n.ipynb", "--variants", "x,y,z"], ["n.ipynb", "--variants", "y,x,z"]),
        (["n.ipynb", "--variants=x,y,z"], ["n.ipynb", "--variants=x,y,z"]),
        (["--top", "3", "a", "b", "c"], ["--top", "3", "a", "b", "c"]),
    ],
)
def test_command_of_another_baseline(given: list[str], shown: list[str]) -> None:
    """Images or variants change their places; what was typed otherwise stays."""
    request = JobRequest(kind="compare", arguments=tuple(given), folder="/")
    assert outcome.arguments(Job(id="x", request=request, created=0.0), (1, 0, 2)) == shown


def test_budget_of_the_project(
    history: History, open_page: OpenPage, jobs: JobManager, launch: FakeLaunch, tmp_path: Path
) -> None:
    """The limits of the start folder's configuration are there at the beginning."""
    (tmp_path / "start" / "nb2image.toml").write_text('[gates]\nmax-size = "130MB"\n')
    job = finished(jobs, launch, result=msgspec.json.encode(COMPARISON))
    page = open_page("compare", job=job.id)
    assert page.error[0].value.startswith("Fail")
    assert page.code[-1].value.endswith("--max-size 130000000")


def test_failure_is_told(
    history: History, open_page: OpenPage, jobs: JobManager, launch: FakeLaunch
) -> None:
    """An engine that is away, or an unknown image, is said with what to do."""
    said = (
        b'{"kind":"error","code":"engine-missing","message":"no container engine at <b>x",'
        b'"hint":"install Docker","exit_code":6}'
    )
    job = finished(jobs, launch, status=6, said=said)
    page = open_page("compare", job=job.id)
    assert "no container engine at \\<b\\>x" in page.error[0].value
    assert any("install Docker" in text.value for text in page.markdown)


def test_job_that_is_not_there(history: History, open_page: OpenPage) -> None:
    """An address of long ago is no error."""
    page = open_page("compare", job="20260101-000000-00000000")
    assert not page.exception
    assert page.warning


def test_while_it_runs(
    history: History, open_page: OpenPage, jobs: JobManager, launch: FakeLaunch
) -> None:
    """A comparison that goes on can be cancelled and watched; it says what it looks into."""
    job = jobs.start(JobRequest(kind="compare", arguments=("a", "b"), folder="/"))
    launch.children[0].say(
        b'{"kind":"stage-started","stage":"inspect","step":"a:1","number":1,"total":2}'
    )
    page = open_page("compare", job=job.id)
    assert not page.exception
    page.button(key=f"cancel-{job.id}").click().run()
    wait_for(jobs, job.id, "cancelled")
