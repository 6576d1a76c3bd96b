"""Holds an inspection against limits: every result at once, passed or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace

from nb2image.errors import GateError
from nb2image.model.analysis import GateResult, Gates, Inspection, Waste
from nb2image.sizes import amount

Measured = tuple[float, str]
"""What was measured, and what to say about it."""


def check(inspection: Inspection, gates: Gates) -> Inspection:
    """The inspection with one result for each limit that is set, in the order of the fields."""
    return replace(inspection, gates=tuple(results(inspection, gates)))


def failure(inspection: Inspection) -> GateError | None:
    """The error for the limits that were not kept; None when all were."""
    failed = [result for result in inspection.gates if not result.ok]
    if not failed:
        return None
    return GateError(
        f"{inspection.reference} does not keep {len(failed)} of "
        f"{len(inspection.gates)} limits: " + "; ".join(f"{r.gate}: {r.message}" for r in failed),
        code="gate-" + failed[0].gate if len(failed) == 1 else "gates",
        hint="nb2image inspect lists what the bytes are and what would make it smaller",
    )


def results(inspection: Inspection, gates: Gates) -> Iterator[GateResult]:
    for field in fields(gates):
        limit = getattr(gates, field.name)
        if limit is None:
            continue
        yield result(field.name, limit, MEASURES[field.name](inspection))


def result(name: str, limit: float, measured: Measured) -> GateResult:
    """Whether a limit is kept; ``name`` is the field's that holds it."""
    actual, what = measured
    least = name.startswith("min_")
    show = shown(limit, name)
    relation = "at least" if least else "at most"
    return GateResult(
        gate=name.replace("_", "-"),
        ok=actual >= limit if least else actual <= limit,
        limit=limit,
        actual=actual,
        message=f"{what} {show(actual)}, {relation} {show(limit)} is allowed",
    )


def shown(limit: float, name: str) -> Callable[[float], str]:
    """How a limit's numbers are written: whole ones are bytes, growth is told in per cent."""
    if isinstance(limit, int):
        return lambda number: amount(round(number))
    return percent if "growth" in name else ratio


def percent(number: float) -> str:
    """A share of growth for people."""
    return f"{100 * number:.2f}".rstrip("0").rstrip(".") + " %"


def ratio(number: float) -> str:
    """A share for people; more digits than a limit has, so that 0.9499 is not shown as 0.95."""
    return f"{number:.4f}".rstrip("0").rstrip(".")


def size(inspection: Inspection) -> Measured:
    return inspection.size, "the image has"


def compressed(inspection: Inspection) -> Measured:
    if inspection.compressed_size is None:
        # samples are rarely off by a tenth: what passes so would pass
        most = round(inspection.compressed_estimate * 1.1)
        return most, "compressed, by samples and with a margin of 10 %, the image has"
    return inspection.compressed_size, "compressed, the image has"


def layer(inspection: Inspection) -> Measured:
    own = [layer for layer in inspection.layers if not layer.base]
    largest = max(own, key=lambda layer: layer.size, default=None)
    if largest is None:
        return 0, "there is no layer above the base;"
    return largest.size, f"layer {largest.number} is the largest above the base with"


def package(inspection: Inspection) -> Measured:
    found = [p for p in inspection.packages if p.kind == "python-package"]
    largest = max(found, key=lambda package: package.size, default=None)
    if largest is None:
        return 0, "there is no Python package;"
    return largest.size, f"{largest.name} is the largest package with"


def wasted(inspection: Inspection) -> Measured:
    return inspection.efficiency.wasted_bytes, f"{worst(inspection)}wasted are"


def wasted_share(inspection: Inspection) -> Measured:
    return inspection.efficiency.wasted_user_share, f"{worst(inspection)}the wasted share is"


def efficiency(inspection: Inspection) -> Measured:
    return inspection.efficiency.score, f"{worst(inspection)}the efficiency is"


def worst(inspection: Inspection) -> str:
    """The path that wastes most, to begin a message with."""
    return worst_path(inspection.efficiency.wastes)


def worst_path(wastes: Sequence[Waste]) -> str:
    """The first of the paths that waste, to begin a message with."""
    if not wastes:
        return ""
    waste = wastes[0]
    layers = ", ".join(str(number) for number in waste.layers)
    return f"/{waste.path} is in layers {layers} ({amount(waste.size)}); "


MEASURES: dict[str, Callable[[Inspection], Measured]] = {
    "max_size": size,
    "max_compressed": compressed,
    "max_layer": layer,
    "max_package": package,
    "max_wasted": wasted,
    "max_wasted_share": wasted_share,
    "min_efficiency": efficiency,
}
