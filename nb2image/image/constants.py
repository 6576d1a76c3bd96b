"""What text an expression stands for, as far as the script's own literals tell."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, product

from nb2image.image.pattern import UNKNOWN

Env = dict[str, tuple[str, ...]]
"""What names may be bound to."""

MAX_VALUES = 32
MAX_PARENTS = 20
MAX_LENGTH = 1000
"""Longer than any path that a person writes; code can double a string without an end."""
PASS_THROUGH = {"str", "fspath", "normpath", "abspath", "realpath", "expanduser", "resolve"}
PATHS = {"Path", "PurePath", "PosixPath", "PurePosixPath"}
"""Classes of paths; without an argument they are the working directory."""
PASS_THROUGH |= {"absolute", "as_posix", *PATHS}
"""Functions and methods that leave a path what it is."""


def values(node: ast.expr | None, env: Env) -> tuple[str, ...]:
    """The strings or paths that an expression may be, with UNKNOWN parts; empty for no idea."""
    found = islice(each_value(node, env), MAX_VALUES)
    return tuple(dict.fromkeys(text for text in found if len(text) <= MAX_LENGTH))


def each_value(node: ast.expr | None, env: Env) -> Iterator[str]:
    """See ``values``; may repeat itself."""
    match node:
        case ast.Constant(value=str() as text) if UNKNOWN not in text:
            yield text
        case ast.Name() | ast.Attribute() if dotted(node) in env:
            yield from env[dotted(node)]
        case ast.Attribute(value=inner, attr="parent"):
            yield from map(parent, values(inner, env))
        case ast.Subscript(
            value=ast.Attribute(value=inner, attr="parents"), slice=ast.Constant(value=int(up))
        ) if 0 <= up < MAX_PARENTS:
            found = values(inner, env)
            for _ in range(up + 1):
                found = tuple(map(parent, found))
            yield from found
        case ast.Attribute(value=ast.Name(id="os"), attr="pardir"):
            yield ".."
        case ast.Attribute(value=ast.Name(id="os"), attr="curdir"):
            yield "."
        case ast.IfExp(body=body, orelse=orelse):
            yield from values(body, env) + values(orelse, env)
        case ast.JoinedStr(values=parts):
            inner_nodes = [p.value if isinstance(p, ast.FormattedValue) else p for p in parts]
            yield from combined([values(n, env) or (UNKNOWN,) for n in inner_nodes], "".join)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from joined([left, right], env, "".join)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            yield from joined([left, right], env, join)
        case ast.BinOp(left=left, op=ast.Mod()):
            for text in values(left, env):
                yield re.sub(r"%(?:\(\w+\))?[-#0 +.\d]*[a-zA-Z]", UNKNOWN, text)
        case ast.Call():
            yield from call_values(node, env)


def call_values(node: ast.Call, env: Env) -> Iterator[str]:
    """What the functions and methods return that make paths of paths."""
    whole = dotted(node.func)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else whole
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
    if whole in ("os.getcwd", "getcwd", "Path.cwd", "pathlib.Path.cwd"):
        yield "."
    elif name == "join" and whole.endswith("path.join"):
        yield from joined(node.args, env, join)
    elif name == "joinpath" and receiver is not None:
        yield from joined([receiver, *node.args], env, join)
    elif name == "dirname" and node.args:
        yield from map(parent, values(node.args[0], env))
    elif name == "format" and receiver is not None:
        yield from (re.sub(r"\{[^{}]*\}", UNKNOWN, text) for text in values(receiver, env))
    elif name in PASS_THROUGH and node.args:
        yield from joined(node.args, env, join)
    elif name in PATHS and not node.keywords:
        yield "."
    elif name in PASS_THROUGH:
        yield from values(receiver, env)


def joined(
    nodes: Iterable[ast.expr], env: Env, how: Callable[[tuple[str, ...]], str]
) -> Iterator[str]:
    """Every way to join what the parts may be; nothing when no part is known."""
    known = [values(node, env) for node in nodes]
    if any(known):
        yield from combined([found or (UNKNOWN,) for found in known], how)


def combined(
    parts: Iterable[tuple[str, ...]], how: Callable[[tuple[str, ...]], str]
) -> Iterator[str]:
    """The parts' possibilities, each joined."""
    return map(how, product(*parts))


def join(parts: tuple[str, ...]) -> str:
    """As os.path.join: an absolute part starts anew."""
    return posixpath.join(*parts)


def parent(path: str) -> str:
    """The folder above; of a relative path without one, the folder above the working one."""
    clean = posixpath.normpath(path)
    if clean == "." or clean.rpartition("/")[2] == "..":
        return posixpath.normpath(posixpath.join(clean, ".."))
    return posixpath.dirname(clean) or "."


def dotted(node: ast.expr | None) -> str:
    """``a.b.c`` of a name or an attribute of names; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=inner, attr=name):
            above = dotted(inner)
            return f"{above}.{name}" if above else ""
    return ""
