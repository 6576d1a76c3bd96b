"""Tables of names that a module's source holds: lists, sets and dicts of texts, not run."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

WORD = re.compile(r"[^\W\d]\w*")
CONTAINERS = {"dict", "frozenset", "list", "set", "sorted", "tuple"}
GROWING = {"add", "append", "extend", "insert", "setdefault", "update"}
"""Methods that put something into a container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a container holds, as far as its source tells."""

    keys: frozenset[str] = frozenset()
    """The texts that ``in`` finds; of a list of tuples the first of each."""
    words: frozenset[str] = frozenset()
    """Every word of every text anywhere in it."""
    whole: bool = True
    """No key or item is in it that does not stand in the source."""
    deep: bool = True
    """No value either."""

    def __or__(self, other: Table) -> Table:
        return Table(
            keys=self.keys | other.keys,
            words=self.words | other.words,
            whole=self.whole and other.whole,
            deep=self.deep and other.deep,
        )


EMPTY, UNKNOWN = Table(), Table(whole=False, deep=False)

Look = Callable[[str, str], Table]
"""(dotted module, name) → the table that ``from module import name`` brings; UNKNOWN when it
cannot be read."""


def look_nowhere(module: str, name: str) -> Table:
    """For a source that is looked at by itself."""
    return UNKNOWN


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one module."""

    tree: ast.Module
    module: str
    package: bool
    look: Look = look_nowhere

    def of(self, node: ast.expr, seen: frozenset[str] = frozenset()) -> Table:
        """What an expression holds."""
        match node:
            case ast.Constant():
                text = node.value if isinstance(node.value, str) else ""
                return Table(keys=frozenset({text} if text else ()), words=words(text))
            case ast.List() | ast.Set() | ast.Tuple():
                return self.union(self.item(i, seen) for i in node.elts)
            case ast.Dict():
                keys = self.union(self.of(k, seen) for k in node.keys if k is not None)
                values = [v for k, v in zip(node.keys, node.values, strict=True) if k is not None]
                merged = [v for k, v in zip(node.keys, node.values, strict=True) if k is None]
                spread = [self.of(m, seen) for m in merged]
                return self.union((keys, *(self.value(v, seen) for v in values), *spread))
            case ast.BinOp(op=ast.Add() | ast.BitOr()):
                return self.of(node.left, seen) | self.of(node.right, seen)
            case ast.Starred():
                return self.of(node.value, seen)
            case ast.Name():
                return self.named(node.id, seen)
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                iterated = (g.iter for g in node.generators)
                return self.union(self.at(i, node.lineno, seen) for i in iterated)
            case ast.Call():
                return self.called(node, seen)
        return UNKNOWN

    def called(self, node: ast.Call, seen: frozenset[str]) -> Table:
        """What a call makes: a container of its arguments, or a view of one."""
        match node.func:
            case ast.Name(id=name) if name in CONTAINERS:
                given = self.union(self.of(a, seen) for a in node.args)
                named = frozenset(k.arg for k in node.keywords if k.arg)
                spread = (self.of(k.value, seen) for k in node.keywords if k.arg is None)
                return self.union((given, Table(keys=named, words=named), *spread))
            case ast.Attribute(value=ast.Name(id=name), attr="copy" | "items" | "keys" | "values"):
                return self.named(name, seen)
        return UNKNOWN

    def item(self, node: ast.expr, seen: frozenset[str]) -> Table:
        """An item of a list: itself, or the first of a tuple."""
        if not isinstance(node, ast.Tuple | ast.List):
            return self.of(node, seen)
        first = self.of(node.elts[0], seen) if node.elts else EMPTY
        return self.union((first, self.value(node, seen)))

    def value(self, node: ast.expr, seen: frozenset[str]) -> Table:
        """The words of a value.

        ``[n for n in dir(dummies)]`` repeats what the table lists where an extra is installed.
        """
        match node:
            case ast.List() | ast.Tuple() | ast.Set():
                # what is no text among the items is no name
                items = (i for i in node.elts if not isinstance(i, ast.Name | ast.Attribute))
                return self.union(self.value(i, seen) for i in items)
            case ast.ListComp() if "dummy" in ast.unparse(node.generators[0].iter):
                return EMPTY
        found = self.of(node, seen)
        return Table(words=found.words, deep=found.whole and found.deep)

    def named(self, name: str, seen: frozenset[str] = frozenset()) -> Table:
        """All that is assigned to a name, and put there later; UNKNOWN for one that is not made
        here."""
        if name in seen:
            return EMPTY
        seen |= {name}
        found = [t for node in ast.walk(self.tree) for t in self.given(node, name, seen)]
        if found:
            return self.union(found)
        return self.imported(name)

    def imported(self, name: str) -> Table:
        """A table that ``from module import name`` brings."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        origin, level = node.module or "", node.level
                        module = resolved(origin, level, self.module, package=self.package)
                        return self.look(module, alias.name)
        return UNKNOWN

    def given(self, node: ast.AST, name: str, seen: frozenset[str]) -> Iterable[Table]:
        """What one statement or call gives to a name."""
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if is_name(target, name):
                        yield self.of(value, seen)
                    elif isinstance(target, ast.Subscript) and is_name(target.value, name):
                        yield self.of(target.slice, seen) | self.value(value, seen)
                    elif isinstance(target, ast.Tuple | ast.List):
                        yield from (UNKNOWN for t in target.elts if is_name(t, name))
            case ast.AnnAssign(target=target, value=ast.expr() as value) if is_name(target, name):
                yield self.of(value, seen)
            case ast.AugAssign(target=target, value=value) if is_name(target, name):
                yield self.of(value, seen)
            case ast.For(target=target) | ast.comprehension(target=target):
                yield from (UNKNOWN for n in ast.walk(target) if is_name(n, name))
            case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in GROWING:
                while isinstance(owner, ast.Subscript):  # table["module"].append("name")
                    owner = owner.value
                if is_name(owner, name):
                    yield from (self.of(a, seen) for a in node.args)
            case ast.arg(arg=arg) if arg == name:
                yield UNKNOWN

    def at(self, node: ast.expr, line: int, seen: frozenset[str]) -> Table:
        """What an expression held at a line: of a name that is used again, its last value."""
        if isinstance(node, ast.Name) and node.id not in seen:
            values = [
                n.value
                for n in ast.walk(self.tree)
                if isinstance(n, ast.Assign) and n.lineno < line
                if any(is_name(target, node.id) for target in n.targets)
            ]
            if values:
                return self.of(max(values, key=lambda v: v.lineno), seen | {node.id})
        return self.of(node, seen)

    @staticmethod
    def union(found: Iterable[Table]) -> Table:
        """All together."""
        made = EMPTY
        for table in found:
            made |= table
        return made


def words(text: str) -> frozenset[str]:
    """The identifiers in a text: ``._figure.Figure`` has two."""
    return frozenset(WORD.findall(text))


def is_name(node: ast.AST, name: str) -> bool:
    """Whether an expression is just this name."""
    return isinstance(node, ast.Name) and node.id == name


def resolved(name: str, level: int, module: str, *, package: bool) -> str:
    """The module that ``name`` with so many dots means inside ``module``."""
    if not level:
        return name
    parts = module.split(".") if package else module.split(".")[:-1]
    parts = parts[: len(parts) - level + 1]
    return ".".join([*parts, *name.split(".")]).strip(".")
