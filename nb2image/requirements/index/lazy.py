"""What a module answers when it is asked for a name that it does not define: PEP 562, unexecuted.

A module's ``__getattr__`` is followed for one name through its tests against literal names and
tables. Where it can only end in ``raise``, the name is not there; wherever a test cannot be told
or something is returned, it may be.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal

from nb2image.requirements.index.tables import EMPTY, Table, Tables, is_name

Answer = Literal["refused", "unlisted", "unknown"]
"""Raised for by its name, raised for as for any other name, or perhaps there."""
LISTING = ("attach", "relative_import")
"""Ends of the names of functions that make a ``__getattr__`` out of literal lists.
https://scientific-python.org/specs/spec-0001/"""


class End(Enum):
    """How a piece of a function ends, for one name."""

    RAISES = 1
    RETURNS = 2
    """Or may return."""
    GOES_ON = 3


class Value(Enum):
    """What is known of a variable beside a table."""

    NONE = 1
    SOMETHING = 2


@dataclass
class Asked:
    """One walk through a ``__getattr__`` for one name."""

    name: str
    parameter: str
    tables: Tables
    listed: bool = False
    """The name was met in a test or table."""
    variables: dict[str, Table | Value] = field(default_factory=dict)

    def block(self, body: Sequence[ast.stmt]) -> End:
        """How statements end, one after another."""
        for statement in body:
            end = self.statement(statement)
            if end is not End.GOES_ON:
                return end
        return End.GOES_ON

    def statement(self, node: ast.stmt) -> End:
        """How one statement ends."""
        match node:
            case ast.Raise():
                return End.RAISES
            case ast.Return(value=value):
                return End.RAISES if value is not None and self.fails(value) else End.RETURNS
            case ast.If():
                return self.branches(node)
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                if self.fails(value):
                    return End.RAISES
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                self.assign(targets, value)
            case ast.Try():
                return self.attempt(node)
            case ast.With(body=body):
                return self.block(body)
            case ast.For():
                self.bind(node.target, self.table(node.iter))
                may_return = self.block(node.body) is End.RETURNS
                return End.RETURNS if may_return else self.block(node.orelse)
            case ast.While() | ast.Match():
                if any(isinstance(n, ast.Return) for n in ast.walk(node)):
                    return End.RETURNS
        return End.GOES_ON

    def branches(self, node: ast.If) -> End:
        """How an ``if`` ends; both ways where its test cannot be told."""
        holds = self.truth(node.test)
        if holds is not None:
            return self.block(node.body if holds else node.orelse)
        before = dict(self.variables)
        ends = {self.block(node.body)}
        self.variables = before
        ends.add(self.block(node.orelse))
        if End.RETURNS in ends:
            return End.RETURNS
        return ends.pop() if len(ends) == 1 else End.GOES_ON

    def attempt(self, node: ast.Try) -> End:
        """How a ``try`` ends: a handler may take over anywhere in it."""
        body = self.block([*node.body, *node.orelse])
        handlers = [self.block(handler.body) for handler in node.handlers]
        if body is End.RETURNS or End.RETURNS in handlers:
            return End.RETURNS
        if body is End.RAISES and all(end is End.RAISES for end in handlers):
            return End.RAISES
        return self.block(node.finalbody)

    def truth(self, test: ast.expr) -> bool | None:
        """Whether a test holds; None when that cannot be told."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                held = self.truth(operand)
                return None if held is None else not held
            case ast.BoolOp(op=op, values=values):
                deciding = isinstance(op, ast.Or)  # one that holds decides an "or"
                parts = [self.truth(value) for value in values]
                if deciding in parts:
                    return deciding
                return None if None in parts else not deciding
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self.compared(left, op, right)
            case ast.NamedExpr(target=target, value=value):
                self.assign([target], value)
                return self.truth(target)
            case ast.Name(id=name) if self.variables.get(name) is Value.NONE:
                return False
        return None

    def compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> bool | None:
        """Whether a comparison holds."""
        if isinstance(right, ast.Constant) and right.value is None and isinstance(left, ast.Name):
            known = self.variables.get(left.id)
            if isinstance(op, ast.Is | ast.IsNot) and isinstance(known, Value):
                return (known is Value.NONE) == isinstance(op, ast.Is)
            return None
        if is_name(right, self.parameter) and isinstance(op, ast.Eq | ast.NotEq):
            left, right = right, left
        if not is_name(left, self.parameter):
            return None
        if isinstance(op, ast.Eq | ast.NotEq) and isinstance(right, ast.Constant):
            same = right.value == self.name
            self.listed |= same
            return same == isinstance(op, ast.Eq)
        if isinstance(op, ast.In | ast.NotIn):
            held = self.holds(self.table(right))
            return None if held is None else held == isinstance(op, ast.In)
        return None

    def holds(self, table: Table) -> bool | None:
        """Whether a table has the name; None when that cannot be told."""
        if self.name in table.keys:
            self.listed = True
            return True
        return False if table.whole and self.name not in table.words else None

    def table(self, node: ast.expr) -> Table:
        """The table that an expression stands for."""
        known = self.variables.get(node.id) if isinstance(node, ast.Name) else None
        return known if isinstance(known, Table) else self.tables.of(node)

    def assign(self, targets: Sequence[ast.expr], value: ast.expr) -> None:
        """Remember what is known of a variable's new value."""
        known: Table | Value | None = None
        match value:
            case ast.Constant(value=None):
                known = Value.NONE
            case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[key, *more]):
                default = more[0] if more else ast.Constant(value=None)
                held = self.holds(self.table(owner)) if is_name(key, self.parameter) else None
                if held:
                    known = Value.SOMETHING
                elif held is False and isinstance(default, ast.Constant) and default.value is None:
                    known = Value.NONE
        for target in targets:
            self.bind(target, known if isinstance(target, ast.Name) else None)

    def bind(self, target: ast.expr, known: Table | Value | None) -> None:
        """Give every variable of a target what is known: of a table's entries, that they hold
        some of its words."""
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                self.variables.pop(node.id, None)
                if isinstance(known, Table):
                    whole = known.whole and known.deep
                    self.variables[node.id] = Table(words=known.words, whole=whole)
                elif known is not None:
                    self.variables[node.id] = known

    def fails(self, value: ast.expr) -> bool:
        """Whether an expression raises KeyError: ``globals()[name]``, ``table[name]``."""
        match value:
            case ast.Subscript(value=owner, slice=key) if is_name(key, self.parameter):
                if isinstance(owner, ast.Call) and ast.unparse(owner) == "globals()":
                    return True  # what the module defines is known without asking
                return self.holds(self.table(owner)) is False
        return False


def answer(getter: ast.FunctionDef, name: str, tables: Tables) -> Answer:
    """What a module's ``__getattr__`` does for a name that the module does not define."""
    parameters = [*getter.args.posonlyargs, *getter.args.args]
    if not parameters:
        return "unknown"
    asked = Asked(name=name, parameter=parameters[0].arg, tables=tables)
    if asked.block(getter.body) is not End.RAISES:
        return "unknown"
    return "refused" if asked.listed else "unlisted"


def listed_by(call: ast.Call, tables: Tables) -> frozenset[str] | None:
    """The words out of which a call makes a module's names; None when they do not all stand in
    its source.

    ``attach(__name__, submod_attrs={…})``, ``_LazyModule(__name__, …, _import_structure)``.
    """
    function = ast.unparse(call.func).rpartition(".")[2]
    if not function.endswith((*LISTING, "LazyModule")):
        return None
    objects = [k.value for k in call.keywords if k.arg == "extra_objects"]
    found = EMPTY
    for value in (*call.args, *(k.value for k in call.keywords)):
        if ast.unparse(value) in {"__name__", "__file__", "__doc__", "__spec__"}:
            continue
        if isinstance(value, ast.Subscript):  # globals()["__file__"]
            continue
        if isinstance(value, ast.Constant) and value.value is None:
            continue
        table = tables.of(value)
        # of objects that are handed over with their names, the names alone matter
        found |= replace(table, words=table.keys, deep=True) if value in objects else table
    return found.words if found.whole and found.deep else None


def module_level(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run in a module itself, those in its branches too."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
            for part in ("body", "orelse", "finalbody"):
                yield from module_level(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from module_level(handler.body)
