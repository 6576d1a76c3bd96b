"""Cells that await at their top: they run on one event loop, as in the notebook."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator

from nb2image.model import Place
from nb2image.notebook.edits import Edit, applied, between, replaced, span
from nb2image.notebook.piece import Piece, refusal, together
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import Line, Lines, indented, joined, own

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
NEED_RUNNING_LOOP = {"create_task", "ensure_future", "get_running_loop", "current_task", "timeout"}
"""Functions of asyncio that work only while the loop runs, as it always does in a notebook."""


def awaits(tree: ast.Module) -> bool:
    """Whether the code at the top of a cell awaits, or needs a running loop."""
    return any(needs_loop(node) for node in at_top(tree))


def needs_loop(node: ast.AST) -> bool:
    """Whether a node outside of functions works only inside a coroutine."""
    match node:
        case ast.Await() | ast.AsyncFor() | ast.AsyncWith() | ast.comprehension(is_async=1):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="asyncio"), attr=name)):
            return name in NEED_RUNNING_LOOP
        case _:
            return False


def at_top(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that is not inside a function or class."""
    waiting = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if not isinstance(node, SCOPES):
                yield node
                waiting.append(node)


def on_loop(piece: Piece, cell: int, setting: Setting) -> Piece:
    """The piece with what it awaits run on the script's event loop."""
    tree = ast.parse(joined(piece.lines))
    loop = setting.helper("event_loop")
    if all(is_plain(node, tree, setting) for node in at_top(tree) if needs_loop(node)):
        lines = applied(awaited(tree, piece.lines, loop), piece.lines)
    else:
        try:
            lines = in_coroutine(tree, piece.lines, f"cell_{cell}", loop)
        except SyntaxError as error:  # such as an import of * below an if
            place = piece.lines[0].place
            return refusal("await", f"the cell awaits and cannot be a function: {error}", place)
    needed = Piece(lines=lines, setup=frozenset({"event_loop"}), modules=frozenset({"asyncio"}))
    return together([piece.without_lines(), needed])


def is_plain(node: ast.AST, tree: ast.Module, setting: Setting) -> bool:
    """Whether a node is ``await f()`` with a coroutine function of the notebook's own."""
    match node:
        case ast.Await(value=ast.Call(func=ast.Name(id=name), args=arguments)):
            inner = [part for argument in arguments for part in ast.walk(argument)]
            return name in setting.coroutines and not any(needs_loop(part) for part in inner)
        case _:
            return False


def awaited(tree: ast.Module, lines: Lines, loop: str) -> Iterator[Edit]:
    """Edits that make each ``await x`` a ``loop.run_until_complete(x)``."""
    for node in at_top(tree):
        if isinstance(node, ast.Await):
            text = between(lines, *span(node.value, lines))
            place = lines[node.lineno - 1].place
            yield replaced(node, lines, own(f"{loop}.run_until_complete({text})", place))


def in_coroutine(tree: ast.Module, lines: Lines, name: str, loop: str) -> Lines:
    """The cell as a coroutine function whose variables are the script's."""
    place = next((line.place for line in lines if line.place), Place())
    stars = [
        node for node in tree.body if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
    ]
    above = own("\n".join(ast.unparse(node) for node in stars) + "\n\n", place) if stars else ()
    edits = [replaced(node, lines, own("pass", place)) for node in stars]
    for node in at_top(tree):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            value = f" = {between(lines, *span(node.value, lines))}" if node.value else ""
            text = f"{node.target.id}{value}" if value else "pass"
            edits.append(replaced(node, lines, own(text, place)))
    body = indented(applied(edits, lines))
    definition = (Line(f"async def {name}():", place), *body)
    table = symtable.symtable(joined(definition), name, "exec").get_children()[0]
    names = sorted(s.get_name() for s in table.get_symbols() if s.is_local())
    if names:
        declared = Line(f"    global {', '.join(names)}", place)
        definition = (definition[0], declared, *body)
    call = own(f"\n\n{loop}.run_until_complete({name}())", place)
    return (*above, *definition, *call)
