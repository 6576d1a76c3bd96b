"""What the code does with what it imports: calls, attributes, strings — read, never executed."""

from __future__ import annotations

import ast
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
    """``call`` of something imported, ``method`` and ``attribute`` of an unknown object, a text,
    an environment ``variable`` that is set, a ``program`` that a shell line calls."""
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
    texts: dict[str, set[str]] = field(default_factory=dict)
    """Name → texts that are assigned to it, also through other names."""

    @classmethod
    def of(cls, trees: Iterable[ast.AST]) -> Names:
        """The names that the trees bind."""
        names = cls()
        parts: dict[str, set[str]] = {}
        for tree in trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    for alias in node.names:
                        top = alias.name.partition(".")[0]
                        names.imported[alias.asname or top] = alias.name if alias.asname else top
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    for alias in node.names:
                        names.imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                elif isinstance(node, ast.Assign):
                    for target in node.targets:
                        if isinstance(target, ast.Name):
                            texts = names.texts.setdefault(target.id, set())
                            texts.update(literals(node.value))
                            if isinstance(node.value, ast.BinOp | ast.JoinedStr | ast.Name):
                                parts.setdefault(target.id, set()).update(named_in(node.value))
        for _ in range(MAX_STEPS):
            for name, others in parts.items():
                found = [names.texts.get(other, ()) for other in others]
                names.texts[name].update(*map(tuple, found))
        return names


class Reader:
    """Turns a tree into uses."""

    def __init__(self, names: Names, place: object) -> None:
        self._names = names
        self._place = place

    def uses(self, tree: ast.AST) -> Iterator[Use]:
        """Every use in the tree."""
        for node in ast.walk(tree):
            line = getattr(node, "lineno", 0)
            if isinstance(node, ast.Call):
                yield from self._call(node, line)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                known, name = self._named(node)
                if not known:
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
        known, name = self._named(node.func)
        if not name:
            return
        strings = list(self._strings([*node.args, *(k.value for k in node.keywords)]))
        keywords = tuple((k.arg, plain(k.value)) for k in node.keywords if k.arg)
        yield Use(
            kind="call" if known else "method",
            name=name,
            strings=tuple(strings[:MAX_STRINGS]),
            keywords=keywords,
            place=self._at(line),
        )
        if name in {"os.putenv", "os.environ.setdefault"} and len(strings) > 1:
            text = f"{strings[0]}={strings[1]}"
            yield Use(kind="variable", name=text, place=self._at(line))

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
