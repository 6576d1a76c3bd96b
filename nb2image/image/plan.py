"""Puts the records of the earlier stages together as a build plan."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from nb2image import __version__
from nb2image.gpu.bases import planned_base
from nb2image.image.quote import slug
from nb2image.image.validate import validate_plan
from nb2image.model import (
    Accelerator,
    BuildPlan,
    Finding,
    Notebook,
    PlannedFile,
    Requirements,
    Revision,
    Script,
)
from nb2image.options import Options
from nb2image.project.root import Project

NO_REVISION = Revision()
CPU = Accelerator()
SECRET_ENV = re.compile(
    r"(^|_)(TOKEN|SECRET|PASSW(OR)?D|PASSPHRASE|CREDENTIALS?|API_?KEY)(_|$)", re.I
)
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
    accelerator: Accelerator = CPU,
    revision: Revision = NO_REVISION,
    findings: tuple[Finding, ...] = (),
) -> BuildPlan:
    """The plan of the image. Raises PlanError when it could not be carried out."""
    plan = BuildPlan(
        nb2image=__version__,
        name=slug(notebook.name),
        notebook=project.notebook.as_posix(),
        notebook_sha256=notebook.sha256,
        workdir=project.workdir,
        script=script,
        requirements=requirements,
        base=planned_base(accelerator, requirements.python, requirements.locked, options),
        accelerator=accelerator,
        entry=options.entry,
        layout=options.layout,
        bytecode=options.compile_bytecode,
        trim=options.trim,
        files=tuple(sorted(files, key=lambda file: file.path)),
        env=tuple(sorted(dict(options.env).items())),
        created=created(revision, requirements),
        revision=revision.commit,
        source=revision.source,
        findings=findings + baked_secrets(options.env),
    )
    validate_plan(plan)
    return plan


def created(revision: Revision, requirements: Requirements) -> int:
    """The image's date, not the clock's: of the commit, else of the chosen releases."""
    if revision.time is not None:
        return revision.time
    try:
        return int(datetime.fromisoformat(requirements.as_of).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return CREATED


def baked_secrets(env: tuple[tuple[str, str], ...]) -> tuple[Finding, ...]:
    """A warning for each variable that looks like a secret: the image shows it to everybody."""
    return tuple(
        Finding(
            severity="warning",
            code="env-secret",
            message=f"{name} looks like a secret, and --env writes it into the image",
            hint=f"set it when the container runs: docker run -e {name}",
        )
        for name, value in env
        if value and SECRET_ENV.search(name)
    )
