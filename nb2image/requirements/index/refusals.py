"""Names that a module's ``__getattr__`` raises for: what was removed and is still told of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """What a module refuses."""

    names: frozenset[str]
    tables: tuple[tuple[str, int, str], ...] = ()
    """(module, level, name) of ``from .x import table``: its texts are refused too."""


def refusals(tree: ast.Module) -> Refusals:
    """The names of each branch of ``__getattr__`` that ends in ``raise``.

    sklearn.datasets says ``if name == "load_boston": raise ImportError``, numpy
    ``if attr in __former_attrs__: raise AttributeError``.
    """
    names: set[str] = set()
    tables: list[tuple[str, int, str]] = []
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef) or function.name != "__getattr__":
            continue
        for branch in ast.walk(function):
            if not isinstance(branch, ast.If) or not raises(branch):
                continue
            for container in compared(branch.test):
                if isinstance(container, ast.Name):
                    known = table_names(container.id, tree)
                    names |= known
                    if not known and (origin := imported_from(container.id, tree)):
                        tables.append(origin)
                else:
                    names |= texts(container)
    return Refusals(names=frozenset(names), tables=tuple(tables))


def raises(branch: ast.If) -> bool:
    """Whether a branch ends in ``raise`` when its test holds."""
    return bool(branch.body) and isinstance(branch.body[-1], ast.Raise)


def compared(test: ast.expr) -> Iterator[ast.expr]:
    """What ``name == x`` and ``name in x`` compare with; negated tests are no help."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        for value in test.values:
            yield from compared(value)
    elif isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq | ast.In):
        yield test.comparators[0]


def texts(node: ast.expr) -> set[str]:
    """The names that a literal holds: its items, the keys of a dict, the firsts of its tuples."""
    if isinstance(node, ast.Constant):
        text = node.value
        return {text} if isinstance(text, str) and text.isidentifier() else set()
    if isinstance(node, ast.Dict):
        return {text for key in node.keys if key is not None for text in texts(key)}
    if isinstance(node, ast.List | ast.Set | ast.Tuple):
        firsts = (i.elts[0] if isinstance(i, ast.Tuple) and i.elts else i for i in node.elts)
        return {text for item in firsts for text in texts(item)}
    if isinstance(node, ast.Call) and len(node.args) == 1:
        return texts(node.args[0])  # frozenset([...])
    return set()


def table_names(name: str, tree: ast.Module, seen: frozenset[str] = frozenset()) -> set[str]:
    """The texts of what is assigned to a name, and of the tables that it is made from."""
    found: set[str] = set()
    seen |= {name}
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        if not any(isinstance(t, ast.Name) and t.id == name for t in targets):
            continue
        assert isinstance(node, ast.Assign | ast.AnnAssign)
        value = node.value
        assert value is not None
        if isinstance(value, ast.DictComp | ast.SetComp | ast.ListComp):
            for source in (g.iter for g in value.generators):
                if isinstance(source, ast.Name) and source.id not in seen:
                    found |= table_names(source.id, tree, seen)
        else:
            found |= texts(value)
    return found


def table_in(source: str, name: str) -> set[str]:
    """The texts of a table in a module's source; none when it cannot be read."""
    try:
        return table_names(name, ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def imported_from(name: str, tree: ast.Module) -> tuple[str, int, str] | None:
    """Where a table comes from, by ``from .module import name``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(a.name == name for a in node.names):
            return node.module or "", node.level, name
    return None
