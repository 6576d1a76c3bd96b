"""Puts the records of the earlier stages together as a build plan."""

from __future__ import annotations

from nb2image import __version__
from nb2image.image.base import base_for
from nb2image.image.quote import slug
from nb2image.image.validate import validate_plan
from nb2image.model import BuildPlan, Finding, Notebook, PlannedFile, Requirements, Script
from nb2image.options import Options
from nb2image.project import Project

CREATED = 1704067200
"""2024-01-01T00:00:00Z: the date of an image whose project tells no better one."""


def make_build_plan(
    notebook: Notebook,
    script: Script,
    requirements: Requirements,
    files: tuple[PlannedFile, ...],
    project: Project,
    options: Options,
    *,
    findings: tuple[Finding, ...] = (),
) -> BuildPlan:
    """The plan of the image. Raises OptionError and PlanError."""
    plan = BuildPlan(
        nb2image=__version__,
        name=slug(notebook.name),
        notebook=project.notebook.as_posix(),
        notebook_sha256=notebook.sha256,
        workdir=project.workdir,
        script=script,
        requirements=requirements,
        base=base_for(requirements.python, options.base_image),
        layout=options.layout,
        bytecode=options.compile_bytecode,
        files=tuple(sorted(files, key=lambda file: file.path)),
        env=tuple(sorted(options.env)),
        created=CREATED,
        findings=findings,
    )
    validate_plan(plan)
    return plan
