"""Walks the statements of a cell, and finds what IPython's syntax became among them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

SERVICES = re.compile(r"colab|kaggle", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement of a cell, at any depth."""

    node: ast.stmt
    block: int
    """A number for the block that holds it: equal for statements of the same block."""
    top: bool
    """Whether it stands at the top of the cell."""
    in_function: bool
    in_class: bool
    guarded: bool
    """Whether it stands below ``try``, or below a condition that asks for a hosting service."""


def statements(tree: ast.Module) -> Iterator[Statement]:
    """Every statement at any depth."""
    blocks = [(tree.body, False, False, False)]
    number = 0
    while blocks:
        block, in_function, in_class, guarded = blocks.pop()
        for node in block:
            yield Statement(
                node=node,
                block=number,
                top=block is tree.body,
                in_function=in_function,
                in_class=in_class,
                guarded=guarded,
            )
            function = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            inside = in_class or isinstance(node, ast.ClassDef)
            below = guarded or is_guard(node)
            blocks += [(inner, function, inside, below) for inner in blocks_of(node)]
        number += 1


def is_guard(node: ast.stmt) -> bool:
    """Whether what stands below a statement may fail, or runs only in a hosting service."""
    match node:
        case ast.Try(handlers=[_, *_]):
            return True
        case ast.If(test=test):
            return SERVICES.search(ast.unparse(test)) is not None
        case _:
            return False


def blocks_of(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The blocks right below a statement."""
    for field in ("body", "orelse", "finalbody"):
        inner = getattr(node, field, None)
        if isinstance(inner, list) and inner:
            yield inner
    for field in ("handlers", "cases"):
        for part in getattr(node, field, ()):
            yield part.body


def shell_call(node: ast.expr | None) -> tuple[str, str] | None:
    """(name, argument) of a magic or shell line; ``!`` and ``!!`` are the shell's names."""
    match node:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Name(id="get_ipython"), args=[]), attr=method
            ),
            args=arguments,
            keywords=[],
        ):
            given = [a.value for a in arguments if isinstance(a, ast.Constant)]
            texts = [text for text in given if isinstance(text, str)]
            if len(texts) != len(arguments):
                return None
            match method, texts:
                case (("run_line_magic" | "magic" | "line_magic"), [_, *_]):
                    name, _, rest = " ".join(texts).strip().partition(" ")
                    return name.lstrip("%"), rest.strip()
                case (("system" | "system_raw" | "system_piped"), [text]):
                    return "!", text.strip()
                case "getoutput", [text]:
                    return "!!", text.strip()
                case "show_usage", _:
                    return "quickref", ""
                case _:
                    return None
        case _:
            return None


def cell_magic_of(node: ast.stmt) -> tuple[str, str, str] | None:
    """(name, argument, body) of a statement that runs a cell magic with literal arguments."""
    match node:
        case ast.Expr(
            value=ast.Call(
                func=ast.Attribute(
                    value=ast.Call(func=ast.Name(id="get_ipython"), args=[]),
                    attr="run_cell_magic",
                ),
                args=[
                    ast.Constant(value=str(name)),
                    ast.Constant(value=str(argument)),
                    ast.Constant(value=str(body)),
                ],
                keywords=[],
            )
        ):
            return name, argument, body
        case _:
            return None


def magic_of(node: ast.stmt) -> tuple[str, str] | None:
    """The magic that a statement is, alone or on the right of one assignment."""
    match node:
        case ast.Expr(value=value) | ast.Assign(targets=[_], value=value):
            return shell_call(value)
        case _:
            return None
