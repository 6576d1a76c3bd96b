"""From a script to its locked requirements: calls the steps of this folder in order."""

from __future__ import annotations

from nb2image.events import Emit
from nb2image.model import Notebook, Requirements, Script
from nb2image.options import Options
from nb2image.project import Project
from nb2image.services import Services


def find_requirements(
    notebook: Notebook,
    script: Script,
    project: Project,
    options: Options,
    services: Services,
    emit: Emit,
) -> Requirements:
    """The lock for the image's Python and platform, with the evidence.

    Raises RequirementsError.
    """
    raise NotImplementedError
