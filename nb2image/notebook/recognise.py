"""Turns IPython's input syntax into Python that says the same, as IPython itself does.

``%time f(x)`` becomes ``get_ipython().run_line_magic('time', 'f(x)')`` and so on; what such a
call means is decided elsewhere. IPython's own transformers do the work, one step at a time, so
that every line keeps the place it came from.
"""

from __future__ import annotations

import ast
import importlib.util
import itertools
import re
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tokenize import TokenInfo
from types import ModuleType

from nb2image.notebook.text import Line, Lines, joined

MAX_STEPS = 500
"""IPython gives up on a cell after as many transformations."""
MAX_WORK = 50_000_000
"""Characters to be looked through, again for each piece of syntax: about 30 s of work."""
MARKS = "%!?,;/"
"""What begins a line of IPython's."""
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
    marked = lines[0].text[:1] in tuple(MARKS)
    if not marked and not PROMPT.match(lines[0].text):
        plain = parse(lines)
        if plain.tree is not None:
            return plain  # valid Python holds none of IPython's syntax
    lines = cleaned(lines)
    if lines and lines[0].text.startswith("%%") and not HELP_ON_CELL_MAGIC.match(lines[0].text):
        name, _, argument = lines[0].text[2:].rstrip().partition(" ")
        magic = CellMagic(name=name, argument=argument.strip(), body=lines[1:])
        return Recognised(lines=lines, magic=magic)
    return transformed(lines)


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
        # joined and parted again: IPython 9 also parts lines at form feeds and the like
        text = "".join(rule(after)).removesuffix("\n")
        after = [f"{line}\n" for line in text.split("\n")]
    return relined(after, places)


def transformed(lines: Lines) -> Recognised:
    """The lines with each piece of IPython's syntax replaced by the call it stands for."""
    found = parse(lines)
    marked = sum(line.text.lstrip()[:1] in tuple(MARKS) for line in lines)
    if marked * sum(len(line.text) for line in lines) > MAX_WORK:
        return found
    for _ in range(MAX_STEPS):
        if found.tree is not None:
            break
        step = transformed_at_error(found) or transformed_once(found.lines)
        if step is None:
            break
        found = parse(step)
    return found


def transformed_at_error(found: Recognised) -> Lines | None:
    """The lines after the one where Python stops reading was taken for IPython's.

    It nearly always is, and looking at one line is quick; None when it is not.
    """
    if found.error_line is None:
        return None
    first = next(i for i, line in enumerate(found.lines) if line is found.error_line)
    end = first + 1
    while found.lines[end - 1].text.endswith("\\") and end < len(found.lines):
        end += 1
    step = transformed_once(found.lines[first:end])
    return None if step is None else (*found.lines[:first], *step, *found.lines[end:])


def transformed_once(lines: Lines) -> Lines | None:
    """The lines after the first piece of IPython's syntax was replaced; None without one."""
    rules = transformers()
    texts = [f"{line.text}\n" for line in lines]
    try:
        tokens = rules.make_tokens_by_line(texts)
    except SyntaxError:
        return None
    found = [rule.find(tokens) for rule in (rules.MagicAssign, rules.EscapedCommand, rules.HelpEnd)]
    start = shell_assignment(tokens)
    if start is not None:
        found.append(rules.SystemAssign(start))
    for match in sorted(filter(None, found), key=lambda m: m.sortby()):
        try:
            after = match.transform(texts)
        except SyntaxError:
            continue
        first, replaced = match.start_line, len(texts) - len(after) + 1
        places = (*lines[: first + 1], *lines[first + replaced :])
        return relined(after, places)
    return None


def shell_assignment(tokens_by_line: list[list[TokenInfo]]) -> tuple[int, int] | None:
    """Where the ``!`` of the first ``x = !command`` stands.

    IPython's own rule (8.12, which pipreqs asks for) misses it from Python 3.12 on, where the
    tokenizer gives ``!`` another kind.
    """
    for tokens in tokens_by_line:
        depth = 0
        for token, following in itertools.pairwise(t for t in tokens if not t.string.isspace()):
            depth += (token.string in "([{") - (token.string in ")]}") if token.string else 0
            if token.string == "=" and depth == 0:
                if following.string == "!":
                    return following.start
                break
    return None


def relined(texts: list[str], places: Lines) -> Lines:
    """New texts on the places of the old lines."""
    return tuple(
        Line(text.removesuffix("\n"), old.place) for text, old in zip(texts, places, strict=True)
    )


@cache
def transformers() -> ModuleType:
    """IPython's module of input transformers, loaded only when a cell needs it.

    It is loaded from its file: importing it by its name would import all of IPython, for 0.3 s.
    """
    package = importlib.util.find_spec("IPython")
    folders = package.submodule_search_locations if package is not None else None
    for folder in folders or ():
        path = Path(folder) / "core" / "inputtransformer2.py"
        spec = importlib.util.spec_from_file_location("nb2image.notebook.inputtransformer2", path)
        if path.is_file() and spec is not None and spec.loader is not None:
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    return importlib.import_module("IPython.core.inputtransformer2")
