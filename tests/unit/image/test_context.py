"""Writing a context to disk and reading its plan back."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

import pytest

from nb2image.context import read_context, write_context
from nb2image.errors import OptionError, PlanError
from nb2image.model import PlannedFile
from nb2image.project import Project
from tests.unit.image.plans import PLAN, plan


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a notebook in a folder."""
    root = tmp_path / "project"
    (root / "work").mkdir(parents=True)
    (root / "work/analysis.ipynb").write_text("{}")
    return Project(root=root, notebook=PurePosixPath("work/analysis.ipynb"))


def test_a_written_context_reads_back(project: Project, tmp_path: Path) -> None:
    """The plan of a context is the plan it was written from."""
    folder = write_context(PLAN, project, tmp_path / "ctx", force=False)
    assert read_context(folder) == PLAN


def test_a_folder_that_is_not_empty_is_refused(project: Project, tmp_path: Path) -> None:
    """Without --force nothing is written into a folder that holds something."""
    folder = tmp_path / "ctx"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine")
    with pytest.raises(OptionError) as caught:
        write_context(PLAN, project, folder, force=False)
    assert caught.value.code == "output-not-empty"
    assert [p.name for p in folder.iterdir()] == ["thesis.txt"]


def test_force_replaces_only_what_was_written(project: Project, tmp_path: Path) -> None:
    """--force leaves foreign files alone and keeps edited ones aside."""
    folder = write_context(PLAN, project, tmp_path / "ctx", force=False)
    (folder / "notes.txt").write_text("mine")
    (folder / "Dockerfile").write_text("FROM mine")
    write_context(plan(name="other"), project, folder, force=True)
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / ".edited/Dockerfile").read_text() == "FROM mine"
    assert read_context(folder).name == "other"


def test_force_never_overwrites_a_foreign_file(project: Project, tmp_path: Path) -> None:
    """A Dockerfile of the user's own stops the writing, with nothing changed."""
    folder = tmp_path / "ctx"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM mine")
    with pytest.raises(OptionError) as caught:
        write_context(PLAN, project, folder, force=True)
    assert caught.value.code == "output-foreign"
    assert [p.name for p in folder.iterdir()] == ["Dockerfile"]


def test_a_file_that_changed_since_the_plan_is_refused(project: Project, tmp_path: Path) -> None:
    """What goes into the context is what the plan says, byte for byte; else nothing is left."""
    file = PlannedFile(
        path="work/analysis.ipynb",
        size=2,
        sha256=hashlib.sha256(b"other").hexdigest(),
        reason="the notebook",
        kind="notebook",
    )
    with pytest.raises(PlanError) as caught:
        write_context(plan(files=(file,)), project, tmp_path / "ctx", force=False)
    assert caught.value.code == "file-changed"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["project"]
