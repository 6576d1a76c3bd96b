"""Changes to lines of code at the places where ast says that statements stand."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from nb2image.notebook.text import Line, Lines, inside_strings, joined

Point = tuple[int, int]
"""Line from 0, column from 0 in characters."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace what stands between two points."""

    start: Point
    end: Point
    new: Lines


def replaced(node: ast.stmt | ast.expr, lines: Lines, new: Lines) -> Edit:
    """The edit that puts ``new`` in the place of a node."""
    start, end = span(node, lines)
    return Edit(start, end, new)


def inserted(point: Point, text: str, lines: Lines) -> Edit:
    """The edit that puts text at a point."""
    return Edit(point, point, (Line(text, lines[point[0]].place),))


def span(node: ast.stmt | ast.expr, lines: Lines) -> tuple[Point, Point]:
    """Where a node begins and ends."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    first, last = node.lineno - 1, node.end_lineno - 1
    return (
        (first, characters(lines[first].text, node.col_offset)),
        (last, characters(lines[last].text, node.end_col_offset)),
    )


def characters(text: str, offset: int) -> int:
    """The column in characters of ast's offset in bytes."""
    return len(text.encode()[:offset].decode("utf-8", "replace"))


def between(lines: Lines, start: Point, end: Point) -> str:
    """The text from one point to another."""
    if start[0] == end[0]:
        return lines[start[0]].text[start[1] : end[1]]
    middle = [line.text for line in lines[start[0] + 1 : end[0]]]
    return "\n".join([lines[start[0]].text[start[1] :], *middle, lines[end[0]].text[: end[1]]])


def applied(edits: Iterable[Edit], lines: Lines) -> Lines:
    """The lines with every edit made; further lines of an edit begin in its first one's column."""
    result = list(lines)
    for edit in sorted(edits, key=lambda e: (e.start, e.end), reverse=True):
        (first, column), (last, end_column) = edit.start, edit.end
        before, after = result[first].text[:column], result[last].text[end_column:]
        new = edit.new or (Line("", result[first].place),)
        indent = before if not before.strip() else ""
        untouched = inside_strings(joined(new)) if indent and len(new) > 1 else ()
        made = [
            Line(line.text if number in {1, *untouched} else f"{indent}{line.text}", line.place)
            for number, line in enumerate(new, 1)
        ]
        made[0] = Line(before + made[0].text, made[0].place or result[first].place)
        made[-1] = Line((made[-1].text + after).rstrip(), made[-1].place)
        result[first : last + 1] = made
    return tuple(result)
