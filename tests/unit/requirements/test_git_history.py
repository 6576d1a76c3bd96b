"""The day of the last change of code, told from changes of outputs alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

from nb2image.process import Completed
from nb2image.project.root import Project
from nb2image.requirements.age.git_history import last_code_change
from nb2image.services import Services

PROJECT = Project(root=Path("/project"), notebook=PurePosixPath("a/n.ipynb"))


def notebook(code: str, output: str = "") -> str:
    cell = {"cell_type": "code", "source": [code], "outputs": [output]}
    return json.dumps({"cells": [cell, {"cell_type": "markdown", "source": output}]})


class Git:
    """Answers ``log`` and ``cat-file`` from a history, the newest first."""

    def __init__(self, history: Sequence[tuple[str, str, str]]) -> None:
        self.history = history
        self.environ: dict[str, str] = {}

    def __call__(self, argv: Sequence[str], *, env: Any = None, **more: Any) -> Completed:
        assert argv[:2] == ["git", "--no-pager"]
        self.environ = dict(env)
        self.argv = list(argv)
        if "log" in argv:
            assert argv[-2:] == ["--", "a/n.ipynb"]
            out = "".join(f"{commit} {day}\n" for commit, day, _ in self.history)
        else:
            commit = argv[-1].partition(":")[0]
            out = next(text for c, _, text in self.history if c == commit)
        return Completed(status=0, stdout=out, stderr="")


def change(history: Sequence[tuple[str, str, str]], present: str) -> str:
    services = Services(run=Git(history), environ={}, cache=Path("/none"))
    found = last_code_change(PROJECT, present.encode(), services)
    return found.day if found else ""


def test_commits_of_outputs_alone_do_not_count() -> None:
    """The code is as old as the first commit that has it."""
    history = [
        ("c3", "2023-03-03", notebook("x = 1", "later output")),
        ("c2", "2022-02-02", notebook("x = 1", "output")),
        ("c1", "2021-01-01", notebook("x = 0")),
    ]
    assert change(history, notebook("x = 1", "now")) == "2022-02-02"


def test_code_that_is_not_committed_is_of_today() -> None:
    """No history speaks of it."""
    assert change([("c1", "2021-01-01", notebook("x = 0"))], notebook("x = 9")) == ""
    assert change([], notebook("x = 9")) == ""


def test_without_git_there_is_no_history() -> None:
    """A missing program is no error."""

    def missing(*args: Any, **more: Any) -> Completed:
        raise FileNotFoundError("git")

    services = Services(run=missing, environ={}, cache=Path("/none"))
    assert last_code_change(PROJECT, b"{}", services) is None


def test_a_strangers_repository_cannot_make_git_run_or_fetch_anything() -> None:
    """Transports, lazy fetches and the caller's own GIT_ variables are shut out."""
    git = Git([("c1", "2021-01-01", notebook("x"))])
    services = Services(run=git, environ={"GIT_DIR": "/else", "PATH": "/bin"}, cache=Path("/none"))
    last_code_change(PROJECT, notebook("x").encode(), services)
    assert git.environ["GIT_ALLOW_PROTOCOL"] == "none"
    assert git.environ["GIT_NO_LAZY_FETCH"] == "1"
    assert "GIT_DIR" not in git.environ
    settings = {b for a, b in pairwise(git.argv) if a == "-c"}
    assert settings >= {"core.fsmonitor=false", "core.hooksPath=/dev/null"}
    assert settings >= {"log.showSignature=false", "protocol.allow=never"}


def test_a_name_is_no_pattern_and_a_day_is_one() -> None:
    """A notebook may be called *.ipynb; an old git does not know the day's format."""
    git = Git([("c1", "%cs", notebook("x"))])
    services = Services(run=git, environ={}, cache=Path("/none"))
    assert last_code_change(PROJECT, notebook("x").encode(), services) is None
    assert "--literal-pathspecs" in git.argv
