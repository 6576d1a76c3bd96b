"""The history in words, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nb2image.model.history import HistoryDetail, HistoryEntry
from nb2image.sizes import amount


def entry_lines(entries: Sequence[HistoryEntry]) -> Iterator[str]:
    """One line an entry."""
    if not entries:
        yield "the history is empty"
    for entry in entries:
        yield f"{entry.id:5}  {when(entry)}  {entry.action:8}{outcome(entry)}"


def when(entry: HistoryEntry) -> str:
    """The time to the second, without the zone: it is UTC."""
    return entry.at[:19].replace("T", " ")


def outcome(entry: HistoryEntry) -> str:
    """What came of it, in a few words."""
    parts = [entry.notebook or entry.reference, f"{entry.seconds:.1f} s"]
    if entry.size is not None:
        parts.append(amount(entry.size))
    if entry.steps:
        parts.append(f"{entry.cached_steps} of {entry.steps} steps cached")
    if entry.ok and entry.message:
        parts.append(entry.message)
    if not entry.ok:
        parts.append(f"FAILED {entry.error or 'exit status'}")
    return "  ".join(parts)


def detail_lines(detail: HistoryDetail) -> Iterator[str]:
    """An entry with all that is known, and the end of its log."""
    entry = detail.entry
    yield f"{entry.id}: {entry.action} of {entry.notebook or entry.reference}"
    yield f"  began     {when(entry)} UTC, took {entry.seconds:.1f} s"
    yield f"  result    {'ok' if entry.ok else f'failed: {entry.error} {entry.message}'.strip()}"
    if entry.plan_digest:
        yield f"  plan      {entry.plan_digest}"
    if entry.base:
        size = f", {amount(entry.base_size)}" if entry.base_size is not None else ""
        yield f"  base      {entry.base}{size}"
    if entry.reference:
        yield f"  image     {entry.reference} {entry.image_id}".rstrip()
    if entry.size is not None:
        yield f"  size      {amount(entry.size)}{held(entry)}"
    if entry.steps:
        yield f"  steps     {entry.steps}, {entry.cached_steps} of them cached"
    if detail.log:
        yield "  log"
        for line in detail.log.splitlines():
            yield f"    {line}"


def held(entry: HistoryEntry) -> str:
    """How well the forecast held."""
    if entry.forecast is None or not entry.size:
        return ""
    error = entry.forecast / entry.size - 1
    return f" (forecast {amount(entry.forecast)}, {100 * error:+.1f} %)"
