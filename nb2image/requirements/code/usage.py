"""What the code does with what it imports: calls, attributes, strings — read, never executed."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from nb2image.model import Place, Script
from nb2image.requirements.code.imports import script_place
from nb2image.requirements.code.reached import reached_modules
from nb2image.requirements.code.trees import parsed

MAX_STEPS = 3
"""Names that a text is followed through: ``url = base + name``."""
MAX_STRINGS = 12
"""Texts kept of one call: its file names and options, not its prose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One thing that the code does."""

    kind: Literal["call", "method", "attribute", "import", "string", "variable", "program"]
    """``call`` of something imported, also by what it is passed to; ``method`` and ``attribute``
    of an unknown object, a text, an environment ``variable`` that is set, a ``program`` that a
    shell line calls."""
    name: str
    """Dotted for what is imported (``pandas.read_excel``); of an unknown object its last two
    attributes at most (``plot.kde``); the text; or ``NAME=value``."""
    strings: tuple[str, ...] = ()
    """Texts among a call's arguments, through names that stand for one."""
    keywords: tuple[tuple[str, str], ...] = ()
    """A call's keyword arguments; the value is empty when it is no literal."""
    place: Place


def find_usage(script: Script) -> list[Use]:
    """Everything that the script's cells and local modules do, in their order."""
    sources = [
        (tree, cell.number, cell.first_line)
        for cell in script.cells
        if not cell.left_out and (tree := parsed(cell.source)) is not None
    ]
    modules = [(tree, module.path) for module, tree in reached_modules(script) if tree is not None]
    cells = Names.of(tree for tree, _, _ in sources)
    found: list[Use] = []
    for tree, number, first in sources:
        reader = Reader(cells, lambda n, c=number, f=first: script_place(script, c, f, n))
        found += reader.uses(tree)
    for tree, path in modules:
        reader = Reader(Names.of([tree]), lambda n, p=path: Place(file=p, line=n))
        found += reader.uses(tree)
    found += [Use(kind="program", name=name, place=place) for name, place in script.programs]
    return found


@dataclass(frozen=True, slots=True)
class Names:
    """What the names of one namespace stand for."""

    imported: dict[str, str] = field(default_factory=dict)
    """Name → what it was imported from, dotted."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Name → the imported thing that it is another name for: ``layers = keras.layers``."""
    starred: list[str] = field(default_factory=list)
    """Modules whose names were all imported."""
    bound: Counter[str] = field(default_factory=Counter)
    """How often a name is bound in another way than by an import."""
    texts: dict[str, set[str]] = field(default_factory=dict)
    """Name → texts that are assigned to it, also through other names."""

    @classmethod
    def of(cls, trees: Iterable[ast.AST]) -> Names:
        """The names that the trees bind."""
        names = cls()
        parts: dict[str, set[str]] = {}
        others: dict[str, list[ast.expr]] = {}
        for tree in trees:
            for node in ast.walk(tree):
                names.bound.update(bound_by(node))
                if isinstance(node, ast.Import):
                    for alias in node.names:
                        top = alias.name.partition(".")[0]
                        names.imported[alias.asname or top] = alias.name if alias.asname else top
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    for alias in node.names:
                        if alias.name == "*":
                            names.starred.append(node.module)
                            continue
                        names.imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                elif isinstance(node, ast.Assign):
                    for target in node.targets:
                        if isinstance(target, ast.Name):
                            texts = names.texts.setdefault(target.id, set())
                            texts.update(literals(node.value))
                            if isinstance(node.value, ast.BinOp | ast.JoinedStr | ast.Name):
                                parts.setdefault(target.id, set()).update(named_in(node.value))
                            if isinstance(node.value, ast.Attribute | ast.Name):
                                others.setdefault(target.id, []).append(node.value)
        for _ in range(MAX_STEPS):
            for name, others_ in parts.items():
                found = [names.texts.get(other, ()) for other in others_]
                names.texts[name].update(*map(tuple, found))
            names._alias(others)
        return names

    def _alias(self, others: dict[str, list[ast.expr]]) -> None:
        for name, values in others.items():
            meant = {self.dotted(value) for value in values}
            if len(values) == self.bound[name] and name not in self.imported and len(meant) == 1:
                self.aliases[name] = meant.pop()

    def dotted(self, node: ast.expr) -> str:
        """The imported thing that a name or a chain of attributes means; empty when unknown."""
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value)
            return owner and f"{owner}.{node.attr}"
        if not isinstance(node, ast.Name):
            return ""
        return self.imported.get(node.id) or self.aliases.get(node.id, "")

    def starred_as(self, name: str) -> Iterator[str]:
        """What a name that nothing binds may be, if all names of some modules were imported."""
        if not (name in self.imported or self.bound[name] or hasattr(builtins, name)):
            yield from (f"{module}.{name}" for module in self.starred)


class Reader:
    """Turns a tree into uses."""

    def __init__(self, names: Names, place: object) -> None:
        self._names = names
        self._place = place

    def uses(self, tree: ast.AST) -> Iterator[Use]:
        """Every use in the tree."""
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            line = getattr(node, "lineno", 0)
            if isinstance(node, ast.Call):
                yield from self._call(node, line)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                known, name = self._named(node)
                if not known and id(node) not in called:
                    yield Use(kind="attribute", name=name, place=self._at(line))
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    yield Use(kind="import", name=alias.name, place=self._at(line))
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield Use(kind="import", name=node.module, place=self._at(line))
                for alias in node.names:
                    name = f"{node.module}.{alias.name}"
                    yield Use(kind="import", name=name, place=self._at(line))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                if len(node.value) < 500:
                    yield Use(kind="string", name=node.value, place=self._at(line))
            elif isinstance(node, ast.Assign):
                yield from self._assign(node, line)

    def _at(self, line: int) -> Place:
        return self._place(line)  # type: ignore[operator,no-any-return]

    def _call(self, node: ast.Call, line: int) -> Iterator[Use]:
        strings = tuple(self._strings([*node.args, *(k.value for k in node.keywords)]))
        keywords = tuple((k.arg, plain(k.value)) for k in node.keywords if k.arg)

        def use(kind: Literal["call", "method"], name: str) -> Use:
            return Use(
                kind=kind,
                name=name,
                strings=strings[:MAX_STRINGS],
                keywords=keywords,
                place=self._at(line),
            )

        known, name = self._named(node.func)
        if name:
            yield use("call" if known else "method", name)
        if isinstance(node.func, ast.Name):
            yield from (use("call", meant) for meant in self._names.starred_as(node.func.id))
        for other in self._others(node):
            yield use("call", other)
        if name in {"os.putenv", "os.environ.setdefault"} and len(strings) > 1:
            text = f"{strings[0]}={strings[1]}"
            yield Use(kind="variable", name=text, place=self._at(line))

    def _others(self, node: ast.Call) -> Iterator[str]:
        """What a call may call beside its function's own name: another name for it, or functions
        that are passed on (``map(pd.read_excel, files)``)."""
        known, _ = self._named(node.func)
        if not known and (meant := self._names.dotted(node.func)):
            yield meant
        for argument in [*node.args, *(k.value for k in node.keywords)]:
            if meant := self._names.dotted(argument):
                yield meant

    def _assign(self, node: ast.Assign, line: int) -> Iterator[Use]:
        for target in node.targets:
            if isinstance(target, ast.Subscript) and self._named(target.value)[1] == "os.environ":
                for key in literals(target.slice):
                    for value in literals(node.value):
                        yield Use(kind="variable", name=f"{key}={value}", place=self._at(line))

    def _named(self, node: ast.expr) -> tuple[bool, str]:
        """(whether it is imported, name) of a name or a chain of attributes."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        attributes.reverse()
        if isinstance(node, ast.Name):
            if node.id in self._names.imported:
                return True, ".".join([self._names.imported[node.id], *attributes])
            if not attributes:
                return False, node.id
        return False, ".".join(attributes[-2:])

    def _strings(self, arguments: Sequence[ast.expr]) -> Iterator[str]:
        for argument in arguments:
            for node in ast.walk(argument):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
                elif isinstance(node, ast.Name):
                    yield from sorted(self._names.texts.get(node.id, ()))


def bound_by(node: ast.AST) -> Iterator[str]:
    """The names that a node binds, imports aside."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg


def named_in(node: ast.expr) -> Iterator[str]:
    """The names in an expression."""
    return (part.id for part in ast.walk(node) if isinstance(part, ast.Name))


def literals(node: ast.expr) -> list[str]:
    """The texts written anywhere in an expression."""
    return [
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def plain(node: ast.expr) -> str:
    """A literal's value as text, empty for what is no literal."""
    return str(node.value) if isinstance(node, ast.Constant) else ""
