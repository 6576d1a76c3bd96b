"""Holds compared images against limits, and against the first of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

from nb2image.analysis.gates import Measured, result, worst_path
from nb2image.errors import GateError
from nb2image.model.analysis import GateResult, Gates
from nb2image.model.comparison import Budget, Comparison, Part, Subject


def hold(comparison: Comparison, budget: Budget) -> Comparison:
    """The comparison with a result for each image and each limit that is set."""
    if budget == Budget():
        return replace(comparison, gates=())
    first = comparison.subjects[0]
    return replace(
        comparison,
        gates=tuple(
            tuple(results(subject, first, budget, is_first=number == 0))
            for number, subject in enumerate(comparison.subjects)
        ),
    )


def failure(comparison: Comparison) -> GateError | None:
    """The error for the limits that were not kept; None when all were."""
    failed = [
        (subject.name, result)
        for subject, gates in zip(comparison.subjects, comparison.gates, strict=False)
        for result in gates
        if not result.ok
    ]
    if not failed:
        return None
    named = "; ".join(f"{name}, {r.gate}: {r.message}" for name, r in failed)
    gates = {r.gate for _, r in failed}
    count = "one limit is" if len(failed) == 1 else f"{len(failed)} limits are"
    return GateError(
        f"{count} not kept: {named}",
        code="gate-" + gates.pop() if len(gates) == 1 else "gates",
        hint="the comparison lists what grew; nb2image inspect says what would make it smaller",
    )


def results(
    subject: Subject, first: Subject, budget: Budget, *, is_first: bool
) -> Iterator[GateResult]:
    """One result for each limit whose figure is known of the image."""
    for field in fields(Gates):
        limit = getattr(budget.gates, field.name)
        measured = MEASURES[field.name](subject)
        if limit is not None and measured is not None:
            yield result(field.name, limit, measured)
    if budget.max_growth is not None and not is_first:
        yield result("max_growth", budget.max_growth, growth(subject, first, budget.max_growth))


def growth(subject: Subject, first: Subject, limit: float) -> Measured:
    """How much larger an image is, in bytes or as a share, as the limit is given."""
    grown: float = subject.size - first.size
    if not isinstance(limit, int):
        grown = grown / first.size if first.size else 0.0
    return grown, f"it has grown against {first.name} by"


def size(subject: Subject) -> Measured:
    return subject.size, "the image has"


def compressed(subject: Subject) -> Measured | None:
    if subject.compressed_size is None:
        return None
    return subject.compressed_size, "compressed, the image has about"


def layer(subject: Subject) -> Measured | None:
    own = [part for part in subject.layers if part.kind == "layer"]
    if not own and subject.forecast:
        return None
    return largest(own, "layer above the base")


def package(subject: Subject) -> Measured:
    return largest([p for p in subject.packages if p.kind == "python-package"], "package")


def largest(parts: list[Part], what: str) -> Measured:
    """The largest part's bytes."""
    found = max(parts, key=lambda part: part.size, default=None)
    if found is None:
        return 0, f"there is no {what};"
    return found.size, f"{found.name} is the largest {what} with"


def wasted(subject: Subject) -> Measured | None:
    if subject.wasted_bytes is None:
        return None
    return subject.wasted_bytes, f"{worst_path(subject.wastes)}wasted are"


def wasted_share(subject: Subject) -> Measured | None:
    if subject.wasted_bytes is None:
        return None
    user = sum(size for _, size in subject.layer_sizes[1:])
    share = subject.wasted_bytes / user if user else 0.0
    return share, f"{worst_path(subject.wastes)}the wasted share is"


def efficiency(subject: Subject) -> Measured | None:
    if subject.efficiency is None:
        return None
    return subject.efficiency, f"{worst_path(subject.wastes)}the efficiency is"


MEASURES: dict[str, Callable[[Subject], Measured | None]] = {
    "max_size": size,
    "max_compressed": compressed,
    "max_layer": layer,
    "max_package": package,
    "max_wasted": wasted,
    "max_wasted_share": wasted_share,
    "min_efficiency": efficiency,
}
