"""What earlier cells showed: ``_``, ``_5`` and ``Out[5]``."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from nb2image.model import Cell, Finding, Place
from nb2image.notebook.names import Facts
from nb2image.notebook.piece import refusal
from nb2image.notebook.recognise import Recognised
from nb2image.notebook.setting import Setting
from nb2image.notebook.shown import shows

NUMBERED = re.compile(r"_(\d+)$")
UNSUPPORTED = re.compile(r"__|___|_i|_ii|_iii|_i\d+|_ih|_oh|_dh|In")


def may_be_read(names: Collection[str]) -> bool:
    """Whether some of the names are of the history."""
    return any(name.startswith("_") or name in ("In", "Out") for name in names)


def numbers_read(tree: ast.AST, bound: Collection[str]) -> dict[ast.expr, int]:
    """Expressions that stand for the value of the cell with an execution count.

    Names that the notebook binds itself are its own.
    """
    found: dict[ast.expr, int] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(
                value=ast.Name(id="Out"), slice=ast.Constant(value=int(number)), ctx=ast.Load()
            ) if "Out" not in bound:
                found[node] = number
            case ast.Name(id=name, ctx=ast.Load()) if name not in bound:
                if match := NUMBERED.match(name):
                    found[node] = int(match[1])
            case _:
                pass
    return found


def cells_by_count(cells: tuple[Cell, ...]) -> Mapping[int, int]:
    """The cell that each execution count means, where the order of a run leaves no doubt.

    A run from the top counts the code cells; a saved count means the same cell unless the
    notebook was run out of order, and then nobody can tell.
    """
    ran = [cell for cell in cells if cell.kind == "code" and cell.source.strip()]
    meant = {}
    for count, cell in enumerate(ran, 1):
        saved = [other.number for other in ran if other.execution_count == count]
        if saved in ([], [cell.number]) and cell.execution_count in (None, count):
            meant[count] = cell.number
    return meant


def unsupported(tree: ast.AST, place: Place, bound: Collection[str]) -> list[Finding]:
    """Refusals for uses of the history that no script can have."""
    known = {id(part) for node in numbers_read(tree, bound) for part in ast.walk(node)}
    found: list[Finding] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name) or node.id in bound or id(node) in known:
            continue
        if UNSUPPORTED.fullmatch(node.id) or node.id == "Out":
            found += refusal(
                "history",
                f"{node.id} is the notebook's history, which a script does not have",
                Place(cell=place.cell, line=node.lineno),
                "give the value a name in the cell that makes it",
            ).findings
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The values that later cells ask for."""

    names: Mapping[int, str]
    """By the number of the cell that shows the value: the name that keeps it."""
    findings: tuple[Finding, ...]
    """Refusals of what cannot be known."""


def values_asked_for(
    cells: tuple[Cell, ...],
    codes: Mapping[int, Recognised],
    facts: Mapping[int, Sequence[Facts]],
    setting: Setting,
) -> Kept:
    """What ``Out[n]``, ``_n`` and their like ask for."""
    meant = cells_by_count(cells)
    names: dict[int, str] = {}
    findings: list[Finding] = []
    for cell, parts in facts.items():
        for tree in (part.tree for part in parts if may_be_read(part.used)):
            findings += unsupported(tree, Place(cell=cell), setting.defined)
            for node, count in numbers_read(tree, setting.defined).items():
                source = meant.get(count, cell)
                if source != cell and source in codes and has_value(codes[source], setting):
                    names[source] = f"_{count}"
                    continue
                findings += refusal(
                    "history",
                    f"{ast.unparse(node)}: which value is meant cannot be known",
                    Place(cell=cell, line=node.lineno),
                    "give the value a name in the cell that makes it",
                ).findings
    return Kept(names=names, findings=tuple(findings))


def has_value(code: Recognised, setting: Setting) -> bool:
    """Whether a cell shows the value of its last expression."""
    return (
        code.tree is not None
        and bool(code.tree.body)
        and shows(code.tree.body[-1], code.lines, setting)
    )
