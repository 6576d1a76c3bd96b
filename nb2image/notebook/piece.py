"""A piece of the script with what it asks of its surroundings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from nb2image.model import Finding, Install, LocalModule, Place
from nb2image.notebook.text import Lines, printable

LONGEST = 300
"""Characters of a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Lines of the script; what has no lines still tells what was found."""

    lines: Lines = ()
    broken: bool = False
    """The cell is not Python: the script holds it as comments."""
    modules: frozenset[str] = frozenset()
    """Standard modules that the lines use by their plain name."""
    helpers: frozenset[str] = frozenset()
    """Helper functions (helpers.py) that the lines call."""
    setup: frozenset[str] = frozenset()
    """Statements that the head of the script must hold, by name."""
    futures: frozenset[str] = frozenset()
    """Names that the cell imports from ``__future__``."""
    installs: tuple[Install, ...] = ()
    programs: tuple[tuple[str, Place], ...] = ()
    """(name, place) of each program that a shell line calls."""
    written: tuple[LocalModule, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    """(distribution, reason) that the lines need."""
    shell: tuple[str, ...] = ()
    """What in the piece needs a real IPython shell; without lines, the code stays as it is."""
    findings: tuple[Finding, ...] = ()
    """Of severity ``error``: the piece cannot be converted faithfully, the notebook is refused."""

    def without_lines(self) -> Piece:
        """What the piece asks for, apart from its lines."""
        return replace(self, lines=())


def together(pieces: Iterable[Piece]) -> Piece:
    """The pieces one after the other."""
    all_of = tuple(pieces)
    return Piece(
        lines=tuple(line for p in all_of for line in p.lines),
        broken=any(p.broken for p in all_of),
        modules=frozenset().union(*(p.modules for p in all_of)),
        helpers=frozenset().union(*(p.helpers for p in all_of)),
        setup=frozenset().union(*(p.setup for p in all_of)),
        futures=frozenset().union(*(p.futures for p in all_of)),
        installs=tuple(i for p in all_of for i in p.installs),
        programs=tuple(program for p in all_of for program in p.programs),
        written=tuple(w for p in all_of for w in p.written),
        shell=tuple(s for p in all_of for s in p.shell),
        extra=tuple(dict.fromkeys(e for p in all_of for e in p.extra)),
        findings=tuple(f for p in all_of for f in p.findings),
    )


def refusal(code: str, message: str, place: Place | None, hint: str = "") -> Piece:
    """A piece that cannot be converted: the whole notebook is refused."""
    text = shown(message)
    finding = Finding(severity="error", code=code, message=text, place=place, hint=hint)
    return Piece(findings=(finding,))


def note(code: str, message: str, place: Place | None) -> Finding:
    """Something that the user may want to know and need not act upon."""
    return Finding(severity="note", code=code, message=shown(message), place=place)


def warning(code: str, message: str, place: Place | None, hint: str = "") -> Finding:
    """Something that may make the script differ from the notebook."""
    text = shown(message)
    return Finding(severity="warning", code=code, message=text, place=place, hint=hint)


def shown(message: str) -> str:
    """A message that may quote the notebook, as one line that a terminal shows as it is."""
    text = printable(message.replace("\n", " "))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
