"""The names that a module's source gives it: read, not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

from nb2image.requirements.index.lazy import Answer, answer, listed_by, module_level
from nb2image.requirements.index.tables import (
    UNKNOWN,
    Look,
    Table,
    Tables,
    is_name,
    look_nowhere,
    resolved,
    words,
)

PARSING = Lock()
"""ast.parse fails at random in several threads at once before CPython 3.11.5.
https://github.com/python/cpython/issues/106905"""
READING = {"copy", "get", "items", "keys", "values"}
"""What can be done with ``globals()`` without making a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """The names that a module's source gives it, as far as reading tells."""

    names: frozenset[str]
    stars: tuple[str, ...] = ()
    """Modules whose public names it takes over (``from .x import *``), dotted."""
    anything: bool = False
    """It makes names while it runs (``__getattr__``, ``globals()``): what is neither refused nor
    unlisted may be there."""
    refused: frozenset[str] = frozenset()
    """Of the names asked for, those that its ``__getattr__`` raises for."""
    unlisted: frozenset[str] = frozenset()
    """Of the names asked for, those that nothing makes while it runs."""
    stub: bool = False
    """It makes the names that its stub (``.pyi``) has."""


def surface(
    source: str,
    module: str,
    *,
    package: bool,
    asked: frozenset[str] = frozenset(),
    look: Look = look_nowhere,
) -> Surface:
    """The surface of ``module``; ``package`` when the source is its ``__init__``.

    ``look`` finds the tables of other modules.
    """
    tree = parsed(source)
    if tree is None:
        return Surface(names=frozenset(), anything=True)
    names: set[str] = set()
    stars: list[str] = []
    unseen = {id(node) for node in unexecuted(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            if any(alias.name == "*" for alias in node.names) and id(node) not in unseen:
                stars.append(absolute(node, module, package=package))
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            names.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    answers: dict[str, list[Answer]] = {}
    try:
        makers = list(find_makers(tree, Tables(tree, module, package, look)))
        answers = {name: [maker.answer(name) for maker in makers] for name in asked - names}
    except RecursionError:  # a sum of a thousand parts
        return Surface(names=frozenset(names), stars=tuple(stars), anything=True)
    return Surface(
        names=frozenset(names),
        stars=tuple(stars),
        anything=bool(makers),
        refused=frozenset(n for n, given in answers.items() if "refused" in given),
        unlisted=frozenset(n for n, given in answers.items() if {*given} <= {"unlisted"}),
        stub=any(maker.stub for maker in makers),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Something that makes a module's names while it runs."""

    tables: Tables
    getter: ast.FunctionDef | None = None
    """A ``__getattr__``."""
    words: frozenset[str] | None = None
    """All names that it can make are among these; None when nobody can tell."""
    stub: bool = False

    def answer(self, name: str) -> Answer:
        """What it does for a name."""
        if self.getter is not None:
            return answer(self.getter, name, self.tables)
        return "unlisted" if self.words is not None and name not in self.words else "unknown"


def find_makers(tree: ast.Module, tables: Tables) -> Iterator[Maker]:
    """All that makes names of a module while it runs."""
    known: list[ast.AST] = []
    replaced = False
    for node in module_level(tree.body):
        match node:
            case ast.FunctionDef(name="__getattr__"):
                yield Maker(tables=tables, getter=node)
                known.append(node)
            case ast.FunctionDef(name="__dir__"):
                known.append(node)
            case ast.Assign(targets=targets, value=value):
                lazy = any(is_name(n, "__getattr__") for t in targets for n in ast.walk(t))
                instead = any(ast.unparse(t).endswith("sys.modules[__name__]") for t in targets)
                if not lazy and not instead:
                    continue
                call = value if isinstance(value, ast.Call) else None
                words = listed_by(call, tables) if call else None
                stub = call is not None and ast.unparse(call.func).endswith("attach_stub")
                yield Maker(tables=tables, words=frozenset() if stub else words, stub=stub)
                known.append(node)
                replaced |= instead and words is not None
                if call is not None:
                    known += made_by(call, tree)
            case ast.For(target=ast.Name(id=name), iter=iterated) if sets(
                node, f"globals()[{name}]"
            ):
                listed = tables.of(iterated)
                yield Maker(tables=tables, words=listed.words if listed.whole else None)
                known.append(node)
            case ast.ImportFrom(names=aliases):
                if any((a.asname or a.name) == "__getattr__" for a in aliases):
                    yield Maker(tables=tables)
    skipped = {id(below) for node in known for below in ast.walk(node)}
    skipped |= {id(call) for call in only_read(tree)}
    if any(id(node) not in skipped and makes_names(node) for node in ast.walk(tree)):
        # in a module that a lazy one replaces only stand-ins for extras are set, of listed names
        yield from () if replaced else (Maker(tables=tables),)


def sets(node: ast.AST, target: str) -> bool:
    """Whether there is an assignment to just this target somewhere in a statement."""
    return any(
        ast.unparse(t) == target
        for n in ast.walk(node)
        if isinstance(n, ast.Assign)
        for t in n.targets
    )


def made_by(call: ast.Call, tree: ast.Module) -> Iterator[ast.AST]:
    """The function of the same module that a call calls."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and is_name(call.func, node.name):
            yield node


def only_read(tree: ast.Module) -> Iterator[ast.expr]:
    """Each ``globals()`` that is only read: ``globals()["__file__"]``, ``globals().keys()``."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Call() as call, slice=ast.Constant(), ctx=ast.Load()):
                yield call
            case ast.Attribute(value=ast.Call() as call, attr=attr) if attr in READING:
                yield call


def unexecuted(tree: ast.Module) -> Iterator[ast.AST]:
    """What only a type checker reads: the bodies of ``if TYPE_CHECKING:``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in {
            ast.unparse(n).rpartition(".")[2]
            for n in (node.test.values if isinstance(node.test, ast.BoolOp) else [node.test])
        }:
            for statement in node.body:
                yield from ast.walk(statement)


def parsed(source: str) -> ast.Module | None:
    """A module's tree; None when it cannot be read."""
    try:
        with PARSING:
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def spoken(source: str) -> frozenset[str]:
    """The identifiers of a source and of its texts that are names: not those of its prose."""
    tree = parsed(source)
    found: set[str] = set()
    for node in ast.walk(tree) if tree else ():
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                found |= words(name)
            case ast.Constant(value=str() as text) if not set(text) & set(" \n"):
                found |= words(text)
    return frozenset(found)


def table_in(source: str, name: str) -> Table:
    """A table in another module's source."""
    tree = parsed(source)
    try:
        return Tables(tree, "", False).named(name) if tree is not None else UNKNOWN
    except RecursionError:
        return UNKNOWN


def absolute(node: ast.ImportFrom, module: str, *, package: bool) -> str:
    """The module that an import statement inside ``module`` names."""
    return resolved(node.module or "", node.level, module, package=package)


def makes_names(node: ast.AST) -> bool:
    """Whether a call can give a module names that its text does not show."""
    if isinstance(node, ast.Attribute):
        return node.attr == "modules"  # sys.modules[__name__] is the module itself
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        return isinstance(node.value, ast.Call) and ast.unparse(node.value) in {
            "locals()",
            "vars()",
        }
    if not isinstance(node, ast.Call) or not named(node.func):
        return False
    return ast.unparse(node.func).rpartition(".")[2] in {"globals", "setattr", "exec"}


def named(node: ast.expr) -> bool:
    """Whether an expression is a name or a chain of attributes."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
