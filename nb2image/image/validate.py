"""Checks a plan, made here or read from a plan.json that somebody else wrote."""

from __future__ import annotations

import re

from nb2image.errors import PlanError
from nb2image.image import quote
from nb2image.model import BuildPlan
from nb2image.model.plan import SCHEMA

RESERVED_ENV = frozenset({"PATH", "PYTHONPATH", "VIRTUAL_ENV", "HOME"})
"""What the image itself stands on."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_FILE = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_.+!-]{0,250}")
_FOLDER = re.compile(r"([0-9A-Za-z_-][0-9A-Za-z_.-]*(/[0-9A-Za-z_-][0-9A-Za-z_.-]*)*)?")
_VERSION = re.compile(r"[0-9A-Za-z.+!-]{1,64}")


def validate_plan(plan: BuildPlan) -> None:
    """Raise PlanError for the first field that could not be carried into an image unharmed."""
    if plan.schema != SCHEMA:
        raise PlanError(
            f"the plan has schema {plan.schema}, this nb2image reads {SCHEMA}",
            code="plan-schema",
            hint="convert the notebook again with this version",
        )
    _require(_VERSION.fullmatch(plan.nb2image), "nb2image", plan.nb2image)
    _require(_SLUG.fullmatch(plan.name), "name", plan.name)
    _require(_SHA256.fullmatch(plan.notebook_sha256), "notebook_sha256", plan.notebook_sha256)
    _require(plan.revision == "" or _COMMIT.fullmatch(plan.revision), "revision", plan.revision)
    # 9999-12-31: later has no ISO date
    _require(0 <= plan.created <= 253402300799, "created", str(plan.created))
    quote.python_version(plan.requirements.python)
    for name in (plan.base.reference, plan.base.python_from, plan.base.build):
        if name or name is plan.base.reference:
            quote.reference(name)
    quote.script_name(plan.script.name)
    quote.project_path(plan.notebook)
    _require(plan.workdir == plan.notebook.rpartition("/")[0], "workdir", plan.workdir)
    quote.refuse_control(plan.source, "a label")
    validate_requirements(plan)
    for name, value in plan.env:
        validate_env(name, value)
    validate_files(plan)


def validate_requirements(plan: BuildPlan) -> None:
    """Raise PlanError when the plan's layout cannot install what the plan requires."""
    for package in plan.requirements.system:
        quote.apt_package(package.name)
    for locked in plan.requirements.locked:
        _require(
            locked.vendored == "" or (_FILE.fullmatch(locked.vendored) and locked.hashes),
            "vendored file",
            locked.vendored,
        )
    for module in plan.requirements.own:
        _require(_FOLDER.fullmatch(module.root), "folder on the path", module.root)
    if plan.requirements.as_of:
        quote.date(plan.requirements.as_of)
    built = [package.name for package in plan.requirements.sources]
    if built and plan.layout == "single-stage":
        raise PlanError(
            f"{', '.join(built[:5])} must be compiled, and a single stage would keep the compiler",
            code="single-stage-compiles",
            hint="leave out --single-stage",
        )
    if plan.bytecode and plan.requirements.python == "3.6":
        raise PlanError(
            "bytecode of Python 3.6 cannot be made reproducibly",  # PEP 552 came with 3.7
            code="bytecode-python",
            hint="leave out --compile-bytecode, or choose --python 3.7 or newer",
        )


def validate_env(name: str, value: str) -> None:
    """Raise PlanError when the variable cannot be set in the image."""
    quote.env_name(name)
    quote.refuse_control(value, f"the environment variable {name}")
    if name in RESERVED_ENV:
        raise PlanError(
            f"{name} is set by the image itself",
            code="env-reserved",
            hint=f"set it when the container runs: docker run -e {name}=…",
        )


def validate_files(plan: BuildPlan) -> None:
    """Raise PlanError when files of the plan leave the project or stand in each other's way."""
    taken = {path_in_project(plan, plan.script.name): "the script"}
    for file in plan.files:
        quote.project_path(file.path)
        if file.path in taken:
            raise PlanError(
                f"{quote.printable(file.path)} would be overwritten by {taken[file.path]}",
                code="file-clash",
                hint="rename the file",
            )
        taken[file.path] = "another file of the plan"
    for path in taken:
        above = path.rpartition("/")[0]
        while above:
            if above in taken:
                raise PlanError(
                    f"{quote.printable(above)} is planned as a file and as a folder",
                    code="file-clash",
                )
            above = above.rpartition("/")[0]


def path_in_project(plan: BuildPlan, name: str) -> str:
    """A file of the notebook's folder, relative to the project's root."""
    return f"{plan.workdir}/{name}" if plan.workdir else name


def _require(condition: object, field: str, value: str) -> None:
    if not condition:
        raise PlanError(
            f"the plan's {field} is {quote.printable(value)}",
            code="plan-invalid",
            hint="convert the notebook again",
        )
