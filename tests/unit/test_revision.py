"""The commit of the project's files."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from nb2image.model import PlannedFile, Revision
from nb2image.process import Completed
from nb2image.project.revision import QUIET, address, read_revision
from nb2image.project.root import Project

COMMIT = "c0ffee" + "0" * 34
HEADER = f"tree {'1' * 40}\nauthor A <a> 1 +0000\ncommitter C <c> 1700000000 +0100\n\nmessage\n"


@dataclass
class Git:
    """Answers as git would, from a table of its last arguments."""

    answers: dict[str, str]
    asked: list[Sequence[str]] = field(default_factory=list)

    def __call__(self, argv: Sequence[str], **options: Any) -> Completed:
        self.asked.append(argv)
        assert QUIET.items() <= options["env"].items()
        answer = self.answers.get(argv[4])
        return Completed(status=int(answer is None), stdout=answer or "", stderr="")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / ".git").mkdir()
    (tmp_path / "nb ü.ipynb").write_bytes(b"{}")
    return Project(root=tmp_path, notebook=PurePosixPath("nb ü.ipynb"))


def file(path: str = "nb ü.ipynb") -> PlannedFile:
    return PlannedFile(path=path, size=2, sha256="0" * 64, reason="", kind="notebook")


def git(content: bytes = b"{}", *, remote: str = "git@example.org:me/work.git") -> Git:
    """A repository whose commit holds the notebook with this content."""
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return Git(
        {
            "config": remote + "\n",
            "rev-parse": COMMIT + "\n",
            "cat-file": HEADER,
            "ls-tree": f"100644 blob {blob}\tnb ü.ipynb\0",
        }
    )


def test_files_as_committed_have_a_revision(project: Project) -> None:
    """Commit, its time and the repository's address."""
    found = read_revision(project, [file()], git(), {})
    assert found == Revision(commit=COMMIT, time=1700000000, source="https://example.org/me/work")


def test_a_changed_or_untracked_file_has_none(project: Project) -> None:
    """A revision is claimed only when every file is of it."""
    assert read_revision(project, [file()], git(b"{ }"), {}).commit == ""
    assert read_revision(project, [file(), file("other")], git(), {}).commit == ""


def test_only_objects_are_read(project: Project) -> None:
    """No command that runs the repository's filters, hooks or monitors."""
    asking = git()
    read_revision(project, [file()], asking, {"HOME": "/home/me"})
    assert {argv[4] for argv in asking.asked} == {"config", "rev-parse", "cat-file", "ls-tree"}


def test_without_git_there_is_no_revision(project: Project) -> None:
    """Not installed, too slow, or no repository: the plan goes on."""

    def missing(*args: Any, **options: Any) -> Completed:
        raise FileNotFoundError

    def slow(*args: Any, **options: Any) -> Completed:
        raise subprocess.TimeoutExpired("git", 1)

    assert read_revision(project, [file()], missing, {}) == Revision()
    assert read_revision(project, [file()], slow, {}) == Revision()
    assert read_revision(project, [file()], Git({}), {}) == Revision()
    (project.root / ".git").rmdir()
    assert read_revision(project, [file()], git(), {}) == Revision()


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://github.com/me/work.git", "https://github.com/me/work"),
        ("https://user:secret@example.org/me/work?token=x", "https://example.org/me/work"),
        ("http://example.org:8080/w", "http://example.org:8080/w"),
        ("git@example.org:me/work.git", "https://example.org/me/work"),
        ("ssh://git@example.org:22/me/work", "https://example.org/me/work"),
        ("/srv/git/work.git", ""),
        ("../work", ""),
        ("file:///srv/work", ""),
        ("C:/work", ""),
        ("https://example.org:x/y", ""),
        ("ext::sh -c evil", ""),
        ("", ""),
    ],
)
def test_addresses_lose_what_is_secret_or_local(remote: str, expected: str) -> None:
    """Neither a password nor a host path gets into a label."""
    assert address(remote) == expected
