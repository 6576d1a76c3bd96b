"""The parts of a shell script."""

from __future__ import annotations

from dataclasses import dataclass


class Unreadable(ValueError):
    """A script with something that is not understood here."""


@dataclass(frozen=True, slots=True)
class Text:
    """Plain characters."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """``$name`` or ``${name…}``."""

    name: str
    quoted: bool = False
    operator: str = ""
    operand: Word | None = None


@dataclass(frozen=True, slots=True)
class Substitution:
    """``$(…)``; without a body something of which nothing can be told, ``$((…))`` say."""

    body: tuple[Node, ...] | None
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """One word before it is expanded."""

    parts: tuple[Text | Parameter | Substitution, ...]


@dataclass(slots=True)
class Document:
    """The text of a ``<<`` redirection, which follows later."""

    end: str
    indented: bool
    plain: bool
    """Whether nothing in it is expanded."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Redirection:
    """Where a command reads or writes."""

    number: str
    operator: str
    target: Word | Document


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands whose output is the next one's input; ``!`` before them."""

    commands: tuple[Node, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """Commands with ``&&`` or ``||`` before all but the first."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class If:
    """(condition, body) pairs, and what is done when none holds."""

    branches: tuple[tuple[tuple[Node, ...], tuple[Node, ...]], ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A word, and bodies with the patterns that they are for."""

    word: Word
    branches: tuple[tuple[tuple[Word, ...], tuple[Node, ...]], ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """``for name in words``, or ``while`` with a condition in place of a name."""

    name: str
    words: tuple[Word, ...]
    condition: tuple[Node, ...]
    body: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Commands in braces, or in parentheses: a shell of their own."""

    body: tuple[Node, ...]
    apart: bool
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A definition."""

    name: str
    body: Node


Node = Command | Pipe | Chain | If | Case | Loop | Group | Function
