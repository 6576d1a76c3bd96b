"""Compares tables of HTML, such as pandas and polars show, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from nb2image.model.verdict import Compared
from nb2image.verify.text import match_text, text_diff

SKIPPED = frozenset({"style", "script"})
MAX_DIFFERENCES = 10
Table = list[list[str]]


@dataclass(slots=True)
class Content:
    """What a reader sees of a piece of HTML."""

    tables: list[Table] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    """The words outside of tables."""


class Reader(HTMLParser):
    """Collects tables and text; scripts and styles are left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.content = Content()
        self._depth = 0
        self._in_cell = False
        self._skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a table, a row or a cell."""
        if tag in SKIPPED:
            self._skipping += 1
        elif tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.content.tables.append([])
        elif self._depth == 1 and tag == "tr":
            self.content.tables[-1].append([])
        elif self._depth == 1 and tag in ("td", "th"):
            rows = self.content.tables[-1]
            if not rows:
                rows.append([])
            rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened; what was not is passed over."""
        if tag in SKIPPED:
            self._skipping = max(0, self._skipping - 1)
        elif tag == "table":
            self._depth = max(0, self._depth - 1)
        elif tag in ("td", "th") and self._depth == 1:
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        """Text of a cell, or outside of tables."""
        if self._skipping:
            return
        if self._depth and self._in_cell:
            self.content.tables[-1][-1][-1] += data
        elif not self._depth and data.strip():
            self.content.text.append(data.strip())


def read_html(html: str) -> Content:
    """The tables and the text of a piece of HTML."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    for table in reader.content.tables:
        table[:] = [[" ".join(cell.split()) for cell in row] for row in table if row]
    return reader.content


def compare_tables(expected: str, found: str, rtol: float) -> Compared:
    """Compare two pieces of HTML by what they show: the tables' cells and the text around them."""
    a, b = read_html(expected), read_html(found)
    if len(a.tables) != len(b.tables):
        how = f"{len(a.tables)} tables in the notebook, {len(b.tables)} in the run"
        return Compared(part="table", grade="differs", how=(how,))
    around = match_text("\n".join(a.text), "\n".join(b.text), rtol)
    hows = list(around.how)
    differences: list[str] = []
    count = 0
    for old, new in zip(a.tables, b.tables, strict=True):
        if shape(old) != shape(new):
            how = f"{in_words(shape(old))} in the notebook, {in_words(shape(new))} in the run"
            diff = text_diff(as_text(old), as_text(new))
            return Compared(part="table", grade="differs", how=(how,), diff=diff)
        for number, (left, right) in enumerate(zip(old, new, strict=True), 1):
            for column, (x, y) in enumerate(zip(left, right, strict=False)):
                match = match_text(x, y, rtol)
                hows += match.how
                if match.grade == "differs":
                    count += 1
                    head = old[0][column] if number > 1 and column < len(old[0]) else ""
                    place = f"row {number}, column {head or column + 1}"
                    differences += [f"-{place}: {x}", f"+{place}: {y}"][
                        : 2 * (count <= MAX_DIFFERENCES)
                    ]
    if around.grade == "differs":
        differences.append(text_diff("\n".join(a.text), "\n".join(b.text)))
    if differences:
        told = (f"{count} of its values differ",) if count else ()
        if [sorted(table) for table in a.tables] == [sorted(table) for table in b.tables]:
            told = ("the same rows in another order",)
        return Compared(
            part="table",
            grade="differs",
            how=told,
            diff="\n".join(differences),
        )
    aside = tuple(dict.fromkeys(hows))
    return Compared(part="table", grade="close" if aside else "same", how=aside)


def shape(table: Table) -> tuple[int, int]:
    """Rows, header included, and the widest row's cells."""
    return len(table), max((len(row) for row in table), default=0)


def in_words(of: tuple[int, int]) -> str:
    """``5 × 3``."""
    return f"{of[0]} × {of[1]} cells"


def as_text(table: Table) -> str:
    """A table as lines, for a diff."""
    return "\n".join(" | ".join(row) for row in table)
