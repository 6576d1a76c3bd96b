"""Renders a plan as the generated files of a build context: text out of templates, no I/O else."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from functools import cache

import jinja2
import msgspec

from nb2image import __version__
from nb2image.image import quote
from nb2image.image.quote import Safe
from nb2image.image.validate import path_in_project, validate_plan
from nb2image.model import BuildPlan
from nb2image.model.plan import encode
from nb2image.resources import folder

FILE_TIME = 315619200
"""1980-01-02T00:00:00Z, the time of every file in the image: zip knows none before 1980."""

File = tuple[str, bytes]
"""A path inside the context, POSIX, and its bytes."""


def render(plan: BuildPlan) -> tuple[File, ...]:
    """Every generated file of the context, sorted by path; project files are not among them.

    Raises PlanError when the plan is not valid.
    """
    validate_plan(plan)
    script = path_in_project(plan, plan.script.name)
    files: list[File] = [
        ("Dockerfile", text(f"Dockerfile.{plan.layout}.j2", dockerfile_values(plan))),
        (".dockerignore", text("dockerignore.j2", {})),
        ("README.md", text("README.md.j2", readme_values(plan))),
        ("requirements.txt", plan.requirements.text.encode()),
        ("uv.txt", text("uv.txt", {})),
        ("plan.json", msgspec.json.format(encode(plan), indent=1) + b"\n"),
        (f"app/{script}", plan.script.text.encode()),
    ]
    files += [(f"runtime/{path}", data) for path, data in runtime(plan)]
    return tuple(sorted(files))


def runtime(plan: BuildPlan) -> tuple[File, ...]:
    """The files that make the script behave as the notebook did."""
    try:
        module = importlib.import_module("nb2image.notebook.runtime")
    except ModuleNotFoundError:  # until the script's stage brings it
        return (("map.json", b"{}\n"),)
    files: tuple[File, ...] = module.runtime_files(plan.script)
    return files


def dockerfile_values(plan: BuildPlan) -> dict[str, object]:
    """What the Dockerfile templates print, quoted, and the conditions that they test."""
    system = sorted({p.name for p in plan.requirements.system if p.stage == "final"})
    build = {p.name for p in plan.requirements.system if p.stage == "build"}
    sdists = [p for p in plan.requirements.locked if not p.wheel]
    if sdists:
        build |= {"build-essential"}
    if any(p.url.startswith("git+") for p in plan.requirements.locked):
        build |= {"git"}
    workdir = f"/app/{plan.workdir}" if plan.workdir else "/app"
    return {
        "time": Safe(str(FILE_TIME)),
        "out": Safe("/out" if plan.layout == "multi-stage" else ""),
        "base": quote.reference(plan.base.reference),
        "system": [quote.apt_package(name) for name in system],
        "build": [quote.apt_package(name) for name in sorted(build)],
        "wheels_only": not sdists,
        "bytecode": plan.bytecode,
        "data": any(file.kind in ("data", "included") for file in plan.files),
        "workdir": quote.words(workdir),
        "env": [(quote.env_name(name), quote.words(value)) for name, value in plan.env],
        "labels": [(quote.label_name(name), quote.words(value)) for name, value in labels(plan)],
        "entrypoint": quote.exec_form(["python", "-u", plan.script.name]),
    }


def labels(plan: BuildPlan) -> tuple[tuple[str, str], ...]:
    """The image's labels, sorted. https://github.com/opencontainers/image-spec annotations"""
    created = datetime.fromtimestamp(plan.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    known = {
        "org.opencontainers.image.title": plan.name,
        "org.opencontainers.image.created": created,
        "org.opencontainers.image.source": plan.notebook,
        "org.opencontainers.image.revision": plan.revision,
        "org.opencontainers.image.base.name": plan.base.reference.partition("@")[0],
        "org.opencontainers.image.base.digest": plan.base.reference.partition("@")[2],
        "io.nb2image.version": plan.nb2image,
        "io.nb2image.plan": plan.digest,
        "io.nb2image.notebook.sha256": plan.notebook_sha256,
        "io.nb2image.python": plan.requirements.python,
    }
    return tuple(sorted((name, value) for name, value in known.items() if value))


def readme_values(plan: BuildPlan) -> dict[str, object]:
    """What the context's README prints."""
    return {
        "notebook": Safe(quote.markdown_code(plan.notebook)),
        "name": Safe(plan.name),
        "version": Safe(__version__),
    }


@cache
def templates() -> jinja2.Environment:
    """The templates; printing a value that did not pass ``quote`` is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("templates")),
        undefined=jinja2.StrictUndefined,
        finalize=only_safe,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # not HTML; ``only_safe`` does the guarding
    )


def only_safe(value: object) -> object:
    """Let ``Safe`` text through and nothing else."""
    if not isinstance(value, Safe):
        raise TypeError(f"a template printed {value!r}, which was not quoted")
    return value


def text(template: str, values: dict[str, object]) -> bytes:
    """One rendered template."""
    return templates().get_template(template).render(values).encode()
