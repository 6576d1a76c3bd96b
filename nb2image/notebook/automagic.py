"""Magics without their mark: in a cell of one line IPython takes ``pip install x`` for one."""

from __future__ import annotations

from collections.abc import Collection

from nb2image.notebook.magics.table import line_magics
from nb2image.notebook.recognise import Recognised, parse
from nb2image.notebook.text import Line

OPERATORS = "!=()<>,+*/%^&|"
"""What the rest of the line begins with when it is Python all the same."""


def with_automagic(code: Recognised, bound: Collection[str]) -> Recognised:
    """The cell with its one line read as a magic, where IPython would.

    A name that the notebook binds (``bound``) is that name.
    """
    lines = [line for line in code.lines if line.text.strip()]
    if code.magic is not None or len(lines) != 1:
        return code
    name, _, rest = lines[0].text.strip().partition(" ")
    rest = rest.strip()
    if name not in line_magics() or name in bound or rest[:1] in tuple(OPERATORS):
        return code
    if code.tree is not None and rest:
        return code
    call = f"get_ipython().run_line_magic({name!r}, {rest!r})"
    return parse((Line(call, lines[0].place),))
