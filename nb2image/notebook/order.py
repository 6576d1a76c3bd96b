"""The order of the cells: as they stand, or as the notebook was run."""

from __future__ import annotations

import ast
import builtins
import itertools
from collections.abc import Iterator, Mapping, Sequence

from nb2image.errors import OptionError
from nb2image.model import Cell, Finding, Place
from nb2image.notebook.names import Facts, bound_names
from nb2image.notebook.piece import warning
from nb2image.options import Options

IPYTHON_NAMES = {"display", "get_ipython", "In", "Out", "exit", "quit", "_", "__", "___"}


def executed(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cells in the order in which they were last run.

    A cell that was not run, or holds text, stays behind the one before it.
    Raises OptionError when the notebook does not say how it was run.
    """
    if not any(cell.execution_count is not None for cell in cells):
        raise OptionError(
            "--order executed: no cell of the notebook has an execution count",
            hint="run the notebook and save it, or leave the option out",
        )
    groups: list[tuple[int, list[Cell]]] = [(-1, [])]
    waiting: list[Cell] = []
    for cell in cells:
        if cell.kind == "code" and cell.execution_count is not None:
            groups.append((cell.execution_count, [*waiting, cell]))
            waiting = []
        elif cell.kind == "code":
            groups[-1][1].extend([*waiting, cell])
            waiting = []
        else:
            waiting.append(cell)
    groups[-1][1].extend(waiting)
    return tuple(cell for _, group in sorted(groups, key=lambda g: g[0]) for cell in group)


def findings(
    cells: Sequence[Cell], facts: Mapping[int, Sequence[Facts]], options: Options
) -> tuple[Finding, ...]:
    """What the order of the cells that are in the script may have changed."""
    ran = [cell for cell in cells if cell.number in facts]
    early = tuple(used_too_early(facts))
    return early if options.order == "executed" else (*out_of_order(ran), *early)


def out_of_order(cells: Sequence[Cell]) -> tuple[Finding, ...]:
    """A finding when the execution counts show that the notebook was not run from the top."""
    ran = [cell for cell in cells if cell.kind == "code" and cell.execution_count is not None]
    for before, after in itertools.pairwise(ran):
        if (before.execution_count or 0) > (after.execution_count or 0):
            message = (
                f"the notebook was run out of order: cell {before.number} ran after cell"
                f" {after.number}; the script runs from the top"
            )
            hint = "check the results, or use --order executed"
            return (warning("out-of-order", message, Place(cell=before.number), hint),)
    return ()


def used_too_early(cells: Mapping[int, Sequence[Facts]]) -> Iterator[Finding]:
    """A finding for each name that a cell uses before the cell that defines it.

    ``cells`` are in the order in which they run. Only names that some later cell defines are
    told of: others may come from anywhere.
    """
    if any(facts.star for parts in cells.values() for facts in parts):
        return  # what a star brings is not known
    positions = {number: position for position, number in enumerate(cells)}
    first: dict[str, int] = {}
    for number, parts in cells.items():
        for facts in parts:
            for name in facts.top:
                first.setdefault(name, number)
    told: set[str] = set()
    for number, parts in cells.items():
        for facts in parts:
            late = {n for n in facts.used & first.keys() if positions[first[n]] > positions[number]}
            if not late - told:
                continue
            for name, line in names_needed(facts.tree):
                if name in late - told:
                    told.add(name)
                    yield warning(
                        "used-before-defined",
                        f"cell {number} uses {name}, which cell {first[name]} defines later",
                        Place(cell=number, line=line),
                        "put the cells in order, or use --order executed",
                    )


def names_needed(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """(name, line) of each name that must have a value for the cell's top to run."""
    bound: set[str] = set(IPYTHON_NAMES) | set(dir(builtins))
    for node in tree.body:
        inner = [] if isinstance(node, ast.ClassDef) else list(bound_names(node))
        local = set(inner) if is_block(node) else comprehension_names(node)
        for part in now(node):
            match part:
                case ast.Name(id=name, ctx=ast.Load()) if name not in bound | local:
                    yield name, part.lineno
                case _:
                    pass
        bound.update(bound_names(node))


def is_block(node: ast.stmt) -> bool:
    """Whether a statement holds others: names bound in it may be bound before their use."""
    return hasattr(node, "body")


def comprehension_names(node: ast.stmt) -> set[str]:
    """Names that comprehensions and lambdas of a statement bind for themselves."""
    return {
        name
        for part in ast.walk(node)
        if isinstance(part, ast.comprehension | ast.Lambda | ast.NamedExpr)
        for name in bound_names(part)
    }


def now(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement that run with it: not the bodies of functions it defines."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if part is not node:
            yield part
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += [*part.args.defaults, *(d for d in part.args.kw_defaults if d)]
            waiting += getattr(part, "decorator_list", [])
        else:
            waiting += ast.iter_child_nodes(part)
