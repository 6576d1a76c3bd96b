"""Chooses the files of the project that go into the image."""

from __future__ import annotations

from nb2image.model import Notebook, PlannedFile, Script
from nb2image.options import Options
from nb2image.project import Project


def plan_files(
    notebook: Notebook, script: Script, project: Project, options: Options
) -> tuple[PlannedFile, ...]:
    """The notebook, the local modules, the data files it names and what --include adds.

    Raises PlanError when they are larger than ``options.max_context``.
    """
    raise NotImplementedError
