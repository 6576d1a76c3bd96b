"""Turns one recognised cell into a piece of the script."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from nb2image.model import Place
from nb2image.notebook import asks, awaits, history, imports, python_installs, services
from nb2image.notebook.automagic import with_automagic
from nb2image.notebook.calls import Statement, cell_magic_of, magic_of, statements
from nb2image.notebook.edits import Edit, applied, between, replaced, span
from nb2image.notebook.magics import Call, CellCall, cell_meaning, meaning
from nb2image.notebook.piece import Piece, refusal, together, warning
from nb2image.notebook.recognise import CellMagic, Recognised, recognise
from nb2image.notebook.setting import Setting
from nb2image.notebook.shown import showing, shows
from nb2image.notebook.text import (
    Line,
    Lines,
    block_literal,
    comment,
    indented,
    joined,
    literal,
    own,
    source_lines,
)

Shown = Literal["all", "last", "none"]
DEEPEST = 8
"""Cell magics around each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the code of a cell is translated."""

    shown: Shown = "last"
    """Which expressions have their values shown."""
    captured: bool = False
    """Whether it stands in a ``%%capture`` cell."""
    kept_as: str = ""
    """A name that keeps the value which the cell shows, for a later cell that asks for it."""
    may_raise: bool = False
    """Whether the notebook goes on after an error of this cell."""
    depth: int = 0
    """How many cell magics it stands below."""


def translate(cell: Recognised, number: int, setting: Setting, manner: Manner) -> Piece:
    """The cell as plain Python; what cannot be is told by findings of severity ``error``."""
    piece = translated(cell, setting, manner)
    if piece.lines and awaits_something(piece):
        piece = awaits.on_loop(piece, number, setting)
    if manner.may_raise and piece.lines:
        piece = surviving(piece, setting)
    error = compile_error(piece)
    return broken(error, cell.lines[0]) if error else piece


def translated(cell: Recognised, setting: Setting, manner: Manner) -> Piece:
    """The cell before it is put into what it needs around it."""
    if cell.magic is not None:
        return magic_cell(cell.magic, cell.lines[0].place or Place(), setting, manner)
    if cell.tree is None:
        return broken(cell.error, cell.error_line or cell.lines[0])
    return module(cell.tree, cell.lines, setting, manner)


def translated_lines(lines: Lines, setting: Setting, manner: Manner) -> Piece:
    """Lines that are themselves IPython's input, such as the body of ``%%time``."""
    return translated(with_automagic(recognise(lines), setting.defined), setting, manner)


def broken(error: str, line: Line) -> Piece:
    """A cell that is not Python: comments in the script, and a finding."""
    finding = warning(
        "cell-unparsable",
        f"the cell is not Python ({error}); the script holds it as comments",
        line.place,
        "repair the cell, or tag it nb2image-skip",
    )
    return Piece(broken=True, findings=(finding,))


def compile_error(piece: Piece) -> str:
    """Why the piece cannot be compiled, though it can be read: a ``return`` at its top, say."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(joined(piece.lines), "cell", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error) or "too deeply nested"
    return ""


def awaits_something(piece: Piece) -> bool:
    """Whether the piece awaits at its top."""
    text = joined(piece.lines)
    return ("async" in text or "await" in text) and awaits.awaits(ast.parse(text))


def surviving(piece: Piece, setting: Setting) -> Piece:
    """The piece of a cell tagged ``raises-exception``: its error is told and the run goes on."""
    place = piece.lines[0].place
    trace = setting.module("traceback")
    body = indented((*piece.lines, Line("pass", place)) if not has_code(piece) else piece.lines)
    lines = (
        Line("try:", place),
        *body,
        Line("except Exception:  # the cell is tagged raises-exception", place),
        Line(f"    {trace}.print_exc()", place),
    )
    return together([piece.without_lines(), Piece(lines=lines, modules=frozenset({"traceback"}))])


def has_code(piece: Piece) -> bool:
    """Whether the piece is more than comments."""
    return any(line.text.strip() and not line.text.startswith("#") for line in piece.lines)


def magic_cell(magic: CellMagic, place: Place, setting: Setting, manner: Manner) -> Piece:
    """A cell magic with its body."""
    captured = manner.captured or magic.name == "capture"
    below = manner.depth + 1
    if below > DEEPEST:
        return refusal("cell-magic", "too many magics around one cell", place)

    def code(lines: Lines, shown: bool) -> Piece:
        modes: Shown = manner.shown if shown else "none"
        inner = replace(manner, shown=modes, captured=captured, depth=below)
        return translated_lines(lines, setting, inner)

    call = CellCall(
        name=magic.name,
        argument=magic.argument,
        body=magic.body,
        place=place,
        shown=manner.shown != "none",
    )
    piece = cell_meaning(call, setting, code)
    if piece.shell and not piece.lines:
        return together([piece, Piece(lines=on_real_shell(call))])
    return piece


def on_real_shell(call: CellCall) -> Lines:
    """The call that runs a cell magic on a real IPython shell."""
    body = block_literal(joined(call.body))
    ran = f"get_ipython().run_cell_magic({literal(call.name)}, {literal(call.argument)}, {body})"
    return own(ran, call.place)


def module(tree: ast.Module, lines: Lines, setting: Setting, manner: Manner) -> Piece:
    """Python code with calls in the place of IPython's syntax."""
    pieces: list[Piece] = []
    edits: list[Edit] = []
    gone: Counter[int] = Counter()
    gone_nodes: set[int] = set()
    found = tuple(statements(tree))
    sizes = Counter(statement.block for statement in found)
    for statement in found:
        node = statement.node
        is_last = bool(tree.body) and node is tree.body[-1]
        change = changed(statement, lines, setting, manner, last=is_last)
        pieces += [change] if change is not None else []
        if change is not None and not stays(change):
            new = change.lines
            gone[statement.block] += all(line.text.startswith("#") for line in new)
            if not statement.top and gone[statement.block] == sizes[statement.block]:
                new = (*new, Line("pass", lines[node.lineno - 1].place))
            edits.append(replaced(node, lines, new))
            gone_nodes.update(map(id, ast.walk(node)))
        elif isinstance(node, ast.Expr) and is_shown(statement, lines, setting, manner, is_last):
            edits += showing(node, lines, setting, manner.kept_as if is_last else "")
            pieces.append(Piece(modules=frozenset({"sys"})))
    if history.may_be_read(setting.used):
        for value, number in history.numbers_read(tree, setting.defined).items():
            edits.append(replaced(value, lines, own(f"_{number}")))
    if setting.service_paths:
        for moved in services.paths(tree, lines, setting, gone_nodes):
            if isinstance(moved, Piece):
                pieces.append(moved)
            else:
                edits.append(moved)
    if setting.asks_shell:
        answered = tuple(services.questions(tree, lines, setting))
        edits += [edit for _, edit in answered]
        pieces += [Piece(modules=frozenset({"sys"})) for _ in answered]
        pieces += shells(tree, lines, [node for node, _ in answered])
    if asks.WORDS & setting.words:
        refusals = asks.refusals(
            tree, lines, setting.defined, setting.imported, answered=setting.answered
        )
        pieces.append(Piece(findings=refusals))
    asked = together(pieces)
    return together([asked.without_lines(), Piece(lines=applied(edits, lines))])


def is_shown(
    statement: Statement, lines: Lines, setting: Setting, manner: Manner, last: bool
) -> bool:
    """Whether the value of an expression statement is shown."""
    if manner.shown == "all":
        shown = not (statement.in_function or statement.in_class)
    else:
        shown = last and manner.shown == "last"
    return shown and shows(statement.node, lines, setting)


def changed(
    found: Statement, lines: Lines, setting: Setting, manner: Manner, *, last: bool
) -> Piece | None:
    """The piece that a statement becomes; None when it stays as it is."""
    node = found.node
    place = lines[node.lineno - 1].place or Place()
    if isinstance(node, ast.Global) and not found.in_function and not found.in_class:
        names = ", ".join(node.names)
        return Piece(lines=comment(f"global {names}  (so they are, at the top)", place))
    whole = cell_magic_of(node)
    if whole is not None:
        name, argument, text = whole
        below = Place(cell=place.cell, line=(place.line or 1) + 1, file=place.file)
        body = source_lines(text.removesuffix("\n"), below)
        return magic_cell(
            CellMagic(name=name, argument=argument, body=body), place, setting, manner
        )
    magic = magic_of(node)
    if magic is None:
        return (
            imports.changed(node, place)
            or python_installs.changed(node, place)
            or services.changed(node, place, setting, guarded=found.guarded)
            or ended(node, place, setting, last=last)
            or parameter(node, place, setting)
        )
    call = Call(
        name=magic[0],
        argument=services.path_text(magic[1], setting),
        place=place,
        target=target_of(node, lines),
        shown=last and manner.shown != "none",
        in_function=found.in_function,
        captured=manner.captured,
    )

    def code(inner: Lines, shown: bool) -> Piece:
        return translated_lines(
            inner, setting, replace(manner, shown="last" if shown else "none", kept_as="")
        )

    return meaning(call, setting, code)


def ended(node: ast.stmt, place: Place, setting: Setting, *, last: bool) -> Piece | None:
    """``exit()`` and ``quit()`` end the run, and the run says so."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="exit" | "quit" as name), args=arguments)):
            status = ast.unparse(arguments[0]) if arguments else ""
        case ast.Expr(value=ast.Name(id="exit" | "quit" as name)) if last:
            status = ""
        case _:
            return None
    if name in setting.bound:
        return None
    system = setting.module("sys")
    told = f"{name}() in cell {place.cell} ends the run"
    text = f'print("{told}", file={system}.stderr); {system}.exit({status})'
    finding = warning("exit", f"{told}: cells after it do not run", place)
    return Piece(lines=own(text, place), modules=frozenset({"sys"}), findings=(finding,))


def parameter(node: ast.stmt, place: Place, setting: Setting) -> Piece | None:
    """A line of the parameters cell takes its value from the script's options."""
    if place.file is not None or (place.cell, place.line) not in setting.parameters:
        return None
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]):
            text = name
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
            text = f"{name}: {ast.unparse(annotation)}"
        case _:
            return None
    return Piece(lines=own(f"{text} = {setting.helper('options')}.{name}", place))


def shells(tree: ast.Module, lines: Lines, answered: list[ast.expr]) -> Iterator[Piece]:
    """What the code asks of ``get_ipython()`` that is no magic and not ``answered`` otherwise."""
    magics: list[ast.AST] = [
        *answered,
        *(
            found.node
            for found in statements(tree)
            if magic_of(found.node) or cell_magic_of(found.node)
        ),
    ]
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
