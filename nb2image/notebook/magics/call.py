"""A magic as it stands in a cell, and how its meaning is written."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from nb2image.model import Finding, Place
from nb2image.notebook.piece import Piece, note, refusal
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import Lines, comment, own

Code = Callable[[Lines, bool], Piece]
"""Translates lines of a cell, showing the last value or not."""
HELP = {"pinfo": "?", "pinfo2": "??", "psearch": "?"}
"""How the magics that IPython makes of help are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A line magic or shell line."""

    name: str
    """The magic's name; ``!`` for a shell line, ``!!`` for one whose output is taken."""
    argument: str
    place: Place
    target: str = ""
    """What its value is assigned to, as written: ``x`` in ``x = %time f()``."""
    shown: bool = False
    """Whether its value is the cell's and so is shown."""
    in_function: bool = False
    captured: bool = False
    """Whether it stands in a ``%%capture`` cell."""

    def __str__(self) -> str:
        if self.name in HELP:
            return f"{self.argument}{HELP[self.name]}"
        mark = "" if self.name.startswith("!") else "%"
        gap = "" if self.name.startswith("!") or not self.argument else " "
        assigned = f"{self.target} = " if self.target else ""
        return f"{assigned}{mark}{self.name}{gap}{self.argument}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCall:
    """A cell magic with its body."""

    name: str
    argument: str
    body: Lines
    place: Place
    shown: bool = True
    """Whether the value of the body's last expression is shown."""

    def __str__(self) -> str:
        return f"%%{self.name} {self.argument}".rstrip()


def statement(call: Call | CellCall, text: str, *, modules: str = "", helpers: str = "") -> Piece:
    """A piece of our own text; ``modules`` and ``helpers`` are names apart by spaces."""
    return Piece(
        lines=own(text, call.place),
        modules=frozenset(modules.split()),
        helpers=frozenset(helpers.split()),
    )


def value(call: Call, setting: Setting, expression: str, **asked: str) -> Piece:
    """A piece that gives the value of a magic to its target, or shows it where that is due."""
    if call.target:
        return statement(call, f"{call.target} = {expression}", **asked)
    if call.shown:
        asked["modules"] = f"{asked.get('modules', '')} sys"
        return statement(call, f"{setting.module('sys')}.displayhook({expression})", **asked)
    return statement(call, expression, **asked)


def dropped(call: Call | CellCall, why: str, *findings: Finding) -> Piece:
    """A line without a meaning outside of the notebook stays as a comment."""
    left = note("magic-dropped", f"{call} is left out: {why}", call.place)
    return Piece(
        lines=comment(f"{call}  (left out: {why})", call.place), findings=(left, *findings)
    )


def refused(call: Call | CellCall, why: str, hint: str = "", code: str = "magic") -> Piece:
    """A magic that cannot be converted."""
    return refusal(code, f"{call}: {why}", call.place, hint)


def is_expression(text: str) -> bool:
    """Whether the text is one Python expression."""
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True
