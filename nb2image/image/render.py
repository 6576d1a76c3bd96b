"""Renders a plan as the generated files of a build context: text out of templates, no I/O else."""

from __future__ import annotations

from functools import cache

import jinja2
import msgspec

from nb2image.gpu.bases import build_libraries, python_libraries
from nb2image.gpu.preflight import preflight_files
from nb2image.gpu.slim import not_found
from nb2image.image import contract, quote
from nb2image.image.quote import Safe
from nb2image.image.trim import packages_without_tests, unneeded_paths
from nb2image.image.validate import path_in_project, validate_plan
from nb2image.model import BuildPlan
from nb2image.model.plan import encode
from nb2image.notebook.runtime import runtime_files
from nb2image.resources import folder

PLATFORMS = {"x86_64": "linux/amd64", "aarch64": "linux/arm64"}

BUILD_TOOLS = ("cython", "setuptools", "wheel")
"""What most source distributions are built with; their own releases seldom say which release."""

FIRST_DAY = "2019-03-01"
"""setuptools 40.8.0 came out on 2019-02-05."""

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
        (".dockerignore", text("dockerignore.j2", {"vendored": brings_wheels(plan)})),
        ("README.md", text("README.md.j2", readme_values(plan))),
        ("requirements.txt", plan.requirements.text.encode()),
        ("uv.txt", text("uv.txt", {})),
        ("plan.json", msgspec.json.format(encode(plan), indent=1) + b"\n"),
        (f"app/{script}", plan.script.text.encode()),
    ]
    runtime = (*runtime_files(plan.script), *preflight_files(plan.accelerator))
    files += [(f"runtime/{path}", data) for path, data in runtime]
    return tuple(sorted(files))


def dockerfile_values(plan: BuildPlan) -> dict[str, object]:
    """What the Dockerfile templates print, quoted, and the conditions that they test."""
    locked = plan.requirements.locked
    return {
        "base": quote.reference(plan.base.reference),
        "python_image": quote.reference(plan.base.python_from or plan.base.reference),
        "python_put_in": bool(plan.base.python_from),
        "build_base": quote.reference(plan.base.build) if plan.base.build else "",
        "linked": plan.accelerator.kind == "cuda" and bool(not_found(locked)),
        "out": Safe("/out" if plan.layout == "multi-stage" else ""),
        "time": Safe(str(contract.INSTALLED)),
        "system": [quote.apt_package(name) for name in system_packages(plan)],
        "build": [quote.apt_package(name) for name in build_packages(plan)],
        "old_python": tuple(map(int, plan.requirements.python.split("."))) < (3, 8),
        "hashes": all(package.hashes for package in locked),
        "wheels_only": not plan.requirements.sources,
        "vendored": brings_wheels(plan),
        "no_index": bool(locked) and all(package.vendored for package in locked),
        "dated": [(quote.package_name(name), quote.date(day)) for name, day in dated_tools(plan)],
        "bytecode": plan.bytecode,
        "python": quote.python_version(plan.requirements.python),
        "unneeded": [Safe(path) for path in unneeded_paths(plan)],
        "untested": [quote.package_name(name) for name in packages_without_tests(plan)],
        "data": any(file.kind in ("data", "included") for file in plan.files),
        "workdir": quote.word(contract.workdir(plan)),
        "env": [(quote.env_name(name), quote.word(value)) for name, value in plan.env],
        "labels": [
            (quote.label_name(name), quote.word(value)) for name, value in contract.labels(plan)
        ],
        "settings": [tuple(map(Safe, setting)) for setting in contract.settings(plan)],
        "volumes": quote.exec_form(contract.VOLUMES),
        "user": Safe(contract.USER),
        "stop_signal": Safe(contract.stop_signal(plan)),
        "script": plan.entry == "script",
        "ports": [Safe(str(port)) for port in contract.ports(plan)],
        "entrypoint": quote.exec_form(contract.entrypoint(plan)),
    }


def brings_wheels(plan: BuildPlan) -> bool:
    """Whether a locked file comes with the context, for no index on the network has it."""
    return any(package.vendored for package in plan.requirements.locked)


def system_packages(plan: BuildPlan) -> list[str]:
    """The Debian packages of the image, sorted."""
    asked = {p.name for p in plan.requirements.system if p.stage == "final"}
    return sorted(asked | set(python_libraries(plan.base)))


def build_packages(plan: BuildPlan) -> list[str]:
    """The Debian packages that only building the dependencies needs, sorted."""
    names = {p.name for p in plan.requirements.system if p.stage == "build"}
    if any(package.url.startswith("git+") for package in plan.requirements.locked):
        names |= {"ca-certificates", "git"}
    if plan.base.build:
        names |= set(build_libraries(plan.base))
    return sorted(names)


def dated_tools(plan: BuildPlan) -> list[tuple[str, str]]:
    """(build tool, date): what is compiled is compiled with the tools of its time.

    An old setup.py fails with today's setuptools (``use_2to3 is invalid``); uv, as pip does, asks
    for setuptools 40.8 at least where a project does not say what it is built with.
    """
    locked = {package.name for package in plan.requirements.locked}
    day = plan.requirements.as_of
    return [
        (name, max(day, FIRST_DAY))
        for name in BUILD_TOOLS
        if plan.requirements.sources and day and name not in locked
    ]


def readme_values(plan: BuildPlan) -> dict[str, object]:
    """What the context's README prints."""
    return {
        "notebook": Safe(quote.markdown_code(plan.notebook)),
        "name": Safe(plan.name),
        "version": Safe(plan.nb2image),
        "platform": Safe(PLATFORMS.get(plan.requirements.platform.partition("-")[0], "")),
        "base": quote.reference(plan.base.reference),
        "data": any(file.kind in ("data", "included") for file in plan.files),
        "vendored": brings_wheels(plan),
        "multi_stage": plan.layout == "multi-stage",
        "lab": plan.entry == "lab",
        "ports": [Safe(str(port)) for port in contract.ports(plan)],
        **gpu_values(plan),
    }


def gpu_values(plan: BuildPlan) -> dict[str, object]:
    """What the context's README prints of the GPU."""
    cuda = plan.accelerator.cuda
    return {
        "gpu": plan.accelerator.kind == "cuda",
        "gpu_needed": plan.accelerator.evidence.need == "required",
        "cuda": Safe(quote.markdown_code(cuda.version)) if cuda else "",
        "driver": Safe(quote.markdown_code(cuda.driver_floor)) if cuda else "",
        "capability": Safe(quote.markdown_code(cuda.min_compute_capability)) if cuda else "",
        "cuda_reason": Safe(quote.markdown_code(cuda.reason)) if cuda else "",
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
