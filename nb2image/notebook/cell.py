"""Turns one recognised cell into a piece of the script."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from nb2image.model import Place
from nb2image.notebook.magics import Call, meaning
from nb2image.notebook.piece import Piece, refusal, together
from nb2image.notebook.recognise import Recognised
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import Line, Lines, joined

RETURN_NOTHING = {"print", "plt.show", "display", "help", "exit", "quit"}


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace what stands between two points of the lines; columns count characters."""

    start: tuple[int, int]
    """Line from 0, column from 0."""
    end: tuple[int, int]
    new: Lines


def translate(cell: Recognised, setting: Setting) -> Piece:
    """The cell as plain Python. Findings of severity ``error`` say what cannot be."""
    if cell.magic is not None:
        place = cell.lines[0].place
        return refusal("magic-unsupported", f"%%{cell.magic.name} cannot be converted yet", place)
    assert cell.tree is not None
    pieces: list[Piece] = []
    edits: list[Edit] = []
    for statement, alone in statements(cell.tree):
        change = changed(statement, alone, cell.lines, setting)
        if change is not None:
            pieces.append(change[0])
            edits.append(change[1])
    shown = display_of_last(cell.tree, cell.lines, setting)
    if shown is not None:
        edits += shown
        pieces.append(Piece(modules=frozenset({"sys"})))
    pieces += leftovers(cell.tree, cell.lines)
    return replace(together(pieces), lines=applied(edits, cell.lines))


def statements(tree: ast.Module) -> Iterator[tuple[ast.stmt, bool]]:
    """Every statement at any depth, and whether it is the only one of its block."""
    blocks: list[tuple[list[ast.stmt], bool]] = [(tree.body, True)]
    while blocks:
        block, top = blocks.pop()
        for statement in block:
            yield statement, len(block) == 1 and not top
            for _, value in ast.iter_fields(statement):
                if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                    blocks.append((value, False))
                elif isinstance(value, list):
                    for part in value:
                        inner = getattr(part, "body", None)
                        if isinstance(inner, list):
                            blocks.append((inner, False))


def changed(
    statement: ast.stmt, alone: bool, lines: Lines, setting: Setting
) -> tuple[Piece, Edit] | None:
    """The piece that a statement becomes, with the edit that puts it there; None if it stays."""
    if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
        names = frozenset(alias.name for alias in statement.names)
        return Piece(futures=names), replaced(statement, lines, ())
    if not isinstance(statement, ast.Expr):
        return None
    found = shell_call(statement.value)
    if found is None:
        return None
    name, argument = found
    call = Call(
        name=name,
        argument=argument,
        place=lines[statement.lineno - 1].place or Place(),
        nested=statement.col_offset > 0,
    )
    piece = meaning(call, setting)
    new = piece.lines
    if alone and all(line.text.startswith("#") for line in new):
        new = (*new, Line("pass", call.place))
    return piece, replaced(statement, lines, new)


def shell_call(node: ast.expr) -> tuple[str, str] | None:
    """(name, argument) of a call that IPython's syntax stands for, with literal arguments."""
    match node:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Name(id="get_ipython"), args=[]), attr=method
            ),
            args=arguments,
            keywords=[],
        ):
            texts = [a.value for a in arguments if isinstance(a, ast.Constant)]
            if len(texts) != len(arguments) or not all(isinstance(t, str) for t in texts):
                return None
            given = [str(t) for t in texts]
            if method in ("run_line_magic", "magic") and given:
                name, _, rest = " ".join(given).strip().partition(" ")
                return name.lstrip("%"), rest.strip()
            if method == "system" and len(given) == 1:
                return "!", given[0].strip()
            if method == "getoutput" and len(given) == 1:
                return "!!", given[0].strip()
            if method == "show_usage":
                return "quickref", ""
        case _:
            pass
    return None


def leftovers(tree: ast.Module, lines: Lines) -> Iterator[Piece]:
    """Refusals for uses of ``get_ipython`` that were not understood."""
    understood = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and shell_call(node.value)
        for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "get_ipython" and id(node) not in understood:
            call = lines[node.lineno - 1]
            yield refusal(
                "magic-unsupported",
                f"{call.text.strip()!r} needs a running IPython",
                call.place,
            )


def display_of_last(tree: ast.Module, lines: Lines, setting: Setting) -> list[Edit] | None:
    """Edits that show the value of the cell's last expression, as the notebook does."""
    if not tree.body or not isinstance(tree.body[-1], ast.Expr):
        return None
    last = tree.body[-1]
    if shell_call(last.value) is not None or isinstance(last.value, ast.Await):
        return None
    if isinstance(last.value, ast.Call):
        called = ast.unparse(last.value.func)
        if called in RETURN_NOTHING and called.split(".")[0] not in setting.bound - {"plt"}:
            return None
    start, end = span(last, lines)
    after = joined((Line(lines[end[0]].text[end[1] :]), *lines[end[0] + 1 :]))
    if after.lstrip(" \t\\\n").startswith(";"):
        return None
    text = joined(between(lines, start, end))
    show = f"{setting.module('sys')}.displayhook"
    opening, closing = f"{show}(", ")"
    if not takes_one_argument(text):
        opening, closing = f"{show}((", "))"
    place = lines[start[0]].place
    return [
        Edit(start, start, (Line(opening, place),)),
        Edit(end, end, (Line(closing, lines[end[0]].place),)),
    ]


def takes_one_argument(text: str) -> bool:
    """Whether ``f(text)`` passes exactly the value of ``text``."""
    try:
        call = ast.parse(f"f({text})", mode="eval").body
    except SyntaxError:
        return False
    return (
        isinstance(call, ast.Call)
        and len(call.args) == 1
        and not call.keywords
        and not isinstance(call.args[0], ast.Starred)
    )


def span(node: ast.stmt, lines: Lines) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where a statement begins and ends, in lines from 0 and characters."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    first, last = node.lineno - 1, node.end_lineno - 1
    return (
        (first, characters(lines[first].text, node.col_offset)),
        (last, characters(lines[last].text, node.end_col_offset)),
    )


def characters(text: str, offset: int) -> int:
    """The column in characters of ast's offset in bytes."""
    return len(text.encode()[:offset].decode("utf-8", "replace"))


def between(lines: Lines, start: tuple[int, int], end: tuple[int, int]) -> Lines:
    """The lines from one point to another."""
    if start[0] == end[0]:
        return (Line(lines[start[0]].text[start[1] : end[1]]),)
    return (
        Line(lines[start[0]].text[start[1] :]),
        *lines[start[0] + 1 : end[0]],
        Line(lines[end[0]].text[: end[1]]),
    )


def replaced(node: ast.stmt, lines: Lines, new: Lines) -> Edit:
    """The edit that puts ``new`` in the place of a statement."""
    start, end = span(node, lines)
    return Edit(start, end, new)


def applied(edits: list[Edit], lines: Lines) -> Lines:
    """The lines with every edit made; new lines get the column of what they replace."""
    result = list(lines)
    for edit in sorted(edits, key=lambda e: (e.start, e.end), reverse=True):
        (first, column), (last, end_column) = edit.start, edit.end
        before, after = result[first].text[:column], result[last].text[end_column:]
        new = edit.new or (Line("", result[first].place),)
        indent = before if not before.strip() else ""
        made = [
            Line(f"{indent}{line.text}" if n else line.text, line.place)
            for n, line in enumerate(new)
        ]
        made[0] = Line(before + made[0].text, made[0].place or result[first].place)
        made[-1] = Line((made[-1].text + after).rstrip(), made[-1].place)
        result[first : last + 1] = made
    return tuple(result)
