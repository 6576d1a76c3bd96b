"""Puts the records of the earlier stages together as a build plan."""

from __future__ import annotations

from nb2image.model import BuildPlan, Notebook, PlannedFile, Requirements, Script
from nb2image.options import Options
from nb2image.project import Project


def make_build_plan(
    notebook: Notebook,
    script: Script,
    requirements: Requirements,
    files: tuple[PlannedFile, ...],
    project: Project,
    options: Options,
) -> BuildPlan:
    """The plan of the image. Raises OptionError and PlanError."""
    raise NotImplementedError
