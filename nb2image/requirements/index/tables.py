"""Tables of names that a module's source holds: lists, sets and dicts of texts, not run."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class Tables:
    """The tables of one module, each read once: a source may be made to be read for ever."""

    tree: ast.Module
    module: str
    package: bool
    look: Look = look_nowhere
    known: dict[tuple[str, int], Table] = field(default_factory=dict)
    """By name, and by the line where a name is used again (0 for all that it ever holds)."""
    asked: list[str] = field(default_factory=list)
    """The names that are being looked at, each for the one before it."""
    givers: dict[str, list[ast.AST]] = field(default_factory=dict)
    """What gives something to a name."""
    imports: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    """(module, level, name) that a name is imported from."""

    def __post_init__(self) -> None:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    origin = (node.module or "", node.level, alias.name)
                    self.imports.setdefault(alias.asname or alias.name, origin)
            for name in dict.fromkeys(names_given(node)):
                self.givers.setdefault(name, []).append(node)

    def of(self, node: ast.expr) -> Table:
        """What an expression holds."""
        match node:
            case ast.Constant():
                text = node.value if isinstance(node.value, str) else ""
                return Table(keys=frozenset({text} if text else ()), words=words(text))
            case ast.List() | ast.Set() | ast.Tuple():
                return self.union(self.item(i) for i in node.elts)
            case ast.Dict():
                keys = self.union(self.of(k) for k in node.keys if k is not None)
                values = [v for k, v in zip(node.keys, node.values, strict=True) if k is not None]
                merged = [v for k, v in zip(node.keys, node.values, strict=True) if k is None]
                spread = [self.of(m) for m in merged]
                return self.union((keys, *(self.value(v) for v in values), *spread))
            case ast.BinOp(op=ast.Add() | ast.BitOr()):
                return self.of(node.left) | self.of(node.right)
            case ast.Starred():
                return self.of(node.value)
            case ast.Name():
                return self.named(node.id)
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                iterated = (g.iter for g in node.generators)
                return self.union(self.at(i, node.lineno) for i in iterated)
            case ast.Call():
                return self.called(node)
        return UNKNOWN

    def called(self, node: ast.Call) -> Table:
        """What a call makes: a container of its arguments, or a view of one."""
        match node.func:
            case ast.Name(id=name) if name in CONTAINERS:
                given = self.union(self.of(a) for a in node.args)
                named = frozenset(k.arg for k in node.keywords if k.arg)
                spread = (self.of(k.value) for k in node.keywords if k.arg is None)
                return self.union((given, Table(keys=named, words=named), *spread))
            case ast.Attribute(value=ast.Name(id=name), attr="copy" | "items" | "keys" | "values"):
                return self.named(name)
        return UNKNOWN

    def item(self, node: ast.expr) -> Table:
        """An item of a list: itself, or the first of a tuple."""
        if not isinstance(node, ast.Tuple | ast.List):
            return self.of(node)
        first = self.of(node.elts[0]) if node.elts else EMPTY
        return self.union((first, self.value(node)))

    def value(self, node: ast.expr) -> Table:
        """The words of a value.

        ``[n for n in dir(dummies)]`` repeats what the table lists where an extra is installed.
        """
        match node:
            case ast.List() | ast.Tuple() | ast.Set():
                # what is no text among the items is no name
                items = (i for i in node.elts if not isinstance(i, ast.Name | ast.Attribute))
                return self.union(self.value(i) for i in items)
            case ast.ListComp() if "dummy" in ast.unparse(node.generators[0].iter):
                return EMPTY
        found = self.of(node)
        return Table(words=found.words, deep=found.whole and found.deep)

    def named(self, name: str) -> Table:
        """All that is assigned to a name, and put there later; UNKNOWN for one that is not made
        here."""
        if name in self.asked:  # made out of itself, or of what is made out of it
            return EMPTY if name == self.asked[-1] else UNKNOWN
        if (name, 0) not in self.known:
            self.asked.append(name)
            given = [t for node in self.givers.get(name, ()) for t in self.given(node, name)]
            self.known[name, 0] = self.union(given) if given else self.imported(name)
            self.asked.pop()
        return self.known[name, 0]

    def imported(self, name: str) -> Table:
        """A table that ``from module import name`` brings."""
        if name not in self.imports:
            return UNKNOWN
        origin, level, there = self.imports[name]
        return self.look(resolved(origin, level, self.module, package=self.package), there)

    def given(self, node: ast.AST, name: str) -> Iterable[Table]:
        """What one statement or call gives to a name."""
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if is_name(target, name):
                        yield self.of(value)
                    elif isinstance(target, ast.Subscript) and is_name(target.value, name):
                        yield self.of(target.slice) | self.value(value)
                    elif isinstance(target, ast.Tuple | ast.List):
                        yield from (UNKNOWN for t in target.elts if is_name(t, name))
            case ast.AnnAssign(target=target, value=ast.expr() as value) if is_name(target, name):
                yield self.of(value)
            case ast.AugAssign(target=target, value=value) if is_name(target, name):
                yield self.of(value)
            case ast.For(target=target) | ast.comprehension(target=target):
                yield from (UNKNOWN for n in ast.walk(target) if is_name(n, name))
            case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in GROWING:
                while isinstance(owner, ast.Subscript):  # table["module"].append("name")
                    owner = owner.value
                if is_name(owner, name):
                    yield from (self.of(a) for a in node.args)
            case ast.arg(arg=arg) if arg == name:
                yield UNKNOWN

    def at(self, node: ast.expr, line: int) -> Table:
        """What an expression held at a line: of a name that is used again, its last value."""
        if not isinstance(node, ast.Name):
            return self.of(node)
        if (node.id, line) not in self.known:
            values = [
                giver.value
                for giver in self.givers.get(node.id, ())
                if isinstance(giver, ast.Assign) and giver.lineno < line
                if any(is_name(target, node.id) for target in giver.targets)
            ]
            last = max(values, key=lambda value: value.lineno, default=node)
            self.known[node.id, line] = self.of(last)
        return self.known[node.id, line]

    @staticmethod
    def union(found: Iterable[Table]) -> Table:
        """All together."""
        keys: set[str] = set()
        words: set[str] = set()
        whole = deep = True
        for table in found:
            keys |= table.keys
            words |= table.words
            whole &= table.whole
            deep &= table.deep
        return Table(keys=frozenset(keys), words=frozenset(words), whole=whole, deep=deep)


def names_given(node: ast.AST) -> Iterator[str]:
    """The names that one node gives something to."""
    match node:
        case ast.Assign(targets=targets):
            for target in targets:
                owner = target.value if isinstance(target, ast.Subscript) else target
                parts = owner.elts if isinstance(owner, ast.Tuple | ast.List) else [owner]
                yield from (part.id for part in parts if isinstance(part, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
            yield name
        case ast.For(target=target) | ast.comprehension(target=target):
            yield from (n.id for n in ast.walk(target) if isinstance(n, ast.Name))
        case ast.Call(func=ast.Attribute(value=owner, attr=attr)) if attr in GROWING:
            while isinstance(owner, ast.Subscript):  # table["module"].append("name")
                owner = owner.value
            if isinstance(owner, ast.Name):
                yield owner.id
        case ast.arg(arg=name):
            yield name


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
