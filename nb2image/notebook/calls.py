"""Finds what IPython's syntax became: calls of ``get_ipython()`` with literal arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a cell, at any depth."""

    node: ast.stmt
    alone: bool
    """Whether it is the only one of its block, below the top."""
    in_function: bool
    top: bool


def statements(tree: ast.Module) -> Iterator[Statement]:
    """Every statement at any depth."""
    blocks = [(tree.body, False, True)]
    while blocks:
        block, in_function, top = blocks.pop()
        for node in block:
            yield Statement(node, len(block) == 1 and not top, in_function, top)
            inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for field in ("body", "orelse", "finalbody", "handlers", "cases"):
                inner = getattr(node, field, None)
                if not isinstance(inner, list) or not inner:
                    continue
                if isinstance(inner[0], ast.stmt):
                    blocks.append((inner, inside, False))
                else:
                    blocks += [(part.body, inside, False) for part in inner]


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


def magic_of(node: ast.stmt) -> tuple[str, str] | None:
    """The magic that a statement is, alone or on the right of one assignment."""
    match node:
        case ast.Expr(value=value) | ast.Assign(targets=[_], value=value):
            return shell_call(value)
        case _:
            return None
