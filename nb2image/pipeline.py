"""The order of the stages: the only module that knows it.

Every stage is a function from records to a record; this module calls them one after another
and says so in events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from platform import machine
from typing import TYPE_CHECKING

from nb2image.build.builders import builder
from nb2image.build.choose import BuildOptions
from nb2image.errors import EngineError, Nb2ImageError, OptionError, PlanError
from nb2image.events import Emit, Event, Noticed, Stage, StageFinished, StageStarted
from nb2image.model import (
    Accelerator,
    BuildPlan,
    BuiltImage,
    Finding,
    Notebook,
    Report,
    Requirements,
    RunReport,
    Script,
)
from nb2image.options import Options
from nb2image.project.root import Project, find_project
from nb2image.services import Services
from nb2image.sizes import amount

if TYPE_CHECKING:
    from nb2image.model import Verdict
    from nb2image.proof.prove import Conditions
    from nb2image.proof.verification import Verification
    from nb2image.run.request import RunRequest


DEFAULT_BUILD = BuildOptions()


@contextmanager
def stage(emit: Emit, name: Stage) -> Iterator[Callable[[str], None]]:
    """Announce a stage, and its end with the seconds that it took.

    Yields a function for what came of it, in a few words.
    """
    emit(StageStarted(stage=name))
    begun = time.monotonic()
    details: list[str] = []
    yield details.append
    seconds = time.monotonic() - begun
    emit(StageFinished(stage=name, seconds=seconds, detail=", ".join(details)))


def notice(emit: Emit, name: Stage, findings: tuple[Finding, ...]) -> None:
    """Emit each finding of a stage."""
    for finding in findings:
        emit(Noticed(stage=name, finding=finding))


def read(path: Path, emit: Emit) -> tuple[Project, Notebook]:
    """Find the project of the notebook at ``path`` and read the notebook."""
    from nb2image.notebook.read import read_notebook

    with stage(emit, "read") as say:
        project = find_project(path)
        data = (project.root / project.notebook).read_bytes()
        notebook = read_notebook(data, name=project.notebook.stem, suffix=project.notebook.suffix)
        say(f"{len(notebook.cells)} cells")
    notice(emit, "read", notebook.findings)
    return project, notebook


def script(project: Project, notebook: Notebook, options: Options, emit: Emit) -> Script:
    """Turn the notebook into train.py."""
    from nb2image.notebook.script import make_script

    with stage(emit, "script") as say:
        made = make_script(notebook, options, workdir=project.workdir, read=project.read)
        say(f"{made.name}, {len(made.lines)} lines")
    notice(emit, "script", made.findings)
    return made


def accelerate(
    notebook: Notebook, script: Script, options: Options, services: Services
) -> tuple[Accelerator, tuple[Finding, ...]]:
    """Whether the image is for a GPU and of which machine; what the user should know of that."""
    from nb2image.gpu.need import gpu_evidence
    from nb2image.gpu.policy import decide
    from nb2image.machine import read_limits

    accelerator, findings = decide(gpu_evidence(notebook, script), options.gpu)
    if accelerator.kind == "cuda":
        limits = read_limits(options, accelerator.evidence, services)
        accelerator = replace(accelerator, limits=limits)
    return accelerator, findings


def require(
    project: Project,
    notebook: Notebook,
    script: Script,
    accelerator: Accelerator,
    options: Options,
    services: Services,
    emit: Emit,
) -> Requirements:
    """Find and lock what the script needs."""
    from nb2image.requirements.find import find_requirements

    with stage(emit, "require") as say:
        found = find_requirements(notebook, script, project, accelerator, options, services, emit)
        say(f"Python {found.python}")
        say(f"{len(found.direct)} needed, {len(found.locked)} packages in all")
    notice(emit, "require", found.findings)
    return found


def find(path: Path, options: Options, services: Services, emit: Emit) -> Requirements:
    """The locked requirements of the notebook at ``path``, no engine needed.

    Raises the errors of the stages; touches nothing but the cache.
    """
    project, notebook = read(path, emit)
    made = script(project, notebook, options, emit)
    accelerator, findings = accelerate(notebook, made, options, services)
    notice(emit, "script", findings)
    return require(project, notebook, made, accelerator, options, services, emit)


def make_plan(path: Path, options: Options, services: Services, emit: Emit) -> BuildPlan:
    """The build plan of the notebook at ``path``: everything before the build, no engine needed.

    Raises the errors of the stages; touches nothing but the cache.
    """
    return plan_project(path, options, services, emit)[1]


def plan_project(
    path: Path, options: Options, services: Services, emit: Emit
) -> tuple[Project, BuildPlan]:
    """The project of the notebook at ``path`` and its build plan; see ``make_plan``."""
    from nb2image.gpu.settle import settle
    from nb2image.image.plan import make_build_plan
    from nb2image.notebook.files import Files
    from nb2image.notebook.local import with_own
    from nb2image.project.files import plan_files
    from nb2image.project.revision import read_revision

    project, notebook = read(path, emit)
    made = script(project, notebook, options, emit)
    accelerator, about_gpu = accelerate(notebook, made, options, services)
    requirements = require(project, notebook, made, accelerator, options, services, emit)
    if requirements.own:
        named = Files(workdir=project.workdir, read=project.read)
        made = with_own(made, requirements.own, named)
    with stage(emit, "plan") as say:
        files = plan_files(notebook, made, project, options, requirements.locked)
        plan = make_build_plan(
            notebook,
            made,
            requirements,
            files.files,
            project,
            options,
            revision=read_revision(project, files.files, services.run, services.environ),
            accelerator=settle(accelerator, requirements.locked),
            findings=(*about_gpu, *files.findings),
        )
        say(f"{plan.layout} on {plan.base.reference}")
        say("1 file" if len(plan.files) == 1 else f"{len(plan.files)} files")
    notice(emit, "plan", plan.findings)
    return project, plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What ``convert`` is to do with a notebook."""

    notebook: Path
    context: Path | None = None
    """The folder for the build context; None for NAME-image in the current folder."""
    force: bool = False
    """Write into a folder that is not empty."""
    build: bool = True
    tag: str = ""
    """The image's name; empty for the plan's."""
    no_cache: bool = False
    how: BuildOptions = DEFAULT_BUILD
    proof: Verification | None = None
    """How the built image is compared with the notebook; None for not at all."""


def convert(asked: Conversion, options: Options, services: Services, emit: Emit) -> Report:
    """Make the context of a notebook and, unless told not to, its image.

    Raises the errors of the stages. The report is written beside the Dockerfile, on failure too.
    """
    from nb2image.image.quote import slug
    from nb2image.project.context import check_destination, write_context
    from nb2image.proof.imports import first_image, repair_imports
    from nb2image.proof.verification import prove_built
    from nb2image.report import failed, holds_only_a_report, is_ours, write_report
    from nb2image.report.pages import write_pages

    folder = asked.context or Path(f"{slug(asked.notebook.stem)}-image")
    # the folder that nobody named is made anew each time, if it is one of ours
    ours = is_ours(folder) if asked.context is None else holds_only_a_report(folder)
    force = asked.force or ours
    report = Report(notebook=str(asked.notebook), context=str(folder))
    found: list[Finding] = []

    def emit_and_keep(event: Event) -> None:
        if isinstance(event, Noticed):
            found.append(event.finding)
        emit(event)

    try:
        tag = checked_tag(asked.tag)
        check_destination(folder, force=force)

        def write(options: Options, *, force: bool) -> BuildPlan:
            project, plan = plan_project(asked.notebook, options, services, emit_and_keep)
            with stage(emit_and_keep, "render") as say:
                write_context(
                    plan, project, folder, force=force, wheels=vendored_files(plan, services)
                )
                say(str(folder))
            return plan

        def make(plan: BuildPlan) -> BuiltImage:
            return build_plan(
                plan,
                folder,
                services,
                emit_and_keep,
                tag=tag or default_tag(plan),
                no_cache=asked.no_cache,
                how=asked.how,
            )

        again = partial(write, force=True)
        plan = write(options, force=force)
        report = replace(report, plan_digest=plan.digest)
        if asked.build:
            plan, image, options = first_image(plan, options, again, make, services, emit_and_keep)
            report = replace(report, plan_digest=plan.digest, image=image, findings=tuple(found))
            if can_be_run(image, plan):
                try:
                    if options.repair:
                        plan, image = repair_imports(
                            plan, image, options, again, make, services, emit_and_keep
                        )
                        report = replace(report, plan_digest=plan.digest, image=image)
                    report = replace(report, findings=tuple(found))
                    if asked.proof is not None:
                        return prove_built(
                            report, image.subject, asked.proof, services, emit, folder
                        )
                except EngineError as error:
                    if error.code != "rootless-impossible":
                        raise
                    notice(emit_and_keep, "verify", (not_run(error),))
    except Nb2ImageError as error:
        if not isinstance(error, OptionError) and asked.notebook.is_file():
            write_report(folder, failed(replace(report, findings=tuple(found)), error))
        raise
    report = replace(report, findings=tuple(found))
    write_pages(folder, report, plan)
    return report


def vendored_files(plan: BuildPlan, services: Services) -> dict[str, Path]:
    """Where the locked files lie that no index on the network serves.

    Raises PlanError when one is not there any more.
    """
    from nb2image.network import read_network
    from nb2image.requirements.index.vendored import find_vendored

    locked = plan.requirements.locked
    if not any(p.vendored for p in locked):
        return {}
    found = find_vendored(locked, read_network(services.environ))
    lost = [p.vendored for p in locked if p.vendored and p.vendored not in found]
    if lost:
        raise PlanError(
            f"{', '.join(lost)}: gone from the folders that pip is set to",
            code="wheel-missing",
            hint="run the command again",
        )
    return found


def can_be_run(image: BuiltImage, plan: BuildPlan) -> bool:
    """Whether the built image is here to be run: in an engine, or in a file for this machine."""
    if image.file:
        return plan.requirements.platform.partition("-")[0] == machine()
    return not image.pushed_only


def not_run(error: EngineError) -> Finding:
    """What is said where nothing can run an image: the image is good for another machine."""
    return Finding(
        severity="warning",
        code="not-run",
        message=f"the image was built, not run: {error.message}",
        hint=error.hint,
    )


def build(
    folder: Path,
    services: Services,
    emit: Emit,
    *,
    tag: str = "",
    no_cache: bool = False,
    how: BuildOptions = DEFAULT_BUILD,
) -> BuiltImage:
    """Build the image of a context that ``convert`` wrote, edited by hand or not.

    Raises OptionError when the folder is no context, EngineError and BuildError.
    """
    from nb2image.project.context import read_context
    from nb2image.report import failed, write_report

    tag = checked_tag(tag)
    plan = read_context(folder)
    report = Report(
        notebook=plan.notebook,
        context=str(folder),
        plan_digest=plan.digest,
        findings=(*plan.script.findings, *plan.requirements.findings, *plan.findings),
    )
    try:
        image = build_plan(
            plan,
            folder,
            services,
            emit,
            tag=tag or default_tag(plan),
            no_cache=no_cache,
            how=how,
        )
    except Nb2ImageError as error:
        write_report(folder, failed(report, error))
        raise
    write_report(folder, replace(report, image=image))
    return image


def build_plan(
    plan: BuildPlan,
    folder: Path,
    services: Services,
    emit: Emit,
    *,
    tag: str,
    no_cache: bool,
    how: BuildOptions,
) -> BuiltImage:
    """Build a context whose plan is known."""
    from nb2image.build.interface import BuildRequest

    request = BuildRequest(
        context=folder,
        tag=tag,
        platform="linux/arm64" if plan.requirements.platform.startswith("aarch64") else "",
        created=plan.created,
        no_cache=no_cache,
    )
    with stage(emit, "build") as say:
        image = builder(plan, folder, how, services, emit).build(request, emit)
        say(amount(image.size))
        if image.builder == "embedded":
            say("without an engine")
        say(f"{image.cached_steps} of {image.steps} steps from the cache")
    return image


def run(request: RunRequest, services: Services, emit: Emit) -> RunReport:
    """Run an image; its script's failure is in the report and no error."""
    from nb2image.run.container import run_image

    with stage(emit, "run"):
        return run_image(request, services.environ, emit)


def start(request: RunRequest, services: Services, emit: Emit) -> str:
    """Start an image and leave it running; the container's name."""
    from nb2image.run.container import start_image

    with stage(emit, "run"):
        return start_image(request, services.environ, emit)


def verify(
    image: str, conditions: Conditions, services: Services, emit: Emit, *, figures: Path
) -> tuple[BuildPlan, Notebook, Verdict]:
    """Run an image confined and compare it with the notebook that it carries.

    The run's figures are brought to the folder ``figures``. Raises EngineError, RunError when
    the image cannot be run at all, and PlanError when nb2image did not make it; a script that
    fails, and outputs that differ, are in the verdict.
    """
    from nb2image.notebook.read import read_notebook
    from nb2image.origins.contents import image_contents
    from nb2image.proof.prove import prove
    from nb2image.run.gpus import gpus_offered

    with stage(emit, "verify"), image_contents(image, services.environ) as contents:
        # the script as it stands there: a context may have been edited by hand
        plan = replace(contents.plan, script=replace(contents.plan.script, text=contents.script))
        path = contents.project.notebook
        notebook = read_notebook(contents.notebook, name=path.stem, suffix=path.suffix)
        if plan.accelerator.kind == "cuda" and not conditions.gpus:
            conditions = replace(conditions, gpus=gpus_offered(services.environ))
        verdict = prove(image, plan, notebook, conditions, services.environ, emit, figures=figures)
        return contents.plan, notebook, verdict


def default_tag(plan: BuildPlan) -> str:
    """The image's name when the user gives none."""
    return f"{plan.name}:latest"


def checked_tag(tag: str) -> str:
    """The tag as given, empty or valid. Raises OptionError."""
    from nb2image.image import quote

    try:
        return str(quote.tag(tag)) if tag else ""
    except PlanError as error:
        raise OptionError(error.message, code="tag-invalid", hint=error.hint) from error
