"""The order of the stages: the only module that knows it.

Every stage is a function from records to a record; this module calls them one after another
and says so in events.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nb2image.events import Emit, Noticed, Stage, StageFinished, StageStarted
from nb2image.model import BuildPlan, Finding, Notebook, Requirements, Script
from nb2image.options import Options
from nb2image.project import Project, find_project
from nb2image.services import Services


@contextmanager
def stage(emit: Emit, name: Stage) -> Iterator[None]:
    """Announce a stage, and its end with the seconds that it took."""
    emit(StageStarted(stage=name))
    begun = time.monotonic()
    yield
    emit(StageFinished(stage=name, seconds=time.monotonic() - begun))


def notice(emit: Emit, name: Stage, findings: tuple[Finding, ...]) -> None:
    """Emit each finding of a stage."""
    for finding in findings:
        emit(Noticed(stage=name, finding=finding))


def read(path: Path, emit: Emit) -> tuple[Project, Notebook]:
    """Find the project of the notebook at ``path`` and read the notebook."""
    from nb2image.notebook.read import read_notebook

    with stage(emit, "read"):
        project = find_project(path)
        data = (project.root / project.notebook).read_bytes()
        notebook = read_notebook(data, name=project.notebook.stem, suffix=project.notebook.suffix)
    notice(emit, "read", notebook.findings)
    return project, notebook


def script(project: Project, notebook: Notebook, options: Options, emit: Emit) -> Script:
    """Turn the notebook into train.py."""
    from nb2image.notebook.script import make_script

    with stage(emit, "script"):
        made = make_script(notebook, options, workdir=project.workdir, read=project.read)
    notice(emit, "script", made.findings)
    return made


def require(
    project: Project,
    notebook: Notebook,
    script: Script,
    options: Options,
    services: Services,
    emit: Emit,
) -> Requirements:
    """Find and lock what the script needs."""
    from nb2image.requirements.find import find_requirements

    with stage(emit, "require"):
        found = find_requirements(notebook, script, project, options, services, emit)
    notice(emit, "require", found.findings)
    return found


def find(path: Path, options: Options, services: Services, emit: Emit) -> Requirements:
    """The locked requirements of the notebook at ``path``, no engine needed.

    Raises the errors of the stages; touches nothing but the cache.
    """
    project, notebook = read(path, emit)
    made = script(project, notebook, options, emit)
    return require(project, notebook, made, options, services, emit)


def make_plan(path: Path, options: Options, services: Services, emit: Emit) -> BuildPlan:
    """The build plan of the notebook at ``path``: everything before the build, no engine needed.

    Raises the errors of the stages; touches nothing but the cache.
    """
    from nb2image.files import plan_files
    from nb2image.image.plan import make_build_plan

    project, notebook = read(path, emit)
    made = script(project, notebook, options, emit)
    requirements = require(project, notebook, made, options, services, emit)
    with stage(emit, "plan"):
        files = plan_files(notebook, made, project, options)
        plan = make_build_plan(notebook, made, requirements, files, project, options)
    notice(emit, "plan", plan.findings)
    return plan
