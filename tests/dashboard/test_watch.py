"""The Watch page: the list, a job at work, how it ended, why it failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.stream import Stream
from nb2image.jobs import Job, JobManager, JobRequest
from nb2image.model import BuiltImage, Report
from nb2image.model.verdict import Failure, Verdict
from tests.dashboard.conftest import OpenPage
from tests.fake_jobs import FakeLaunch, wait_for

STEP = "[dependencies 1/1] RUN pip install x"


def request(**more: Any) -> JobRequest:
    fields: dict[str, Any] = {
        "kind": "convert", "arguments": ("a b.ipynb",), "folder": "/", "title": "a b.ipynb",
        "form": {"notebook": "a b.ipynb"},
    }  # fmt: skip
    return JobRequest(**{**fields, **more})


def texts(page: AppTest) -> str:
    """All that the page says."""
    parts = [page.title, page.markdown, page.error, page.warning, page.success, page.code]
    return "\n".join(str(e.value) for part in parts for e in part)


def end(jobs: JobManager, launch: FakeLaunch, job: Job, status: int, **error: Any) -> Job:
    """Let the newest command end."""
    if error:
        launch.children[-1].tell("error", **error)
    launch.children[-1].end(status)
    return wait_for(jobs, job.id, "done", "failed")


def test_without_jobs_the_page_leads_to_the_form(open_page: OpenPage) -> None:
    """Nothing to see yet."""
    assert "Nothing was built here yet." in texts(open_page("watch"))


def test_the_list_shows_every_job(
    open_page: OpenPage, jobs: JobManager, launch: FakeLaunch
) -> None:
    """With its state."""
    jobs.start(request())
    jobs.start(request(title="other"))
    page = open_page("watch")
    assert not page.exception
    states = [html.proto.body for html in page.get("html") if "running" in html.proto.body]
    assert len(states) == 2


def test_a_running_job_can_be_cancelled(open_page: OpenPage, jobs: JobManager) -> None:
    """The button interrupts the command; the page then offers to build again."""
    job = jobs.start(request())
    page = open_page("watch", job=job.id)
    assert page.title[0].value == r"a b\.ipynb"
    assert page.code[0].value == "nb2image convert 'a b.ipynb'"
    page.button(key="cancel").click().run()
    wait_for(jobs, job.id, "cancelled")
    page.run()
    assert "Cancelled" in page.warning[0].value
    assert page.button(key="edit").label == "Build again"


def test_a_finished_job_shows_its_image(
    open_page: OpenPage, jobs: JobManager, launch: FakeLaunch
) -> None:
    """Its name and its size, and the way to the comparison."""
    image = BuiltImage(reference="a:latest", id="sha256:1", size=372_700_000, builder="docker",
                       seconds=9.0)  # fmt: skip
    launch.result = msgspec.json.encode(Report(notebook="a.ipynb", image=image))
    job = jobs.start(request())
    end(jobs, launch, job, 0)
    page = open_page("watch", job=job.id)
    assert not page.exception
    assert "a:latest" in page.success[0].value
    assert "372.7 MB" in page.success[0].value


@pytest.mark.parametrize("number", ["x", "../../etc/passwd", "20200101-000000-00000000"])
def test_an_address_without_such_a_job_shows_the_list(number: str, open_page: OpenPage) -> None:
    """A link that is old or made up does no harm."""
    page = open_page("watch", job=number)
    assert not page.exception
    assert page.title[0].value == "Watch"


def test_a_failed_build_shows_cause_line_and_fix(
    open_page: OpenPage, jobs: JobManager, launch: FakeLaunch, tmp_path: Path
) -> None:
    """The cause in words first, the line of the Dockerfile, and a button that mends it."""
    (tmp_path / "Dockerfile").write_text("FROM python:3.11\n# why\nRUN pip install x\n")
    job = jobs.start(request())
    child = launch.children[0]
    child.tell("stage-started", stage="render")
    child.tell("stage-finished", stage="render", seconds=0.1, detail=str(tmp_path))
    child.tell("stage-started", stage="build", step=STEP)
    end(
        jobs, launch, job, 7,
        code="compiler-missing",
        message="step [dependencies 1/1] failed: a package needs a compiler",
        hint="use the *multi-stage* layout",
        details=["gcc: not found"],
    )  # fmt: skip
    page = open_page("watch", job=job.id)
    assert not page.exception
    assert "Step" in page.error[0].value
    assert "needs a compiler" in page.error[0].value
    assert r"\*multi\-stage\*" in page.markdown[0].value
    assert page.button(key="fix").label == "Build in several stages"
    shown = [code.value for code in page.code]
    assert any(">    3 RUN pip install x" in text for text in shown)
    assert "gcc: not found" in shown
    page.button(key="fix").click().run()
    assert page.query_params["fix"] in ("1", ["1"])
    assert page.query_params["job"] in (job.id, [job.id])


def test_a_failed_run_shows_the_cell(
    open_page: OpenPage, jobs: JobManager, launch: FakeLaunch, tmp_path: Path
) -> None:
    """The notebook's cell at fault; what lacked comes from the verdict."""
    notebook = tmp_path / "a.ipynb"
    cell = {"cell_type": "code", "source": "import cv2", "metadata": {}, "outputs": [],
            "execution_count": None, "id": "a"}  # fmt: skip
    notebook.write_text(
        json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    lack = Failure(code="library-missing", message="", wanted="libGL.so.1")
    verdict = Verdict(ran=False, exit_status=1, failure=lack)
    launch.result = msgspec.json.encode(Report(notebook="a.ipynb", verdict=verdict))
    job = jobs.start(request(notebook=str(notebook)))
    end(jobs, launch, job, 8, code="library-missing", message="it lacks libGL",
        where={"cell": 1, "line": 1})  # fmt: skip
    page = open_page("watch", job=job.id)
    assert not page.exception
    assert "import cv2" in [code.value for code in page.code]
    assert page.button(key="fix").label == "Add the package libgl1"


def test_what_a_notebook_says_is_no_markup(
    open_page: OpenPage, jobs: JobManager, launch: FakeLaunch
) -> None:
    """A message that holds Markdown or HTML is shown as it is."""
    job = jobs.start(request(title="![x](http://evil.example/a.png) :red[a] <b>"))
    end(jobs, launch, job, 3, code="x", message="[a](javascript:alert(1)) $x$ `y`")
    page = open_page("watch", job=job.id)
    assert r"\!\[x\]\(http\://evil\.example/a\.png\)" in page.title[0].value
    assert r"\[a\]\(javascript\:alert\(1\)\) \$x\$ \`y\`" in page.error[0].value


def messages(stream: Stream) -> list[tuple[str, Any]]:
    """All that a stream sends of a job that is over."""
    found = []
    while not stream.ended:
        for raw in stream.more(2)[0]:
            head, _, data = raw.decode().strip().rpartition("\ndata: ")
            found.append((head.removeprefix("event: "), json.loads(data)))
    return found


def test_a_stream_tells_lines_steps_and_the_end(jobs: JobManager, launch: FakeLaunch) -> None:
    """A visitor who comes back gets only the lines that are missing, and all of the steps."""
    job = jobs.start(request())
    child = launch.children[0]
    child.tell("stage-started", stage="build")
    for text in "abc":
        child.tell("output-line", stage="build", line=text)
    end(jobs, launch, job, 7, code="x", message="it failed")
    with Stream(jobs, job.id, after=4) as stream:
        sent = messages(stream)
    lines = [line for head, data in sent if head.startswith("lines") for line in data]
    assert [(seq, text) for seq, _, _, text in lines] == [(5, "c"), (6, "error: it failed")]
    assert sent[-1] == ("end", "failed")
    picture = [data for head, data in sent if head == "steps"][-1]
    assert [(s["stage"], s["state"]) for s in picture["steps"]] == [("build", "failed")]
    assert picture["ended"] is not None


def test_what_was_saved_is_told(open_page: OpenPage, jobs: JobManager, launch: FakeLaunch) -> None:
    """Where an image was brought to; a comparison is a link away."""
    launch.result = b'{"image":"a:1","image_id":"sha256:1","to":"a[1].tar","seconds":1.0}'
    saved = end(jobs, launch, jobs.start(request(kind="save")), 0)
    assert "Brought to a\\[1\\]\\.tar." in texts(open_page("watch", job=saved.id))
    launch.result = b"{}"
    compared = end(jobs, launch, jobs.start(request(kind="compare")), 0)
    page = open_page("watch", job=compared.id)
    assert not page.exception
    assert "See the comparison" in [link.proto.label for link in page.get("page_link")]
