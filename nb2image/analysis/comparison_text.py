"""A comparison as a table for people, as Markdown, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nb2image.analysis.gates import shown
from nb2image.model.analysis import GateResult
from nb2image.model.comparison import Comparison, Row, Subject
from nb2image.sizes import amount

Line = tuple[str, ...]
"""A row's cells, the name first."""

ALMOST_ALL = 0.97


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with its heading."""

    heading: str
    lines: tuple[Line, ...]


def text_lines(comparison: Comparison, *, top: int) -> Iterator[str]:
    """The comparison for a terminal."""
    names = tuple(subject.name for subject in comparison.subjects)
    for number, table in enumerate(tables(comparison, top=top)):
        lines = [(table.heading, *names), *table.lines]
        widths = [max(len(line[column]) for line in lines) for column in range(len(names) + 1)]
        if number:
            yield ""
        for line in lines:
            cells = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
            yield "  ".join([line[0].ljust(widths[0]), *cells]).rstrip()


def markdown_lines(comparison: Comparison, *, top: int) -> Iterator[str]:
    """The comparison as Markdown tables."""
    names = tuple(subject.name for subject in comparison.subjects)
    for number, table in enumerate(tables(comparison, top=top)):
        if number:
            yield ""
        yield markdown_row((table.heading, *names))
        yield "| --- |" + " ---: |" * len(names)
        for line in table.lines:
            yield markdown_row(line)


def markdown_row(line: Line) -> str:
    """A row; what Markdown or HTML would read is escaped."""
    return "| " + " | ".join(markdown_text(cell) for cell in line) + " |"


def markdown_text(text: str) -> str:
    """Text that stands in a Markdown table as it is."""
    for character, written in (("&", "&amp;"), ("<", "&lt;"), ("\\", "\\\\")):
        text = text.replace(character, written)
    for character in "|*_`[]~":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())


def csv_text(comparison: Comparison) -> str:
    """Every number, one a line: section, kind, name, image, note, bytes (or else), delta."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(["section", "kind", "name", "image", "note", "value", "delta"])
    subjects = comparison.subjects
    for name, value in TOTALS:
        first = value(comparison, 0)
        for number, subject in enumerate(subjects):
            found = value(comparison, number)
            if found is not None:
                delta = "" if first is None else found - first
                writer.writerow(["total", "", name, plain(subject.name), "", found, delta])
    for subject, gates in zip(subjects, comparison.gates, strict=False):
        for gate in gates:
            state = "ok" if gate.ok else "failed"
            writer.writerow(["limit", state, gate.gate, plain(subject.name), "", gate.actual, ""])
    sections = (
        ("layer", comparison.layers),
        ("package", comparison.packages),
        ("folder", comparison.folders),
    )
    for section, rows in sections:
        for row in rows:
            for number, subject in enumerate(subjects):
                cells = (row.name, subject.name, row.notes[number])
                name, image, note = (plain(cell) for cell in cells)
                size, delta = row.sizes[number], row.deltas[number]
                writer.writerow([section, row.kind, name, image, note, size, delta])
    return made.getvalue()


def plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(("=", "+", "-", "@")) else text


def tables(comparison: Comparison, *, top: int) -> Iterator[Table]:
    """Totals, and what differs by layer, package and folder."""
    yield Table(heading="", lines=tuple(total_lines(comparison)))
    if comparison.gates:
        yield Table(heading="Limits", lines=tuple(limit_lines(comparison)))
    sections = (
        ("Layers", comparison.layers),
        ("Packages", comparison.packages),
        ("Folders", telling(comparison.folders)),
    )
    for heading, rows in sections:
        if rows:
            yield Table(heading=heading, lines=tuple(part_lines(rows, top)))


Value = Callable[[Comparison, int], float | None]


def of_subject(get: Callable[[Subject], float | None]) -> Value:
    """A value that stands in the subject itself."""
    return lambda comparison, number: get(comparison.subjects[number])


def kind_size(kind: str) -> Value:
    """The bytes of one kind of packages."""
    return lambda comparison, number: sum(
        part.size for part in comparison.subjects[number].packages if part.kind == kind
    )


def python_package_count(comparison: Comparison, number: int) -> float | None:
    """How many Python packages there are."""
    parts = comparison.subjects[number].packages
    return sum(part.kind == "python-package" for part in parts)


TOTALS: tuple[tuple[str, Value], ...] = (
    ("size", of_subject(lambda s: s.size)),
    ("compressed", of_subject(lambda s: s.compressed_size)),
    ("in layers of the first", lambda comparison, number: comparison.shared[number]),
    ("Python packages' bytes", kind_size("python-package")),
    ("Python packages", python_package_count),
    ("layers", of_subject(lambda s: s.layer_count)),
    ("stored and never seen", of_subject(lambda s: None if s.forecast else s.hidden_size)),
    ("efficiency", of_subject(lambda s: s.efficiency)),
    ("wasted", of_subject(lambda s: s.wasted_bytes)),
    ("build, cold", of_subject(lambda s: s.cold_seconds)),
    ("build, warm", of_subject(lambda s: s.warm_seconds)),
    ("build, partly cached", of_subject(lambda s: s.partly_seconds)),
)
COUNTS = {"Python packages", "layers"}
SECONDS = {"build, cold", "build, warm", "build, partly cached"}


def total_lines(comparison: Comparison) -> Iterator[Line]:
    """The totals that any image has, with the difference to the first."""
    for name, value in TOTALS:
        values = [value(comparison, number) for number in range(len(comparison.subjects))]
        if any(found is not None for found in values):
            yield (name, *(total_cell(name, found, values[0]) for found in values))
    if any(subject.forecast for subject in comparison.subjects):
        kinds = ("forecast" if subject.forecast else "built" for subject in comparison.subjects)
        yield ("", *kinds)


def total_cell(name: str, value: float | None, first: float | None) -> str:
    """A total as text."""
    if value is None:
        return "–"
    if name in COUNTS:
        return str(round(value))
    if name in SECONDS:
        return f"{value:.1f} s"
    if name == "efficiency":
        return f"{value:.4f}"
    return size_cell(round(value), None if first is None else round(first))


def size_cell(size: int, first: int | None) -> str:
    """Bytes with the difference to the first image's."""
    if first is None or size == first:
        return amount(size)
    delta = size - first
    share = f", {100 * delta / first:+.1f} %" if first else ""
    return f"{amount(size)} ({'+' if delta > 0 else ''}{amount(delta)}{share})"


def limit_lines(comparison: Comparison) -> Iterator[Line]:
    """Each limit with what each image has, and whether that is kept."""
    found = [{gate.gate: gate for gate in gates} for gates in comparison.gates]
    limits = {gate.gate: gate.limit for gates in comparison.gates for gate in gates}
    for name, limit in limits.items():
        relation = "at least" if name.startswith("min-") else "at most"
        cells = (limit_cell(gates.get(name)) for gates in found)
        yield (f"{name}, {relation} {shown(limit, name)(limit)}", *cells)


def limit_cell(gate: GateResult | None) -> str:
    """What an image has, and whether that is allowed."""
    if gate is None:
        return "–"
    return f"{'ok' if gate.ok else 'FAILED'}, {shown(gate.limit, gate.gate)(gate.actual)}"


def part_lines(rows: Sequence[Row], top: int) -> Iterator[Line]:
    """The parts that differ most, the sum of the other ones, and of those that do not differ."""
    differing = [row for row in rows if row.largest_delta]
    for row in differing[:top]:
        cells = []
        for size, note in zip(row.sizes, row.notes, strict=True):
            version = f"{note} " if note and len(set(row.notes)) > 1 else ""
            cells.append(version + size_cell(size, row.sizes[0]) if size else "–")
        yield (row.name, *cells)
    yield from sum_line(differing[top:], "more that differ")
    yield from sum_line([row for row in rows if not row.largest_delta], "of equal size")


def sum_line(rows: Sequence[Row], what: str) -> Iterator[Line]:
    """Rows that are not shown, as one; folders lie within each other and are not added up."""
    if rows and rows[0].kind != "folder":
        sums = [sum(row.sizes[number] for row in rows) for number in range(len(rows[0].sizes))]
        yield (f"{len(rows)} {what}", *(size_cell(size, sums[0]) for size in sums))


def telling(rows: Sequence[Row]) -> list[Row]:
    """The folders that differ, without those whose difference lies in one folder below them."""
    differing = [row for row in rows if row.largest_delta]
    return [
        row
        for row in differing
        if not any(
            other.name.startswith(row.name.rstrip("/") + "/")
            and other.largest_delta >= ALMOST_ALL * row.largest_delta
            for other in differing
            if other is not row
        )
    ]
