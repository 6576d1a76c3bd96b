"""Turns IPython's input syntax into Python that says the same, as IPython itself does.

``%time f(x)`` becomes ``get_ipython().run_line_magic('time', 'f(x)')`` and so on; what such a
call means is decided elsewhere. IPython's own transformers do the work, one step at a time, so
that every line keeps the place it came from.
"""

from __future__ import annotations

import ast
import importlib
import re
import warnings
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from nb2image.notebook.text import Line, Lines, joined

MAX_STEPS = 500
"""IPython gives up on a cell after as many transformations."""
PROMPT = re.compile(r"In \[\d+\]: ")
HELP_ON_CELL_MAGIC = re.compile(r"%%\w+\?")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMagic:
    """``%%name argument`` and the lines below it."""

    name: str
    argument: str
    body: Lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A cell after IPython's syntax was recognised: a cell magic, a module, or neither."""

    lines: Lines
    """The Python; for a cell magic the whole cell as it was."""
    tree: ast.Module | None = None
    magic: CellMagic | None = None
    error: str = ""
    """Why it is not Python."""
    error_line: Line | None = None


def recognise(lines: Lines) -> Recognised:
    """What the cell is, in Python's terms."""
    if not any(line.text.strip() for line in lines):
        return parse(lines)
    if not PROMPT.match(lines[0].text):
        plain = parse(lines)
        if plain.tree is not None:
            return plain  # valid Python holds none of IPython's syntax
    lines = cleaned(lines)
    if lines and lines[0].text.startswith("%%") and not HELP_ON_CELL_MAGIC.match(lines[0].text):
        name, _, argument = lines[0].text[2:].rstrip().partition(" ")
        magic = CellMagic(name=name, argument=argument.strip(), body=lines[1:])
        return Recognised(lines=lines, magic=magic)
    return parse(transformed(lines))


def parse(lines: Lines) -> Recognised:
    """The lines as Python, or the reason why they are not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # '\d' in a string is the notebook's affair
            tree = ast.parse(joined(lines))
    except SyntaxError as error:
        at = min(max(error.lineno or 1, 1), len(lines)) - 1
        return Recognised(lines=lines, error=error.msg, error_line=lines[at] if lines else None)
    except (ValueError, RecursionError, MemoryError) as error:
        return Recognised(lines=lines, error=str(error) or "too deeply nested")
    return Recognised(lines=lines, tree=tree)


def cleaned(lines: Lines) -> Lines:
    """Without leading empty lines, common indentation and pasted prompts."""
    texts = [f"{line.text}\n" for line in lines]
    after = transformers().leading_empty_lines(texts)
    places = lines[len(texts) - len(after) :]
    rules = transformers()
    for rule in (rules.leading_indent, rules.classic_prompt, rules.ipython_prompt):
        after = rule(after)
    return relined(after, places)


def transformed(lines: Lines) -> Lines:
    """The lines with each piece of IPython's syntax replaced by the call it stands for."""
    manager = transformers().TransformerManager()
    for _ in range(MAX_STEPS):
        step = transformed_once(manager.token_transformers, lines)
        if step is None:
            return lines
        lines = step
    return lines


def transformed_once(rules: list[type], lines: Lines) -> Lines | None:
    """The lines after the first piece of IPython's syntax was replaced; None without one."""
    texts = [f"{line.text}\n" for line in lines]
    try:
        tokens = transformers().make_tokens_by_line(texts)
    except SyntaxError:
        return None
    found = [match for rule in rules if (match := rule.find(tokens))]  # type: ignore[attr-defined]
    for match in sorted(found, key=lambda m: m.sortby()):
        try:
            after = match.transform(texts)
        except SyntaxError:
            continue
        start, replaced = match.start_line, len(texts) - len(after) + 1
        places = (*lines[: start + 1], *lines[start + replaced :])
        return relined(after, places)
    return None


def relined(texts: list[str], places: Lines) -> Lines:
    """New texts on the places of the old lines."""
    return tuple(
        Line(text.removesuffix("\n"), old.place) for text, old in zip(texts, places, strict=True)
    )


@cache
def transformers() -> ModuleType:
    """IPython's module of input transformers, loaded only when a cell needs it."""
    return importlib.import_module("IPython.core.inputtransformer2")
