"""Sources as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterable


def parsed(source: str) -> ast.Module | None:
    """The source's tree, None when it does not parse."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def walk(trees: Iterable[ast.AST]) -> Iterable[ast.AST]:
    """Every node of several trees."""
    for tree in trees:
        yield from ast.walk(tree)
