"""Code that waits for a person: ``input()``, passwords, debuggers."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from nb2image.model import Finding
from nb2image.notebook.piece import refusal
from nb2image.notebook.text import Lines

QUESTIONS = {"input", "builtins.input", "six.moves.input", "getpass.getpass"}
"""Calls that answers given beforehand can serve."""

DEBUGGERS = {
    "breakpoint",
    "code.interact",
    "IPython.core.debugger.set_trace",
    "IPython.embed",
    "ipdb.set_trace",
    "pdb.set_trace",
}

WORDS = {name.rsplit(".", 1)[-1] for name in QUESTIONS | DEBUGGERS}


def questions(
    tree: ast.AST, bound: Collection[str], imported: Mapping[str, str]
) -> Iterator[tuple[ast.expr, str]]:
    """(node, name) of every call that asks a person.

    ``bound`` are the names that the notebook gives a meaning of its own, ``imported`` those that
    it imports from modules, with what they are there: ``embed`` asks a person where it is
    IPython's, and is a layer elsewhere.
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute):
            continue
        name = ast.unparse(node.func)
        if name in bound and name not in imported:
            continue
        if imported.get(name, name) in QUESTIONS | DEBUGGERS:
            yield node, name


def refusals(
    tree: ast.AST,
    lines: Lines,
    bound: Collection[str],
    imported: Mapping[str, str],
    *,
    answered: bool,
) -> tuple[Finding, ...]:
    """Why a cell cannot run alone; ``answered`` when answers to its questions were given."""
    found: list[Finding] = []
    for node, name in questions(tree, bound, imported):
        place = lines[node.lineno - 1].place
        if imported.get(name, name) in DEBUGGERS:
            found += refusal(
                "debugger", f"{name}() waits for a person", place, "remove it, or skip the cell"
            ).findings
        elif not answered:
            found += refusal(
                "input",
                f"{name}() waits for a person to type",
                place,
                "give what it returns with --answer, once for each question, or skip the cell",
            ).findings
    return tuple(found)
