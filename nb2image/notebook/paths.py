"""Paths that the code writes out, or puts together from what it writes out."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Mapping

METHODS = {"absolute", "as_posix", "expanduser", "resolve"}
"""Methods of a path that give one which leads to the same place."""

SAME = {"abspath", "expanduser", "fspath", "normpath", "Path", "PosixPath", "realpath", "str"}
"""Functions that give a path which leads to the same place."""

HERE = {"os.getcwd", "Path.cwd", "pathlib.Path.cwd", "cwd", "getcwd"}


def path_of(node: ast.expr, known: Mapping[str, ast.expr], depth: int = 20) -> str | None:
    """The path that an expression gives, relative to the working directory; None if unknown.

    ``known`` holds the expression of each name that is assigned once.
    """
    if depth == 0:
        return None

    def inner(part: ast.expr) -> str | None:
        return path_of(part, known, depth - 1)

    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name) if name in known:
            return inner(known[name])
        case ast.Attribute(value=ast.Name(id="os"), attr="pardir"):
            return ".."
        case ast.Attribute(value=ast.Name(id="os"), attr="curdir"):
            return "."
        case ast.Attribute(value=value, attr="parent"):
            return joined(inner(value), "..")
        case ast.Subscript(
            value=ast.Attribute(value=value, attr="parents"), slice=ast.Constant(value=int(up))
        ) if 0 <= up < 20:
            return joined(inner(value), *[".."] * (up + 1))
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return joined(inner(left), inner(right))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return concatenated(inner(left), inner(right))
        case ast.JoinedStr(values=values):
            return concatenated(*(inner(value) for value in values))
        case ast.FormattedValue(value=value):
            return inner(value)
        case ast.Call():
            return path_of_call(node, inner)
        case _:
            return None


def path_of_call(call: ast.Call, inner: Callable[[ast.expr], str | None]) -> str | None:
    """The path that a call gives; ``inner`` is the path of a part of it."""
    name = ast.unparse(call.func)
    last = name.rsplit(".", 1)[-1]
    paths = [inner(argument) for argument in call.args]
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name in HERE:
        return "."
    if last in ("join", "joinpath"):
        own = [inner(owner)] if owner is not None and not name.startswith("os.") else []
        return joined(*own, *paths)
    if last == "dirname" and len(paths) == 1:
        return parent(paths[0])
    if owner is not None and last in METHODS:
        return inner(owner)
    if last in SAME:
        return joined(*paths) if paths else "."
    return None


def parent(path: str | None) -> str | None:
    """The folder that holds a path."""
    if path is None or posixpath.basename(path) in ("", ".", ".."):
        return joined(path, "..")
    return posixpath.dirname(path) or "."


def concatenated(*parts: str | None) -> str | None:
    """The parts as one text; None when one of them is unknown."""
    known = [part for part in parts if part is not None]
    return "".join(known) if len(known) == len(parts) else None


def joined(*parts: str | None) -> str | None:
    """The parts as one path; None when one of them is unknown."""
    known = [part for part in parts if part is not None]
    return posixpath.join(*known) if known and len(known) == len(parts) else None


def assigned_once(trees: list[ast.Module]) -> dict[str, ast.expr]:
    """The expression of each name that is assigned exactly once, at the top."""
    found: dict[str, list[ast.expr]] = {}
    for tree in trees:
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    found.setdefault(name, []).append(value)
                case _:
                    pass
    return {name: values[0] for name, values in found.items() if len(values) == 1}
