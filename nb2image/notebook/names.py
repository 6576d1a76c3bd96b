"""What names a notebook's code binds."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator


def bound_names(tree: ast.AST) -> Iterator[str]:
    """Every name that the code binds anywhere; ``import sys`` does not count for ``sys``."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.arg(arg=name):
                yield name
            case ast.ExceptHandler(name=str(name)):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.MatchMapping(rest=str(name)):
                yield name
            case ast.Import(names=aliases):
                for alias in aliases:
                    if alias.asname and alias.asname != alias.name:
                        yield alias.asname
            case ast.ImportFrom(names=aliases):
                for alias in aliases:
                    yield alias.asname or alias.name
            case _:
                pass


def constants(trees: Iterable[ast.Module]) -> dict[str, str]:
    """Names that are assigned text or a number once, at the top, and so are known."""
    seen: dict[str, str | None] = {}
    for tree in trees:
        for name in bound_names(tree):
            seen[name] = None if name in seen else ""
    values = {}
    for tree in trees:
        for statement in tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                    if seen[name] is not None and isinstance(value, str | int | float):
                        values[name] = str(value)
                case _:
                    pass
    return values
