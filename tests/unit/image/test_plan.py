"""A build plan put together from the records of the earlier stages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from nb2image.errors import OptionError, PlanError
from nb2image.image.base import GLIBC, PACKAGED, SUITES, base_for, suites_for
from nb2image.image.plan import CREATED, make_build_plan
from nb2image.model import BuildPlan, Finding, Notebook, Revision
from nb2image.options import Options
from nb2image.project.root import Project
from tests.unit.image.plans import REQUIREMENTS, SCRIPT

NOTEBOOK = Notebook(name="My Analysis (2)", cells=(), sha256="d" * 64, format="4.5")
PROJECT = Project(root=Path("/p"), notebook=PurePosixPath("deep/er/My Analysis (2).ipynb"))


def made(options: Options | None = None, **more: Any) -> BuildPlan:
    """The plan of a small notebook."""
    requirements = more.pop("requirements", REQUIREMENTS)
    return make_build_plan(
        NOTEBOOK, SCRIPT, requirements, (), PROJECT, options or Options(), **more
    )


def test_a_plan_is_named_after_the_notebook() -> None:
    """Slug, paths and hash; nothing of the host."""
    plan = made()
    assert plan.name == "my-analysis-2"
    assert plan.notebook == "deep/er/My Analysis (2).ipynb"
    assert plan.workdir == "deep/er"
    assert plan.notebook_sha256 == "d" * 64
    assert "/p" not in (plan.notebook, plan.workdir)


def test_options_reach_the_plan() -> None:
    """Base image, layout, bytecode and environment."""
    options = Options(
        base_image="registry.example.org/python:3.11-slim-trixie",
        layout="single-stage",
        compile_bytecode=True,
        env=(("B", "1"), ("A", "x y"), ("B", "2")),
    )
    plan = made(options)
    assert (plan.base.suite, plan.base.glibc) == ("trixie", "2.41")
    assert (plan.layout, plan.bytecode) == ("single-stage", True)
    assert plan.env == (("A", "x y"), ("B", "2")), "sorted, and the last of a name wins"


@pytest.mark.parametrize(
    ("revision", "as_of", "expected"),
    [
        (Revision(commit="a" * 40, time=1700000000), "2020-01-01", 1700000000),
        (Revision(), "2020-01-01", 1577836800),
        (Revision(), "", CREATED),
    ],
)
def test_the_date_is_never_the_clocks(revision: Revision, as_of: str, expected: int) -> None:
    """The commit's, else the releases', else a fixed one: the same inputs, the same plan."""
    plan = made(requirements=replace(REQUIREMENTS, as_of=as_of), revision=revision)
    assert (plan.created, plan.revision) == (expected, revision.commit)
    assert (
        plan.digest
        == made(requirements=replace(REQUIREMENTS, as_of=as_of), revision=revision).digest
    )


@pytest.mark.parametrize(
    ("name", "warned"),
    [("API_KEY", True), ("DB_PASSWORD", True), ("hf_token", True), ("KEYBOARD", False)],
)
def test_a_secret_in_env_is_a_warning(name: str, warned: bool) -> None:
    """What --env sets can be read by everybody who has the image."""
    plan = made(Options(env=((name, "x"),)))
    assert [f.code for f in plan.findings] == (["env-secret"] if warned else [])


def test_findings_are_kept() -> None:
    """What was found about the files is part of the plan."""
    finding = Finding(severity="warning", code="file-missing", message="x")
    assert made(findings=(finding,)).findings == (finding,)


@pytest.mark.parametrize("python", list(SUITES))
def test_every_python_has_a_base(python: str) -> None:
    """The official slim image, with the release and C library that it carries."""
    base = base_for(python)
    assert base.reference == f"python:{python}-slim-{base.suite}"
    assert base.glibc in {"2.31", "2.36"}


@pytest.mark.parametrize("python", list(PACKAGED))
def test_a_base_of_packages_is_of_their_release(python: str) -> None:
    """Its C library decides which wheels can be taken; an image that is named goes before."""
    packaged = Options(packaged_base=True)
    base = base_for(python, packaged)
    assert base.suite == PACKAGED[python]
    assert base.glibc == GLIBC[base.suite]
    assert list(suites_for(packaged)) == list(PACKAGED)
    assert suites_for(Options(packaged_base=True, base_image="me/base")) == SUITES
    with pytest.raises(PlanError, match="no Debian release"):
        base_for("3.6", packaged)


@pytest.mark.parametrize("python", ["2.7", "3.5", "3.99", "3", "3.11.4", "x"])
def test_a_python_without_a_base_is_refused(python: str) -> None:
    """With the ones that there are."""
    with pytest.raises(PlanError):
        base_for(python)


@pytest.mark.parametrize(
    ("named", "suite", "glibc"),
    [
        ("python:3.11-slim-bullseye", "bullseye", "2.31"),
        ("host:5000/me/py:3.11-bookworm@sha256:" + "0" * 64, "bookworm", "2.36"),
        ("me/bookworm", "", "2.28"),
        ("python:3.11", "", "2.28"),
        ("me/cuda:12.4-ubuntu-jammy", "jammy", "2.35"),
    ],
)
def test_a_named_base_tells_its_release_by_its_tag(named: str, suite: str, glibc: str) -> None:
    """Where the tag does not tell, an old C library is assumed."""
    base = base_for("3.11", Options(base_image=named))
    assert (base.reference, base.suite, base.glibc) == (named, suite, glibc)


def test_a_named_base_must_be_a_reference() -> None:
    """--base-image reaches the Dockerfile's FROM."""
    with pytest.raises(OptionError):
        base_for("3.11", Options(base_image="python:3.11\nRUN evil"))
