"""Turns one recognised cell into a piece of the script."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from nb2image.model import Place
from nb2image.notebook.calls import Statement, magic_of, statements
from nb2image.notebook.edits import Edit, applied, between, replaced, span
from nb2image.notebook.magics import Call, CellCall, cell_meaning, meaning
from nb2image.notebook.piece import Piece, together, warning
from nb2image.notebook.recognise import CellMagic, Recognised, recognise
from nb2image.notebook.setting import Setting
from nb2image.notebook.shown import showing, shows
from nb2image.notebook.text import Line, Lines, block_literal, joined, literal, own


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the code of a cell is translated."""

    shown: bool = True
    """Whether the value of its last expression is shown."""
    captured: bool = False
    """Whether it stands in a ``%%capture`` cell."""


def translate(cell: Recognised, setting: Setting, manner: Manner) -> Piece:
    """The cell as plain Python; what cannot be is told by findings of severity ``error``."""
    if cell.magic is not None:
        return magic_cell(cell.magic, cell.lines[0].place or Place(), setting, manner)
    if cell.tree is None:
        return broken(cell)
    return module(cell.tree, cell.lines, setting, manner)


def translate_lines(lines: Lines, setting: Setting, manner: Manner) -> Piece:
    """Lines that are themselves IPython's input, such as the body of ``%%time``."""
    return translate(recognise(lines), setting, manner)


def broken(cell: Recognised) -> Piece:
    """A cell that is not Python: comments in the script, and a finding."""
    at = cell.error_line or cell.lines[0]
    finding = warning(
        "cell-unparsable",
        f"the cell is not Python ({cell.error}); the script holds it as comments",
        at.place,
        "repair the cell, or tag it nb2image-skip",
    )
    return Piece(findings=(finding,))


def magic_cell(magic: CellMagic, place: Place, setting: Setting, manner: Manner) -> Piece:
    """A cell magic with its body."""
    captured = manner.captured or magic.name == "capture"

    def code(lines: Lines, shown: bool) -> Piece:
        return translate_lines(lines, setting, Manner(shown=shown, captured=captured))

    call = CellCall(
        name=magic.name,
        argument=magic.argument,
        body=magic.body,
        place=place,
        shown=manner.shown,
    )
    piece = cell_meaning(call, setting, code)
    if piece.shell and not piece.lines:
        return together([piece, Piece(lines=on_real_shell(call, setting, manner))])
    return piece


def on_real_shell(call: CellCall, setting: Setting, manner: Manner) -> Lines:
    """The call that runs a cell magic on a real IPython shell."""
    body = block_literal(joined(call.body))
    ran = f"get_ipython().run_cell_magic({literal(call.name)}, {literal(call.argument)}, {body})"
    return own(ran, call.place)


def module(tree: ast.Module, lines: Lines, setting: Setting, manner: Manner) -> Piece:
    """Python code with calls in the place of IPython's syntax."""
    pieces: list[Piece] = []
    edits: list[Edit] = []
    last = tree.body[-1] if tree.body else None
    for found in statements(tree):
        is_last = found.node is last
        change = changed(found, lines, setting, manner, last=is_last)
        if change is not None:
            pieces.append(change)
        if change is not None and not stays(change):
            new = change.lines
            if found.alone and all(line.text.startswith("#") for line in new):
                new = (*new, Line("pass", lines[found.node.lineno - 1].place))
            edits.append(replaced(found.node, lines, new))
        elif is_last and manner.shown and shows(found.node, lines, setting):
            assert isinstance(found.node, ast.Expr)
            edits += showing(found.node, lines, setting)
            pieces.append(Piece(modules=frozenset({"sys"})))
    pieces += shells(tree, lines)
    asked = together(pieces)
    return together([asked.without_lines(), Piece(lines=applied(edits, lines))])


def changed(
    found: Statement, lines: Lines, setting: Setting, manner: Manner, *, last: bool
) -> Piece | None:
    """The piece that a statement becomes; None when nothing is to be said of it."""
    node = found.node
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        names = frozenset(alias.name for alias in node.names)
        return Piece(futures=names)
    magic = magic_of(node)
    if magic is None:
        return None
    name, argument = magic
    call = Call(
        name=name,
        argument=argument,
        place=lines[node.lineno - 1].place or Place(),
        target=target_of(node, lines),
        shown=last and manner.shown,
        in_function=found.in_function,
        captured=manner.captured,
    )

    def code(inner: Lines, shown: bool) -> Piece:
        return translate_lines(inner, setting, Manner(shown=shown, captured=manner.captured))

    return meaning(call, setting, code)


def shells(tree: ast.Module, lines: Lines) -> Iterator[Piece]:
    """What the code asks of ``get_ipython()`` that is no magic."""
    magics = [found.node for found in statements(tree) if magic_of(found.node)]
    known = {id(node) for magic in magics for node in ast.walk(magic)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "get_ipython" and id(node) not in known:
            yield Piece(shell=(lines[node.lineno - 1].text.strip(),))


def stays(piece: Piece) -> bool:
    """Whether a statement is left as it is, for a real IPython shell to run."""
    return bool(piece.shell) and not piece.lines


def target_of(node: ast.stmt, lines: Lines) -> str:
    """What a statement assigns to, as written; empty when it assigns nothing."""
    if not isinstance(node, ast.Assign):
        return ""
    return between(lines, *span(node.targets[0], lines))
