"""Makes an image whose packages can be built and imported, again where the first lock cannot."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from nb2image.build.causes import HEADER_MISSING
from nb2image.errors import BuildError, PlanError, RequirementsError
from nb2image.events import Emit, Noticed
from nb2image.model import BuildPlan, BuiltImage, Finding
from nb2image.options import Options
from nb2image.requirements.import_check import ImportFailure, check_imports
from nb2image.requirements.index.cache import index_cache
from nb2image.requirements.repair import Repair, header_packages, repairs, wheels_instead
from nb2image.requirements.world import make_world
from nb2image.services import Services

DRIVER = re.compile(
    r"lib(?:cuda|nvidia)[\w-]*\.so|(?:NVIDIA|CUDA) driver|CUDA_ERROR|CUDA-capable", re.IGNORECASE
)
"""What an import lacks where the engine has no GPU; no package has it, the machine brings it."""

SOURCE_FAILED = re.compile(r"Failed to build|Build failures usually indicate")
"""uv's words for a source distribution that cannot be built."""

Write = Callable[[Options], BuildPlan]
"""Makes the plan again, and its context."""
Make = Callable[[BuildPlan], BuiltImage]
"""Builds the context that was written last."""


def first_image(
    plan: BuildPlan, options: Options, write: Write, make: Make, services: Services, emit: Emit
) -> tuple[BuildPlan, BuiltImage, Options]:
    """The image of a plan; where a source cannot be built, with the headers that it lacks, or of
    older releases that have wheels.

    With the plan and the options that it was made with. Raises what ``make`` raises.
    """
    left = options.repair
    while True:
        try:
            return plan, make(plan), options
        except BuildError as failure:
            better = another_build(failure, plan, options, services, emit) if left else None
            if better is None:
                raise
            left -= 1
            what = f"{failure.message}: made again with {better.what}"
            tell(emit, noted("build-repaired", what, better))
            options = better.options
            try:
                plan = write(options)
            except (RequirementsError, PlanError):
                raise failure from None


def another_build(
    failure: BuildError, plan: BuildPlan, options: Options, services: Services, emit: Emit
) -> Repair | None:
    """What may let a source be built, or spare it; None for other failures."""
    headers = failed_headers(failure)
    if not headers and not SOURCE_FAILED.search("\n".join((failure.message, *failure.details))):
        return None
    world = make_world(options, services, emit, kind=plan.accelerator.kind)
    found = plan.requirements
    return header_packages(headers, found, options, world) or wheels_instead(
        (failure.message, *failure.details), found, options, world
    )


def failed_headers(failure: BuildError) -> tuple[str, ...]:
    """The headers that a build lacks: the one that is told as its cause, others in its lines."""
    told = [failure.subject] if failure.code == "header-missing" else []
    return tuple(dict.fromkeys((*told, *HEADER_MISSING.findall("\n".join(failure.details)))))


def repair_imports(
    plan: BuildPlan,
    image: BuiltImage,
    options: Options,
    write: Write,
    make: Make,
    services: Services,
    emit: Emit,
) -> tuple[BuildPlan, BuiltImage]:
    """The plan and image whose imports work, after ``options.repair`` changes at most.

    What still fails is noticed, and no error here: the run of the script tells what it breaks.
    """
    tried = 0
    while failures := failing(plan, image, services, emit):
        world = make_world(options, services, emit, kind=plan.accelerator.kind)
        ways = repairs(failures, plan.requirements, options, world)
        for better in islice(ways, options.repair - tried):
            tried += 1
            try:
                other = write(better.options)
                image = make(other)
            except (RequirementsError, PlanError, BuildError) as error:
                what = f"with {better.what} there is no image: {error.message}"
                tell(emit, noted("import-not-repaired", what, better))
                if not isinstance(error, RequirementsError):
                    write(options)  # the context that is left belongs to the image that is left
                continue
            plan, options = other, better.options
            what = f"{described(failures[0])}: made again with {better.what}"
            tell(emit, noted("import-repaired", what, better))
            break
        else:
            # the image that is there may still do: its run tells
            tell(emit, *map(failed, failures))
            break
    return plan, image


def failing(
    plan: BuildPlan, image: BuiltImage, services: Services, emit: Emit
) -> Sequence[ImportFailure]:
    """The imports that fail; what passed once is not asked again."""
    cache = index_cache(services.cache)
    key = checked(plan, image)
    if cache.get("imports", key) is not None:
        return ()
    failures = check_imports(image.subject, plan.requirements.needs, services.environ, emit)
    if plan.accelerator.kind == "cuda":
        failures = tuple(f for f in failures if not lacks_driver(f))
    if not failures:
        cache.put("imports", key, b"ok")
    return failures


def checked(plan: BuildPlan, image: BuiltImage) -> str:
    """All that decides whether the imports work: of images that differ in their code alone, one
    is asked. A base that the user named may be another tomorrow: there it is this very image."""
    if not plan.base.suite:
        return image.id
    found = plan.requirements
    parts = (
        image.builder,
        plan.base,
        found.platform,
        found.locked,
        [package.name for package in found.system],
        [(need.module, need.names) for need in found.needs],  # not where: lines move
        plan.accelerator.kind,
        plan.trim,
        plan.env,
    )
    return msgspec.json.encode(parts).decode()


def lacks_driver(failure: ImportFailure) -> bool:
    """Whether an import fails for want of a GPU where it was tried: the machine brings it."""
    return DRIVER.search(failure.message) is not None


def described(failure: ImportFailure) -> str:
    """One failure in words."""
    what = f"{failure.need.module}.{failure.name}" if failure.name else failure.need.module
    return f"the image cannot import {what} ({failure.error}: {failure.message})"


def tell(emit: Emit, *findings: Finding) -> None:
    """Emit each finding."""
    for finding in findings:
        emit(Noticed(stage="verify", finding=finding))


def noted(code: str, what: str, repair: Repair) -> Finding:
    """What a repair did, or why it did not."""
    return Finding(severity="warning", code=code, message=what, place=repair.place)


def failed(failure: ImportFailure) -> Finding:
    """A failure that stays."""
    return Finding(
        severity="error",
        code="import-fails",
        message=described(failure),
        place=failure.need.place,
        hint="--assume, --apt or a requirements file adds what is missing",
    )
