"""How long a job will take, from those before it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from nb2image.jobs.job import Job
from nb2image.model.history import HistoryEntry

RECENT = 5
"""How many earlier ones speak: an old one may have run on another network."""


def expected_stages(job: Job, earlier: Iterable[Job]) -> dict[str, float]:
    """Seconds for each stage: the median of the last jobs of the same kind and notebook."""
    alike = [
        other
        for other in sorted(earlier, key=lambda other: other.created, reverse=True)
        if other.id != job.id
        and other.state == "done"
        and other.created < job.created
        and (other.request.kind, other.request.notebook) == (job.request.kind, job.request.notebook)
    ][:RECENT]
    seconds: dict[str, list[float]] = {}
    for other in alike:
        for time in other.stages:
            seconds.setdefault(time.stage, []).append(time.seconds)
    return {stage: median(values) for stage, values in seconds.items()}


def expected_total(job: Job, earlier: Iterable[Job], history: Iterable[HistoryEntry]) -> float:
    """Seconds for the whole job; 0 when nothing like it was done before.

    ``history`` helps with what was run from the command line.
    """
    stages = expected_stages(job, earlier)
    if stages:
        return sum(stages.values())
    alike = [
        entry.seconds
        for entry in history
        if entry.ok
        and entry.action == job.request.kind
        and job.request.notebook
        and entry.notebook == job.request.notebook
    ][:RECENT]
    return median(alike) if alike else 0.0
