"""Lines of Python with the place that each came from, and safe ways to write text into them."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass

from nb2image.model import Place

LINE_END = re.compile(r"\r\n|\r|\n")
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of code, without its line end."""

    text: str
    place: Place | None = None
    """Where it stands in the notebook; None for a line of our own."""


Lines = tuple[Line, ...]


def source_lines(text: str, place: Place) -> Lines:
    """The lines of a cell or file whose first line stands at ``place``."""
    first = place.line or 1
    return tuple(
        Line(line, Place(cell=place.cell, line=first + index, file=place.file))
        for index, line in enumerate(text.split("\n"))
    )


def joined(lines: Iterable[Line]) -> str:
    """The text of the lines, each with its line end."""
    return "".join(f"{line.text}\n" for line in lines)


def own(text: str, place: Place | None = None) -> Lines:
    """Lines of our own making that stand for what is at ``place``."""
    return tuple(Line(line, place) for line in text.split("\n"))


def printable(text: str) -> str:
    """``text`` with everything that could end a line or fool a reader written as an escape."""
    return UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], text)


def comment(text: str, place: Place | None = None) -> Lines:
    """``text`` as comment lines: whatever it holds, nothing of it becomes code."""
    return tuple(
        Line(f"# {printable(line)}".rstrip(), place) for line in LINE_END.split(text.rstrip())
    )


def literal(text: str) -> str:
    """``text`` as a string literal on one line, with double quotes where that needs no escape."""
    quoted = repr(text)
    if quoted.startswith("'") and '"' not in text and "\\'" not in quoted:
        return f'"{quoted[1:-1]}"'
    return quoted


def block_literal(text: str) -> str:
    """``text`` as a string literal that keeps its lines apart where that is safe.

    The text is put between triple quotes as it is when nothing in it has a meaning there;
    else every line is a literal of its own.
    """
    if text.count("\n") <= 1:
        return literal(text)
    plain = not UNPRINTABLE.search(text) and '"""' not in text and not text.endswith('"')
    if plain and "\\" not in text:
        return f'"""\\\n{text}"""'
    parts = "\n".join(f"    {literal(part)}" for part in text.splitlines(keepends=True))
    return f"(\n{parts}\n)"


def inside_strings(text: str) -> frozenset[int]:
    """The numbers, from 1, of the lines that begin inside a string literal.

    Raises SyntaxError or tokenize.TokenError when ``text`` is not Python.
    """
    inside: set[int] = set()
    begun: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
        kind = tokenize.tok_name[token.type]
        if kind == "STRING":
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
        elif kind in ("FSTRING_START", "TSTRING_START"):  # Python 3.12 and 3.14
            begun.append(token.start[0])
        elif kind in ("FSTRING_END", "TSTRING_END"):
            inside.update(range(begun.pop() + 1, token.end[0] + 1))
    return frozenset(inside)


def indented(lines: Lines) -> Lines:
    """The lines four columns further in; the text of string literals is left as it is."""
    untouched = inside_strings(joined(lines))
    return tuple(
        line
        if number in untouched or not line.text.strip()
        else Line(f"    {line.text}", line.place)
        for number, line in enumerate(lines, 1)
    )
