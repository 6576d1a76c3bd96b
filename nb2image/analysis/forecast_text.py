"""A forecast in words, for people."""

from __future__ import annotations

from collections.abc import Iterator

from nb2image.model.forecast import Forecast, OtherKind
from nb2image.sizes import amount


def forecast_lines(forecast: Forecast, *, top: int) -> Iterator[str]:
    """The total with its error, the largest parts, every guess, and how earlier ones held."""
    yield (
        f"forecast: {amount(forecast.size)} ± {amount(forecast.error)}, "
        f"about {amount(forecast.compressed)} compressed"
    )
    shown = forecast.items[:top]
    for item in (*shown, *(item for item in forecast.items[top:] if item.guess)):
        version = f" {item.version}" if item.version else ""
        guess = f"  (guessed: {item.source})" if item.guess else ""
        yield f"  {amount(item.size):>9}  {item.name}{version}{guess}"
    rest = [item.size for item in forecast.items[top:] if not item.guess]
    if rest:
        yield f"  {amount(sum(rest)):>9}  {len(rest)} more"
    if forecast.trimmed:
        yield f"  {amount(forecast.trimmed):>9}  left out (--trim)"
    if forecast.earlier:
        several = "s were" if forecast.earlier > 1 else " was"
        yield (
            f"  {forecast.earlier} earlier forecast{several} off by "
            f"{100 * forecast.earlier_error:.1f} %"
        )


def other_line(other: OtherKind) -> str:
    """What the image for the other kind of machine would take."""
    name, option = ("the CPU", "--cpu") if other.kind == "cpu" else ("a GPU", "--gpu")
    if other.forecast is None:
        return f"for {name} ({option}): {other.why_not}"
    expected = other.forecast
    return (
        f"for {name} ({option}): {amount(expected.size)} ± {amount(expected.error)}, about "
        f"{amount(expected.compressed)} compressed, on {other.base}"
    )
