"""Gathers what is compared: images that exist, contexts, and variants that are built for it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from nb2image.analysis.compare import built, compare, expected
from nb2image.context import read_context
from nb2image.errors import OptionError
from nb2image.events import Emit
from nb2image.forecasting import forecast_plan, history_entries
from nb2image.inspection import inspect_named
from nb2image.model.comparison import Comparison, Subject
from nb2image.model.history import HistoryEntry
from nb2image.options import Options
from nb2image.services import Services
from nb2image.variants import variant_options


def compare_named(
    names: Sequence[str], services: Services, *, platform: str = "linux/amd64"
) -> Comparison:
    """Images of the engine, tars, layouts and contexts side by side.

    Raises OptionError for fewer than two, and the errors of reading each.
    """
    if len(names) < 2:
        raise OptionError(
            "there is nothing to compare with",
            code="compare-one",
            hint="name two images or more, or a notebook and --variants cpu,cpu-single",
        )
    entries = history_entries(services)
    return compare([subject(name, services, entries, platform=platform) for name in names])


def subject(
    name: str, services: Services, entries: Sequence[HistoryEntry], *, platform: str
) -> Subject:
    """One image, inspected, or the forecast of a context's."""
    path = Path(name)
    if (path / "plan.json").is_file():
        return expected(forecast_plan(read_context(path), services), name)
    inspection = inspect_named(name, services, platform=platform)
    cold, warm = build_times(inspection.provenance.plan_digest, entries)
    return built(inspection, name, cold_seconds=cold, warm_seconds=warm)


def build_times(
    plan_digest: str, entries: Sequence[HistoryEntry]
) -> tuple[float | None, float | None]:
    """Seconds of the last builds of a plan with nothing and with everything in the cache."""
    cold = warm = None
    for entry in reversed(entries):
        if plan_digest and entry.plan_digest == plan_digest and entry.ok and entry.steps:
            if entry.cached_steps == 0:
                cold = entry.seconds
            elif entry.cached_steps >= entry.steps - 1:  # loading the context is always done
                warm = entry.seconds
    return cold, warm


def compare_variants(
    notebook: Path, variants: Sequence[str], options: Options, services: Services, emit: Emit
) -> Comparison:
    """Build a notebook in several ways, each cold and then warm, and compare the images.

    Images in an engine keep the tag ``NAME:VARIANT``; what is written to disk is removed.
    Raises OptionError for an unknown variant before anything is built, and the errors of a build.
    """
    from nb2image import pipeline
    from nb2image.image.quote import slug

    chosen = [(variant, variant_options(variant, options)) for variant in variants]
    subjects = []
    with tempfile.TemporaryDirectory(prefix="nb2image-compare-") as temporary:
        for variant, asked in chosen:
            context = Path(temporary) / variant
            tag = f"{slug(notebook.stem)}:{variant}"
            conversion = pipeline.Conversion(
                notebook=notebook, context=context, tag=tag, no_cache=True
            )
            cold = pipeline.convert(conversion, asked, services, emit).image
            warm = pipeline.build(context, services, emit, tag=tag)
            inspection = inspect_named(warm.reference, services, platform=asked.platform)
            subjects.append(
                built(
                    inspection,
                    variant,
                    cold_seconds=cold.seconds if cold else None,
                    warm_seconds=warm.seconds,
                )
            )
    return compare(subjects)
