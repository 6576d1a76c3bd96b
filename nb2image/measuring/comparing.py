"""Gathers what is compared: images that exist, contexts, and variants that are built for it."""

from __future__ import annotations

import contextlib
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nb2image.analysis.compare import built, compare, expected
from nb2image.analysis.inspect import LABELS
from nb2image.errors import OptionError
from nb2image.events import Emit, Noticed, StageFinished, StageStarted
from nb2image.history.remember import remember
from nb2image.measuring.forecasting import forecast_plan, history_entries
from nb2image.measuring.inspection import image_labels, inspect_named
from nb2image.measuring.variants import variant_options
from nb2image.model import Finding
from nb2image.model.comparison import Comparison, Subject
from nb2image.model.history import HistoryEntry
from nb2image.options import Options
from nb2image.project.context import read_context
from nb2image.services import Services

NUMBERED = re.compile(r"@(\d{1,9})")
"""``@12`` is the image of the history's entry 12; no image can have such a name."""


def compare_named(
    names: Sequence[str], services: Services, emit: Emit, *, platform: str = "linux/amd64"
) -> Comparison:
    """Images of the engine, of the history, tars, layouts and contexts side by side.

    Raises OptionError for fewer than two, and the errors of reading each.
    """
    if len(names) < 2:
        raise OptionError(
            "there is nothing to compare with",
            code="compare-one",
            hint="name two images or more, or a notebook and --variants cpu,cpu-single",
        )
    entries = history_entries(services)
    subjects = []
    for number, name in enumerate(names, 1):
        with inspecting(name, emit, number=number, total=len(names)):
            subjects.append(subject(name, services, entries, platform=platform))
    return compare(subjects)


@contextlib.contextmanager
def inspecting(
    name: str, emit: Emit, *, number: int | None = None, total: int | None = None
) -> Iterator[None]:
    """Say that an image is looked into, which takes seconds for a large one, and that it was."""
    emit(StageStarted(stage="inspect", step=name, number=number, total=total))
    begun = time.monotonic()
    yield
    emit(StageFinished(stage="inspect", step=name, seconds=time.monotonic() - begun))


def subject(
    name: str, services: Services, entries: Sequence[HistoryEntry], *, platform: str
) -> Subject:
    """One image, inspected, or the forecast of a context's."""
    path = Path(name)
    if (path / "plan.json").is_file():
        return expected(forecast_plan(read_context(path), services), name)
    numbered = NUMBERED.fullmatch(name)
    image, shown = remembered(int(numbered[1]), entries) if numbered else (name, name)
    inspection = inspect_named(image, services, platform=platform)
    cold, warm, partly = build_times(inspection.provenance.plan_digest, entries)
    return built(inspection, shown, cold_seconds=cold, warm_seconds=warm, partly_seconds=partly)


def remembered(number: int, entries: Sequence[HistoryEntry]) -> tuple[str, str]:
    """What names the image of a history's entry now, and what to call it.

    A tag may have been given to another image since, so the id is taken. Raises OptionError.
    """
    entry = next((entry for entry in entries if entry.id == number), None)
    if entry is None or not entry.reference:
        what = "no entry" if entry is None else "no image in entry"
        raise OptionError(
            f"the history has {what} {number}",
            code="history-missing" if entry is None else "history-no-image",
            hint="see the entries: nb2image history",
        )
    archive = Path(entry.cwd, entry.reference)
    is_archive = entry.builder == "embedded" and archive.exists()
    image = str(archive) if is_archive else entry.image_id or entry.reference
    return image, f"{entry.reference} @{number}"


def build_times(
    plan_digest: str, entries: Sequence[HistoryEntry]
) -> tuple[float | None, float | None, float | None]:
    """Seconds of the last builds of a plan with nothing, everything, and something in the cache."""
    cold = warm = partly = None
    for entry in reversed(entries):
        if plan_digest and entry.plan_digest == plan_digest and entry.ok and entry.steps:
            seconds = entry.seconds if entry.build_seconds is None else entry.build_seconds
            if entry.cached_steps <= 1:  # the base image, where it is there, is a step, too
                cold = seconds
            elif entry.cached_steps >= entry.steps - 1:  # loading the context is always done
                warm = seconds
            else:
                partly = seconds
    return cold, warm, partly


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """The ways of building a notebook that are to be compared."""

    notebook: Path
    names: tuple[str, ...]
    options: Options
    """What is the same for all."""
    reuse: bool = False
    """Take the image ``NAME:VARIANT`` that is there, if it was made of the very same plan."""
    history: bool = True
    """Keep each build in the history."""
    command: tuple[str, ...] = ()
    """The command's arguments, for the history."""

    def tag(self, variant: str) -> str:
        """The name of a variant's image."""
        from nb2image.image.quote import slug

        return f"{slug(self.notebook.stem)}:{variant}"


def compare_variants(asked: Variants, services: Services, emit: Emit) -> Comparison:
    """Build a notebook in several ways, each cold and then warm, and compare the images.

    Images in an engine keep the tag ``NAME:VARIANT``; what is written to disk is removed.
    Raises OptionError for an unknown variant before anything is built, and the errors of a build.
    """
    chosen = [(variant, variant_options(variant, asked.options)) for variant in asked.names]
    subjects = []
    with tempfile.TemporaryDirectory(prefix="nb2image-compare-") as temporary:
        for variant, options in chosen:
            found = there(variant, options, asked, services, emit) if asked.reuse else None
            if found is None:
                context = Path(temporary) / variant
                found = build_variant(variant, options, asked, context, services, emit)
            subjects.append(found)
    return compare(subjects)


def there(
    variant: str, options: Options, asked: Variants, services: Services, emit: Emit
) -> Subject | None:
    """A variant whose image is there and was made of the plan that would be made now."""
    from nb2image import pipeline

    tag = asked.tag(variant)
    digest = image_labels(tag, services).get(LABELS["plan_digest"], "")
    if not digest or pipeline.make_plan(asked.notebook, options, services, emit).digest != digest:
        return None
    message = f"{tag} is there, made of the same plan: it is not built again"
    finding = Finding(severity="note", code="variant-reused", message=message)
    emit(Noticed(stage="build", finding=finding))
    with inspecting(tag, emit):
        inspection = inspect_named(tag, services, platform=options.platform)
    cold, warm, partly = build_times(digest, history_entries(services))
    return built(inspection, variant, cold_seconds=cold, warm_seconds=warm, partly_seconds=partly)


def build_variant(
    variant: str,
    options: Options,
    asked: Variants,
    context: Path,
    services: Services,
    emit: Emit,
) -> Subject:
    """Build a variant with nothing and then with everything in the cache, and inspect it."""
    from nb2image import pipeline

    tag, name = asked.tag(variant), str(asked.notebook.resolve())
    conversion = pipeline.Conversion(
        notebook=asked.notebook, context=context, tag=tag, no_cache=True
    )
    command, keep = asked.command, asked.history
    with remember("convert", emit, services, notebook=name, command=command, keep=keep) as memory:
        report = pipeline.convert(conversion, options, services, memory.emit)
        memory.done(report)
    with remember("build", emit, services, notebook=name, command=command, keep=keep) as memory:
        warm = pipeline.build(context, services, memory.emit, tag=tag)
        memory.done(warm, context=context)
    with inspecting(warm.reference, emit):
        inspection = inspect_named(warm.reference, services, platform=options.platform)
    return built(
        inspection,
        variant,
        cold_seconds=report.image.seconds if report.image else None,
        warm_seconds=warm.seconds,
    )
