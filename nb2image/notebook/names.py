"""What names a notebook's code binds and reads."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator


def bound_names(tree: ast.AST, *, modules: bool = False) -> Iterator[str]:
    """Every name that the code binds anywhere.

    ``import sys`` binds ``sys`` to the module of that name: it counts only with ``modules``.
    """
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
                    if modules or (alias.asname and alias.asname != alias.name):
                        yield alias.asname or alias.name.split(".")[0]
            case ast.ImportFrom(names=aliases):
                for alias in aliases:
                    yield alias.asname or alias.name
            case _:
                pass


def used_names(tree: ast.AST) -> Iterator[str]:
    """Every name that the code reads anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """Every module that the code imports, dotted."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case ast.ImportFrom(module=str(module), level=0):
                yield module
            case _:
                pass


def attributes(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(name, attribute) of every ``name.attribute`` that the code reads."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                yield name, attribute
            case _:
                pass


def constants(trees: Iterable[ast.Module]) -> dict[str, str]:
    """Names that are assigned text or a number once, at the top, and so are known."""
    trees = tuple(trees)
    bindings: dict[str, int] = {}
    for tree in trees:
        for name in bound_names(tree):
            bindings[name] = bindings.get(name, 0) + 1
    values = {}
    for tree in trees:
        for statement in tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                    if bindings[name] == 1 and isinstance(value, str | int | float):
                        values[name] = str(value)
                case _:
                    pass
    return values
