"""The Build page: reading, the form's rules, the plan, the button, and links into it."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import state
from dashboard.build.session import key
from nb2image.jobs import JobManager, JobRequest
from tests.dashboard.conftest import FakeLaunch, OpenPage

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "sample_notebooks"
NAME = "wine.ipynb"
CHECKS = [{"name": "engine", "state": "ok", "found": "Docker 27"}]


@pytest.fixture
def start(jobs: JobManager) -> Path:
    """The start folder with a notebook in it."""
    folder = state.start_folder()
    shutil.copy(SAMPLES / "wine-classifier" / "wine_classifier.ipynb", folder / NAME)
    shutil.copy(SAMPLES / "epidemic-parameters" / "epidemic.ipynb", folder)
    shutil.copy(SAMPLES / "needs-r" / "needs_r.ipynb", folder)
    return folder


Answer = Callable[[AppTest], AppTest]


@pytest.fixture
def answer(launch: FakeLaunch) -> Answer:
    """Answers what the page asked: the plan of the sample, and that this machine is ready."""
    answered: set[int] = set()
    plan = (ROOT / "tests/unit/samples/wine-classifier/plan.json").read_text()

    def give(app: AppTest, *, failure: dict[str, Any] | None = None) -> AppTest:
        plans = state.plans()
        for number, request in enumerate(launch.requests):
            if number in answered or request.kind not in ("plan", "doctor"):
                continue
            answered.add(number)
            job = next(j for j in plans.jobs() if j.request == request and not j.finished)
            result = json.dumps(CHECKS)
            if request.kind == "plan":
                result = f'{{"plan": {plan}}}'
            plans.store.result(job.id).write_text(result)
            wrong = failure is not None and request.kind == "plan"
            if wrong:
                launch.children[number].say(json.dumps({"kind": "error", **failure}).encode())
            launch.children[number].end(4 if wrong else 0)
            wait_for(lambda job=job: plans.job(job.id).finished)
        return app.run()

    return give


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def asked(launch: FakeLaunch, kind: str = "plan") -> list[tuple[str, ...]]:
    """The arguments of the commands that the page started."""
    return [request.arguments for request in launch.requests if request.kind == kind]


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def command(app: AppTest) -> str:
    """The equivalent command line that the page shows."""
    return next(code.value for code in app.code if code.value.startswith("nb2image convert"))


def texts(app: AppTest) -> str:
    """All that the page says, its Markdown as it is read."""
    said = [*app.markdown, *app.error, *app.info, *app.success, *app.caption]
    return "\n".join(str(element.value) for element in said).replace("\\", "")


WIDGETS = ("radio", "selectbox", "text_input", "multiselect", "checkbox", "number_input")


def put(app: AppTest, **fields: Any) -> AppTest:
    """Fill fields in as a visitor would, and let the page follow."""
    for name, value in fields.items():
        widgets = (widget for kind in WIDGETS for widget in app.get(kind))
        next(widget for widget in widgets if widget.key == key(name)).set_value(value)
    return app.run()


def test_without_a_notebook(start: Path, open_page: OpenPage, launch: FakeLaunch) -> None:
    """The page says what it does, offers what there is, and asks nothing."""
    app = open_page("build")
    assert not app.exception
    assert set(app.selectbox(key="build-choice").options) == {
        NAME, "epidemic.ipynb", "needs_r.ipynb",
    }  # fmt: skip
    assert "proved to run" in texts(app)
    assert launch.requests == []


def test_an_empty_folder(jobs: JobManager, open_page: OpenPage) -> None:
    """Nothing to choose: what to do about it."""
    assert "Upload one" in texts(open_page("build"))


def test_a_notebook_is_read_at_once(start: Path, open_page: OpenPage, launch: FakeLaunch) -> None:
    """Its cells are told before any command has answered; what takes long is a job."""
    app = open_page("build")
    app.selectbox(key="build-choice").select("epidemic.ipynb").run()
    assert not app.exception
    assert metrics(app)["Code cells"] == "5"
    assert metrics(app)["Parameters"] == "7"
    assert metrics(app)["GPU"] == "not needed"
    assert asked(launch) == [("epidemic.ipynb", "--forecast", "--no-history")]
    assert app.query_params["notebook"] in ("epidemic.ipynb", ["epidemic.ipynb"])


def test_the_plan(start: Path, open_page: OpenPage, answer: Answer, launch: FakeLaunch) -> None:
    """When the plan is there, the figures, the table and the automatic choices are."""
    app = answer(open_page("build", notebook=NAME))
    assert not app.exception
    assert metrics(app)["Python"] == "3.11"
    assert int(metrics(app)["Packages"]) > 3
    assert app.text_input(key=key("tag")).placeholder == "wine-classifier:latest"
    assert any("This machine is ready" in e.label for e in app.expander)
    assert not app.button(key="build-start").disabled
    assert len(asked(launch)) == 1


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"target": "cpu"}, "--cpu"),
        ({"target": "gpu"}, "--gpu"),
        ({"single_stage": True}, "--single-stage"),
        ({"python": "3.12"}, "--python 3.12"),
        ({"base_image": "python:3.12-slim"}, "--base-image python:3.12-slim"),
        ({"builder": "docker"}, "--builder docker"),
        ({"tag": " me/a:1 "}, "--tag me/a:1"),
        ({"apt": ["libgl1", "git"]}, "--apt libgl1 --apt git"),
        ({"include": ["a b.csv"]}, "--include 'a b.csv'"),
        ({"exclude": ["*.zip"]}, "--exclude '*.zip'"),
        ({"constraint": ["numpy<2"]}, "--constraint 'numpy<2'"),
        ({"assume": ["cv2=opencv-python"]}, "--assume cv2=opencv-python"),
        ({"needs": ["openpyxl"]}, "--needs openpyxl"),
        ({"entry": "lab"}, "--entry lab"),
        ({"order": "executed"}, "--order executed"),
        ({"skip_cells": "3,5-7"}, "--skip-cells 3,5-7"),
        ({"until": 2}, "--until 2"),
        ({"parameter_cell": 2}, "--parameter-cell 2"),
        ({"env": ["A=b c"]}, "--env 'A=b c'"),
        ({"no_verify": True}, "--no-verify"),
        ({"require": "ran"}, "--require ran"),
        ({"network": "bridge"}, "--network bridge"),
        ({"timeout": 90.0}, "--timeout 90"),
        ({"memory": "16GiB"}, "--memory 16GiB"),
        ({"versions": "as-of", "as_of": "2024-01-31"}, "--versions as-of --as-of 2024-01-31"),
        ({"platform": "linux/arm64"}, "--platform linux/arm64"),
        ({"compile_bytecode": True, "trim": True}, "--compile-bytecode --trim"),
    ],
)
def test_each_field_is_an_option(
    fields: dict[str, Any], expected: str, start: Path, open_page: OpenPage
) -> None:
    """What is chosen stands in the command, and in the address."""
    app = put(open_page("build", notebook=NAME), **fields)
    assert not app.exception
    assert command(app) == f"nb2image convert {expected} {NAME}"
    assert app.query_params["options"] in (expected, [expected])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"tag": "Not A Tag"}, "not the name of an image"),
        ({"base_image": "a b"}, "not the name of an image"),
        ({"apt": ["a;b"]}, "not the name of a Debian package"),
        ({"constraint": ["numpy"]}, "does not bound"),
        ({"env": ["A"]}, "NAME=VALUE"),
        ({"as_of": "soon"}, "write it as 2023-06-30"),
        ({"skip_cells": "x"}, "3,5-7"),
        ({"memory": "much"}, "not a size"),
        ({"trim": True, "builder": "embedded"}, "needs a Docker engine"),
    ],
)
def test_a_wrong_value(
    fields: dict[str, Any], said: str, start: Path, open_page: OpenPage, launch: FakeLaunch
) -> None:
    """It is named, the button waits, and no command gets it."""
    app = open_page("build", notebook=NAME)
    before = len(launch.requests)
    put(app, **fields)
    assert not app.exception
    assert said in texts(app)
    assert app.button(key="build-start").disabled
    assert len(launch.requests) == before


def test_what_changes_no_plan_asks_for_none(
    start: Path, open_page: OpenPage, launch: FakeLaunch
) -> None:
    """The name and the proof concern the build alone."""
    put(open_page("build", notebook=NAME), tag="me/a:1", memory="1GiB")
    assert len(asked(launch)) == 1


def test_another_choice_takes_the_place_of_a_plan(
    start: Path, open_page: OpenPage, launch: FakeLaunch
) -> None:
    """The plan that nobody waits for any more is cancelled."""
    app = put(open_page("build", notebook=NAME), python="3.12")
    plans = [job for job in state.plans().jobs() if job.request.kind == "plan"]
    assert len(plans) == 2
    wait_for(lambda: state.plans().job(plans[-1].id).state == "cancelled")
    put(app, python=None)  # the first question again: its answer was given up, so it is asked anew
    assert len(asked(launch)) == 3


def test_while_a_plan_is_made_the_last_one_stays(
    start: Path, open_page: OpenPage, answer: Answer
) -> None:
    """The page does not go blank at each change."""
    app = put(answer(open_page("build", notebook=NAME)), python="3.12")
    assert metrics(app)["Python"] == "3.11"
    assert "from before" in texts(app)


def edit_a_table() -> None:
    """A page of its own: the callback of the table, with what a browser would send."""
    import streamlit as st

    from dashboard.build import preview
    from dashboard.build.packages import Row

    row = Row(name="numpy", version="2.1.0", direct=True, place="", why="", rule="", size=1)
    st.session_state["table"] = {"edited_rows": st.session_state["sent"]}
    preview.take_edits("table", (row,))


@pytest.mark.parametrize(
    ("sent", "constraints", "problems"),
    [
        ({0: {"Version": "1.26.4"}}, ["pandas<3", "numpy==1.26.4"], 0),
        ({"0": {"Version": "<2"}}, ["pandas<3", "numpy<2"], 0),
        ({0: {"Version": None}}, ["pandas<3"], 0),
        ({0: {"Version": "new"}}, ["pandas<3", "numpy>1"], 1),
        ({0: {"Package": "evil"}}, ["pandas<3", "numpy>1"], 0),
        ({9: {"Version": "1"}}, ["pandas<3", "numpy>1"], 0),
    ],
)
def test_an_edited_version(sent: dict[Any, Any], constraints: list[str], problems: int) -> None:
    """A version typed into the table becomes a bound in the form; nothing else can be changed."""
    app = AppTest.from_function(edit_a_table)
    app.session_state["sent"] = sent
    app.session_state[key("constraint")] = ["pandas<3", "numpy>1"]
    app.run()
    assert not app.exception
    assert app.session_state[key("constraint")] == constraints
    assert len(app.session_state["build-table-problems"]) == problems


def test_a_plan_that_fails(
    start: Path, open_page: OpenPage, answer: Any, launch: FakeLaunch
) -> None:
    """The cause stands on top with its cell, the field to look at opens, the button waits."""
    failure = {
        "code": "import-unresolved",
        "message": "no distribution found for import frobnicate",
        "hint": "name what provides each",
        "where": {"cell": 2, "line": 1, "file": None},
        "findings": [
            {"severity": "error", "code": "import-unresolved", "message": "no distribution",
             "place": {"cell": 2, "line": 1, "file": None}, "hint": "--assume x=DISTRIBUTION"}
        ],
        "details": [],
        "exit_code": 4,
    }  # fmt: skip
    app = answer(open_page("build", notebook=NAME), failure=failure)
    assert not app.exception
    assert "No distribution found for import frobnicate" in app.error[0].value
    assert "cell 2" in texts(app)
    assert app.button(key="build-start").disabled
    group = next(e for e in app.expander if e.label.startswith("Packages"))
    assert group.proto.expanded
    app.button(key="build-try-again").click().run()
    assert len(asked(launch)) == 2


def test_a_notebook_that_cannot_be_converted(start: Path, open_page: OpenPage) -> None:
    """It is told at once why, and nothing can be built."""
    app = open_page("build", notebook="needs_r.ipynb")
    assert not app.exception
    assert "cannot be converted" in app.error[0].value
    assert not [b for b in app.button if b.key == "build-start"]
    app.button(key="build-leave-out").click().run()
    assert not app.exception
    assert not app.error
    assert command(app) == "nb2image convert --skip-cells 4 needs_r.ipynb"


@pytest.mark.parametrize(
    "name", ["../secret.ipynb", "/etc/passwd", "none.ipynb", "upload:" + 32 * "0", "a\0b"]
)
def test_what_may_not_be_opened(
    name: str, start: Path, open_page: OpenPage, launch: FakeLaunch
) -> None:
    """An address that names another file gets words, not the file."""
    (start.parent / "secret.ipynb").write_bytes((start / NAME).read_bytes())
    app = open_page("build", notebook=name)
    assert not app.exception
    assert app.error
    assert not app.metric
    assert launch.requests == []


def test_hostile_names_are_text(start: Path, open_page: OpenPage) -> None:
    """A file's name is no Markdown."""
    (start / "![x](http:evil).ipynb").write_text("{")
    app = open_page("build", notebook="![x](http:evil).ipynb")
    assert not app.exception
    assert all("![x](" not in error.value for error in app.error)


def test_an_upload(start: Path, open_page: OpenPage, launch: FakeLaunch) -> None:
    """It is kept, chosen and planned where it is kept."""
    app = open_page("build")
    data = (start / NAME).read_bytes()
    app.file_uploader[0].upload("My wine.ipynb", data, "application/json").run()
    assert not app.exception
    assert metrics(app)["Code cells"] == "6"
    path = Path(asked(launch)[0][0])
    assert path.is_relative_to(state.shared().uploads)
    assert path.name == "my-wine.ipynb"
    reference = app.query_params["notebook"]
    assert str(reference if isinstance(reference, str) else reference[0]).startswith("upload:")


def test_an_upload_that_is_no_notebook(start: Path, open_page: OpenPage) -> None:
    """It is refused with the reason, and not kept."""
    app = open_page("build")
    app.file_uploader[0].upload("a.ipynb", b"\x7fELF", "application/json").run()
    assert not app.exception
    assert "was not taken" in app.error[0].value
    assert not state.shared().uploads.exists()


def test_the_button(start: Path, open_page: OpenPage, answer: Answer, launch: FakeLaunch) -> None:
    """It starts the very command that is shown, as a job, and goes to watch it."""
    app = put(answer(open_page("build", notebook=NAME)), tag="me/a:1")
    shown = command(app)
    app.button(key="build-start").click().run()
    assert not app.exception
    (job,) = state.jobs().jobs()
    assert shown == f"nb2image convert {' '.join(job.request.arguments)}"
    assert job.request.folder == str(start)
    assert job.request.notebook == str(start / NAME)
    assert app.query_params["job"] in (job.id, [job.id])


def test_a_build_that_runs_is_not_started_twice(
    start: Path, open_page: OpenPage, answer: Answer
) -> None:
    """Both would write into the same folder."""
    state.jobs().start(
        JobRequest(kind="convert", arguments=(NAME,), folder=str(start), notebook=str(start / NAME))
    )
    app = answer(open_page("build", notebook=NAME))
    assert app.button(key="build-start").disabled
    assert "is being built" in texts(app)


def test_a_reload_keeps_the_form(start: Path, open_page: OpenPage) -> None:
    """All that was chosen stands in the address."""
    options = "--python 3.12 --constraint 'numpy<2' --no-verify"
    app = open_page("build", notebook=NAME, options=options)
    assert not app.exception
    assert app.session_state[key("python")] == "3.12"
    assert command(app) == f"nb2image convert {options} {NAME}"


def test_a_wrong_value_in_an_address(start: Path, open_page: OpenPage) -> None:
    """It gets into the form and no further."""
    app = open_page("build", notebook=NAME, options="--python 2.7")
    assert not app.exception
    assert "not a Python version" in texts(app)
    assert app.button(key="build-start").disabled


@pytest.mark.parametrize("options", ["--nope", "'unclosed", "--help", "a.ipynb b.ipynb"])
def test_an_address_that_means_nothing(options: str, start: Path, open_page: OpenPage) -> None:
    """The form stays as it is, and says so."""
    app = open_page("build", notebook=NAME, options=options)
    assert not app.exception
    assert "not those of a build" in texts(app)
    assert command(app) == f"nb2image convert {NAME}"


def test_a_link_can_start_nothing(start: Path, open_page: OpenPage, launch: FakeLaunch) -> None:
    """Options that read or write files or start programs do not come in by an address."""
    options = "--env-from /tmp/evil --lock /tmp/x --python 3.12"
    app = open_page("build", notebook=NAME, options=options)
    assert command(app) == f"nb2image convert --python 3.12 {NAME}"
    assert all("evil" not in " ".join(given) for given in asked(launch))


def failed_job(start: Path, launch: FakeLaunch, code: str, message: str) -> str:
    """A build that failed."""
    job = state.jobs().start(
        JobRequest(
            kind="convert",
            arguments=("--apt", "libnone", "--python", "3.12", NAME),
            folder=str(start),
            notebook=str(start / NAME),
        )
    )
    event = {
        "kind": "error", "code": code, "message": message, "hint": "", "where": None,
        "findings": [], "details": [], "exit_code": 7,
    }  # fmt: skip
    launch.children[-1].say(json.dumps(event).encode())
    launch.children[-1].end(7)
    wait_for(lambda: state.jobs().job(job.id).finished)
    return job.id


def test_repeat_an_earlier_build(start: Path, open_page: OpenPage, launch: FakeLaunch) -> None:
    """``?job=`` fills the form as it was."""
    app = open_page("build", job=failed_job(start, launch, "x", "y"))
    assert not app.exception
    assert command(app) == f"nb2image convert --python 3.12 --apt libnone {NAME}"
    assert "as it was" in texts(app)


def test_fix_an_earlier_build(start: Path, open_page: OpenPage, launch: FakeLaunch) -> None:
    """``&fix=1`` adds what its failure suggests, and shows the field."""
    number = failed_job(start, launch, "apt-package-missing", "Debian has no package libnone")
    app = open_page("build", job=number, fix="1")
    assert not app.exception
    assert command(app) == f"nb2image convert --python 3.12 {NAME}"
    assert "Leave out the package libnone" in app.success[0].value


def test_a_failure_that_only_a_person_can_mend(
    start: Path, open_page: OpenPage, launch: FakeLaunch
) -> None:
    """The field that decides is open."""
    number = failed_job(start, launch, "file-missing", "the context does not hold x")
    app = open_page("build", job=number, fix="1")
    assert "the context does not hold x" in texts(app)
    assert next(e for e in app.expander if e.label.startswith("Files")).proto.expanded


def test_a_named_fix(start: Path, open_page: OpenPage) -> None:
    """``?fix=CODE:VALUE`` with a notebook."""
    app = open_page("build", notebook=NAME, fix="module-missing:yaml")
    assert command(app) == f"nb2image convert --needs yaml {NAME}"


@pytest.mark.parametrize("job", ["20200101-000000-00000000", "../../etc", "x"])
def test_a_job_that_is_not_there(job: str, start: Path, open_page: OpenPage) -> None:
    """It is said, and the page works."""
    app = open_page("build", job=job)
    assert not app.exception
    assert "not kept" in app.error[0].value


def test_a_job_of_another_folder(start: Path, open_page: OpenPage, launch: FakeLaunch) -> None:
    """Its notebook cannot be opened here."""
    request = JobRequest(kind="convert", folder="/", notebook="/etc/passwd", arguments=("x",))
    app = open_page("build", job=state.jobs().start(request).id)
    assert "not below the folder" in app.error[0].value
    assert not app.metric


def test_the_form_survives_a_visit_elsewhere(start: Path, open_page: OpenPage) -> None:
    """Going to another page and back forgets nothing."""
    app = put(open_page("build", notebook=NAME), python="3.12", apt=["git"])
    shown = command(app)
    app.switch_page("app_pages/watch.py").run()
    app.switch_page("app_pages/build.py").run()
    assert not app.exception
    assert command(app) == shown


def test_another_notebook_begins_anew(start: Path, open_page: OpenPage) -> None:
    """What was chosen belonged to the old one."""
    app = put(open_page("build", notebook=NAME), python="3.12", until=2)
    app.selectbox(key="build-choice").select("epidemic.ipynb").run()
    assert command(app) == "nb2image convert epidemic.ipynb"


@pytest.mark.parametrize("tab", ["Packages", "train.py", "Dockerfile", "Size", "Notebook"])
def test_every_tab(tab: str, start: Path, open_page: OpenPage, answer: Answer) -> None:
    """Each preview is made of the plan."""
    app = open_page("build", notebook=NAME)
    app.session_state["build-tabs"] = tab
    answer(app)
    assert not app.exception
