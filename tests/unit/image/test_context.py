"""Writing a context to disk and reading its plan back."""

from __future__ import annotations

import errno
import hashlib
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from nb2image.errors import OptionError, PlanError
from nb2image.model import PlannedFile
from nb2image.project.context import read_context, write_context
from nb2image.project.root import Project
from tests.unit.image.plans import PACKAGE, PLAN, REQUIREMENTS, plan


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


def test_project_files_are_copied(project: Project, tmp_path: Path) -> None:
    """Code below app/, data below data/, each at its place in the project."""
    (project.root / "a.csv").write_bytes(b"1,2")
    files = tuple(
        PlannedFile(
            path=path, size=0, sha256=hashlib.sha256(data).hexdigest(), reason="", kind=kind
        )
        for path, data, kind in (
            ("work/analysis.ipynb", b"{}", "notebook"),
            ("a.csv", b"1,2", "data"),
        )
    )
    folder = write_context(plan(files=files), project, tmp_path / "ctx", force=False)
    assert (folder / "app/work/analysis.ipynb").read_bytes() == b"{}"
    assert (folder / "data/a.csv").read_bytes() == b"1,2"


def test_a_file_that_is_gone_is_refused(project: Project, tmp_path: Path) -> None:
    """Deleted between the plan and the writing."""
    file = PlannedFile(path="gone.csv", size=0, sha256="0" * 64, reason="", kind="data")
    with pytest.raises(PlanError) as caught:
        write_context(plan(files=(file,)), project, tmp_path / "ctx", force=False)
    assert caught.value.code == "file-changed"


def listing(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.mark.parametrize("stop_at", [0, 1, 5, 12, 20])
def test_an_interrupted_replacement_leaves_what_was_there(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    """Ctrl-C between any two moves: the former context, and the user's edits, are still whole."""
    folder = write_context(PLAN, project, tmp_path / "ctx", force=False)
    (folder / "Dockerfile").write_text("FROM mine")
    before = listing(folder)
    rename = Path.rename
    moves = iter(range(100))

    def interrupted(source: Path, target: Path) -> Path:
        if next(moves) == stop_at:
            raise KeyboardInterrupt
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_context(plan(name="other"), project, folder, force=True)
    assert listing(folder) == before
    assert not [p for p in folder.rglob("*") if p.is_dir() and not any(p.iterdir())]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ctx", "project"]


def test_a_full_disk_leaves_nothing_half_made(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder does not exist afterwards, and the error says what to do."""

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OptionError) as caught:
        write_context(PLAN, project, tmp_path / "ctx", force=False)
    assert caught.value.code == "output-unwritable"
    assert "No space left" in caught.value.message
    assert sorted(p.name for p in tmp_path.iterdir()) == ["project"]


def test_files_that_are_no_longer_part_are_removed(project: Project, tmp_path: Path) -> None:
    """A context written anew holds no script of a former plan, nor its empty folders."""
    folder = write_context(PLAN, project, tmp_path / "ctx", force=False)
    moved = plan(notebook="else/where/analysis.ipynb", workdir="else/where")
    write_context(moved, project, folder, force=True)
    assert not (folder / "app/work").exists()
    assert (folder / "app/else/where/train.py").is_file()


def test_every_edit_is_kept(project: Project, tmp_path: Path) -> None:
    """Edited again and again, each is kept aside."""
    folder = write_context(PLAN, project, tmp_path / "ctx", force=False)
    for text in ("first", "second"):
        (folder / "Dockerfile").write_text(text)
        write_context(PLAN, project, folder, force=True)
    kept = {p.name: p.read_text() for p in (folder / ".edited").iterdir()}
    assert kept == {"Dockerfile": "first", "Dockerfile.2": "second"}


def test_links_are_never_written_through(project: Project, tmp_path: Path) -> None:
    """A folder or file of the context that became a link is refused, its target left alone."""
    folder = write_context(PLAN, project, tmp_path / "ctx", force=False)
    outside = tmp_path / "outside"
    (folder / "app").rename(outside)
    (folder / "app").symlink_to(outside)
    before = listing(outside)
    with pytest.raises(OptionError):
        write_context(plan(name="other"), project, folder, force=True)
    assert listing(outside) == before


@pytest.mark.parametrize(
    "line", ["../victim.txt", "/etc/passwd", "a/../../victim.txt", "link/victim.txt", ".", ""]
)
def test_a_hostile_manifest_deletes_nothing_outside(
    project: Project, tmp_path: Path, line: str
) -> None:
    """What a context from elsewhere claims to have written is believed only below it."""
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    folder = write_context(PLAN, project, tmp_path / "ctx", force=False)
    (folder / "link").symlink_to(tmp_path)
    with (folder / ".nb2image-files").open("a") as manifest:
        manifest.write(f"{'0' * 64}  {line}\n")
    write_context(PLAN, project, folder, force=True)
    assert victim.read_text() == "mine"


@pytest.mark.parametrize(
    ("content", "error", "code"),
    [
        (None, OptionError, "context-missing"),
        (b"", PlanError, "plan-invalid"),
        (b"[]", PlanError, "plan-invalid"),
        (b'{"schema": 1}', PlanError, "plan-invalid"),
        (b"[" * 100_000, PlanError, "plan-invalid"),
        (b'"\xff"', PlanError, "plan-invalid"),
    ],
)
def test_what_is_no_context_is_refused(
    tmp_path: Path, content: bytes | None, error: type[Exception], code: str
) -> None:
    """Whatever plan.json holds, the answer is an error with a hint."""
    if content is not None:
        (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(error) as caught:
        read_context(tmp_path)
    assert getattr(caught.value, "code", "") == code


def test_a_hostile_plan_is_refused_when_it_is_read(project: Project, tmp_path: Path) -> None:
    """A context from elsewhere is checked before anything is done with it."""
    folder = write_context(PLAN, project, tmp_path / "ctx", force=False)
    text = (folder / "plan.json").read_text()
    hostile = text.replace(PLAN.base.reference, "x\\nRUN evil")
    assert hostile != text
    (folder / "plan.json").write_text(hostile)
    with pytest.raises(PlanError):
        read_context(folder)


def test_files_that_no_index_has_come_along(project: Project, tmp_path: Path) -> None:
    """Copied with their hash checked, listed, and replaced with the rest by --force."""
    source = tmp_path / "source.whl"
    source.write_bytes(b"bytes")
    digest = hashlib.sha256(b"bytes").hexdigest()
    package = replace(PACKAGE, vendored="a-1-py3-none-any.whl", hashes=(f"sha256:{digest}",))
    brought = plan(requirements=replace(REQUIREMENTS, locked=(package,)))
    wheels = {package.vendored: source}
    folder = write_context(brought, project, tmp_path / "ctx", force=False, wheels=wheels)
    assert (folder / "wheels" / package.vendored).read_bytes() == b"bytes"
    assert f"{digest}  wheels/{package.vendored}" in (folder / ".nb2image-files").read_text()
    write_context(PLAN, project, folder, force=True)
    assert not (folder / "wheels").exists()
    source.write_bytes(b"others")
    with pytest.raises(PlanError) as caught:
        write_context(brought, project, tmp_path / "other", force=False, wheels=wheels)
    assert caught.value.code == "file-changed"
