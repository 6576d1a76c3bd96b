"""Holds images against each other: by layer, package and folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from nb2image.model.analysis import Inspection, LayerShare
from nb2image.model.comparison import Comparison, Part, Row, Subject
from nb2image.model.forecast import Forecast

COMMAND = 90
"""Characters of a layer's command that name it."""
FOLDER_DEPTH = 6
"""Folders deeper than this are compared within the one above."""
WASTES = 20
"""Paths that waste most, of each image."""


def compare(subjects: Sequence[Subject]) -> Comparison:
    """The comparison of two images or more; the first is the one to compare with."""
    first = dict(subjects[0].layer_sizes)
    return Comparison(
        subjects=tuple(subjects),
        shared=tuple(
            sum(size for digest, size in subject.layer_sizes if digest and digest in first)
            for subject in subjects
        ),
        packages=rows(subjects, lambda subject: subject.packages),
        layers=rows(subjects, lambda subject: subject.layers),
        folders=rows(subjects, lambda subject: subject.folders),
    )


def rows(
    subjects: Sequence[Subject], parts: Callable[[Subject], Sequence[Part]]
) -> tuple[Row, ...]:
    """One row for each part that any image has."""
    found: dict[tuple[str, str], list[Part | None]] = {}
    for number, subject in enumerate(subjects):
        for part in parts(subject):
            row = found.setdefault((part.kind, part.name), [None] * len(subjects))
            row[number] = part
    made = [
        Row(
            name=name,
            kind=kind,
            sizes=tuple(part.size if part else 0 for part in row),
            notes=tuple(part.note if part else "" for part in row),
        )
        for (kind, name), row in found.items()
    ]
    return tuple(sorted(made, key=lambda r: (-r.largest_delta, -max(r.sizes), r.kind, r.name)))


def built(
    inspection: Inspection,
    name: str,
    *,
    cold_seconds: float | None = None,
    warm_seconds: float | None = None,
    partly_seconds: float | None = None,
) -> Subject:
    """An image that was inspected."""
    return Subject(
        name=name,
        reference=inspection.reference,
        notebook=inspection.provenance.notebook,
        size=inspection.size,
        compressed_size=inspection.compressed_estimate,
        layer_count=len(inspection.layers),
        packages=tuple(
            Part(name=p.name, size=p.size, note=p.version, kind=p.kind) for p in inspection.packages
        ),
        layers=layer_parts(inspection.layers),
        folders=tuple(
            Part(name=share.name, size=share.size, kind="folder")
            for share in inspection.folders
            if share.name.count("/") <= FOLDER_DEPTH
        ),
        layer_sizes=tuple((layer.digest, layer.size) for layer in inspection.layers),
        hidden_size=inspection.hidden_size,
        efficiency=inspection.efficiency.score,
        wasted_bytes=inspection.efficiency.wasted_bytes,
        wastes=inspection.efficiency.wastes[:WASTES],
        cold_seconds=cold_seconds,
        warm_seconds=warm_seconds,
        partly_seconds=partly_seconds,
    )


def expected(forecast: Forecast, name: str) -> Subject:
    """An image that is not built yet."""
    return Subject(
        name=name,
        forecast=True,
        size=forecast.size,
        compressed_size=forecast.compressed,
        packages=tuple(
            Part(name=item.name, size=item.size, note=item.version, kind=item.kind)
            for item in forecast.items
        ),
    )


def layer_parts(layers: Sequence[LayerShare]) -> tuple[Part, ...]:
    """The layers by what made them; those of the base as one."""
    parts = []
    base = sum(layer.size for layer in layers if layer.base)
    if base:
        parts.append(Part(name="base image", size=base, kind="base"))
    seen: dict[str, int] = {}
    for layer in layers:
        if not layer.base:
            command = layer_name(layer.command) or "(no command)"
            seen[command] = seen.get(command, 0) + 1
            name = command if seen[command] == 1 else f"{command} ({seen[command]})"
            parts.append(Part(name=name, size=layer.size, kind="layer"))
    return tuple(parts)


def layer_name(command: str) -> str:
    """A layer's command without what every command has, cut to a readable length."""
    plain = re.sub(r"^(/bin/sh -c |RUN )*(#\(nop\) +)?|# buildkit$", "", command.strip())
    plain = " ".join(plain.split())
    return plain if len(plain) <= COMMAND else plain[: COMMAND - 1] + "…"
