"""Which parts of the project's own files the notebook reaches: the rest needs nothing.

A file of helpers often serves many notebooks. A function or class at its top level that nothing
reached mentions by name does not run, so what it imports and calls is not needed. A name in a
text is a mention (``getattr(helpers, "draw")``), and what is decorated counts: its decorator may
keep it for later.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import TypeGuard

from nb2image.model import LocalModule, Script
from nb2image.requirements.code.trees import parsed, walk

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def reached_modules(script: Script) -> list[tuple[LocalModule, ast.Module | None]]:
    """The script's own modules, each as the tree of what is reached in it.

    None for one that does not parse.
    """
    modules = [(module, parsed(module.source)) for module in script.local_modules]
    named = {word for cell in script.cells if not cell.left_out for word in words(cell.source)}
    waiting: list[Definition] = []
    for module, tree in modules:
        if tree is None:
            named.update(words(module.source))
            continue
        waiting += [node for node in tree.body if can_wait(node)]
        named.update(mentions(n for n in tree.body if not can_wait(n) and not lists_exports(n)))
    while reached := [node for node in waiting if node.name in named]:
        named.update(mentions(reached))
        gone = {id(node) for node in reached}
        waiting = [node for node in waiting if id(node) not in gone]
    left_out = {id(node) for node in waiting}
    return [(module, tree and without(tree, left_out)) for module, tree in modules]


def can_wait(node: ast.stmt) -> TypeGuard[Definition]:
    """Whether a statement only defines something that runs when it is named."""
    return (
        isinstance(node, Definition) and not node.decorator_list and not node.name.startswith("__")
    )


def without(tree: ast.Module, left_out: set[int]) -> ast.Module:
    """The tree without some of its statements, each by its ``id``."""
    return ast.Module(body=[n for n in tree.body if id(n) not in left_out], type_ignores=[])


def mentions(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names in some code. That it is imported or listed for export is no mention of a name."""
    for node in walk(nodes):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.name.rpartition(".")[2]  # its own name appears nowhere else
        elif isinstance(node, ast.Constant) and DOTTED.fullmatch(str(node.value)):
            yield from str(node.value).split(".")


def lists_exports(node: ast.stmt) -> bool:
    """Whether a statement is ``__all__ = […]``."""
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def words(text: str) -> list[str]:
    """The words of a text that could be names."""
    return re.findall(r"[A-Za-z_]\w*", text)
