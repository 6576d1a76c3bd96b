"""Finds in Python code what uses a GPU, and whether it looks for one first. Nothing is executed.

A use below a condition that asks for a GPU, or below ``try``, is optional; so is one after an
early return for machines without. A program that stops when it finds none requires one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nb2image.gpu import signs
from nb2image.gpu.nodes import (
    Known,
    among,
    asks,
    dotted,
    is_device,
    is_guard,
    is_negative,
    is_number,
    keeps_guard,
    last_name,
    quoted,
    stops,
    uses,
)
from nb2image.model import GpuNeed
from nb2image.requirements.code.branches import Branch, choose

Sign = tuple[GpuNeed, str, int]
"""(level, what was found, line)."""


def known_names(trees: Iterable[ast.Module]) -> Known:
    """What a program's cells together say about its names."""
    trees = tuple(trees)
    guards: set[str] = set()
    on: set[str] = set()
    modules: set[str] = set()
    for _ in range(2):  # a guard may be made of another
        for tree in trees:
            for node in ast.walk(tree):
                match node:
                    case ast.Import(names=aliases):
                        modules.update(alias.name.partition(".")[0] for alias in aliases)
                    case ast.ImportFrom(module=str(module)):
                        modules.add(module.partition(".")[0])
                    case ast.FunctionDef() if any(asks(n) for n in ast.walk(node)):
                        guards.add(node.name)
                    case ast.Assign(targets=targets, value=value):
                        names = {dotted(target) for target in targets} - {""}
                        if keeps_guard(value, Known(guards=frozenset(guards))):
                            guards |= names
                        elif isinstance(value, ast.Constant) and value.value is True:
                            on |= names
    return Known(guards=frozenset(guards), on=frozenset(on - guards), modules=frozenset(modules))


def signs_of(tree: ast.Module, known: Known) -> tuple[Sign, ...]:
    """Everything in a cell's code that speaks for a GPU."""
    looker = Looker(known=known)
    looker.block(tree.body)
    return tuple(looker.found)


@dataclass(slots=True)
class Looker(ast.NodeVisitor):
    """Walks statements and knows whether a GPU was asked for before."""

    known: Known
    found: list[Sign] = field(default_factory=list)
    guarded: bool = False

    def add(self, node: ast.AST, needed: str, else_: str = "") -> None:
        """A use: required, or optional where it is guarded."""
        line = getattr(node, "lineno", 1)
        if self.guarded:
            self.found.append(("optional", else_ or f"{needed}, where there is one", line))
        else:
            self.found.append(("required", needed, line))

    def optional(self, node: ast.AST, message: str) -> None:
        """Something that goes on without a GPU."""
        self.found.append(("optional", message, getattr(node, "lineno", 1)))

    def block(self, body: Sequence[ast.stmt], *, guarded: bool = False) -> None:
        """A block of statements; what follows an early end for lack of a GPU is guarded."""
        before = self.guarded
        self.guarded = before or guarded
        for statement in body:
            self.visit(statement)
            if (
                isinstance(statement, ast.If)
                and is_guard(statement.test, self.known)
                and statement.body
                and isinstance(statement.body[-1], ast.Return | ast.Continue | ast.Break)
            ):
                self.guarded = True
        self.guarded = before

    def below(self, node: ast.AST, *, guarded: bool) -> None:
        """One node, guarded or as it stands."""
        before = self.guarded
        self.guarded = before or guarded
        self.visit(node)
        self.guarded = before

    def visit_If(self, node: ast.If) -> None:
        """Both branches of a condition that asks are guarded, unless one of them stops."""
        first, other = choose(node.test)
        guard = is_guard(node.test, self.known)
        self.below(node.test, guarded=guard)
        negative = is_negative(node.test)
        stopping = node.body if negative else node.orelse
        if guard and stops(stopping):
            line = f"it stops when there is no GPU: if {quoted(node.test)}"
            self.found.append(("required", line, node.lineno))
        if first is not Branch.NEVER:
            self.block(node.body, guarded=guard)
        if other is not Branch.NEVER:
            self.block(node.orelse, guarded=guard)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """``"cuda" if torch.cuda.is_available() else "cpu"``."""
        guard = is_guard(node.test, self.known)
        for part in (node.test, node.body, node.orelse):
            self.below(part, guarded=guard)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """``use_cuda and model.cuda()``."""
        guard = any(is_guard(value, self.known) for value in node.values)
        for value in node.values:
            self.below(value, guarded=guard)

    def visit_Assert(self, node: ast.Assert) -> None:
        """An assertion that there is a GPU."""
        if is_guard(node.test, self.known):
            line = f"it stops when there is no GPU: assert {quoted(node.test)}"
            self.found.append(("required", line, node.lineno))
        self.generic_visit(node)

    def visit_Try(self, node: ast.Try) -> None:
        """What may fail is not required."""
        self.block(node.body, guarded=bool(node.handlers))
        for handler in node.handlers:
            self.block(handler.body)
        self.block(node.orelse)
        self.block(node.finalbody)

    def visit_For(self, node: ast.For) -> None:
        """``for gpu in gpus`` runs only where there are some."""
        self.visit(node.iter)
        self.block(node.body, guarded=is_guard(node.iter, self.known))
        self.block(node.orelse)

    def visit_While(self, node: ast.While) -> None:
        """A loop is a block of its own."""
        self.visit(node.test)
        self.block(node.body, guarded=is_guard(node.test, self.known))
        self.block(node.orelse)

    def visit_With(self, node: ast.With) -> None:
        """``with tf.device("/GPU:0")``."""
        for item in node.items:
            self.visit(item)
        self.block(node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """The body of a function is a block of its own."""
        for part in (*node.decorator_list, node.args):
            self.visit(part)
        self.block(node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """As any function."""
        self.block(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """The body of a class is a block of its own."""
        self.block(node.body)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        """``[torch.device(f"cuda:{i}") for i in range(torch.cuda.device_count())]``."""
        parts = [part for g in node.generators for part in (g.iter, *g.ifs)]
        guard = any(is_guard(part, self.known) for part in parts)
        for part in parts:
            self.visit(part)
        self.below(node.elt, guarded=guard)

    def visit_Import(self, node: ast.Import) -> None:
        """A module of GPU libraries."""
        for alias in node.names:
            self.module(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Likewise, ``from numba import cuda`` included."""
        if node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            if not self.module(node, node.module):
                any(self.module(node, name, tools=False) for name in names)

    def module(self, node: ast.AST, name: str, *, tools: bool = True) -> bool:
        """Note a module that speaks for a GPU."""
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            prefix = ".".join(parts[:length])
            if prefix in signs.GPU_MODULES:
                self.add(node, f"imports {prefix}, which needs a GPU", f"imports {prefix}")
                return True
        if tools and parts[0] in signs.GPU_TOOLS:
            self.optional(node, f"imports {parts[0]}")
            return True
        return False

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """``torch.cuda.FloatTensor``."""
        if node.attr.endswith("Tensor") and dotted(node.value) == "torch.cuda":
            self.add(node, f"uses a GPU: {quoted(node)}")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """A call that asks for a GPU, uses one, or has an option for one."""
        tolerant = last_name(node.func) in signs.TOLERANT_CALLS
        if asks(node):
            self.optional(node, f"looks for a GPU: {quoted(node)}")
        elif uses(node):
            self.add(node, f"uses a GPU: {quoted(node)}")
        elif tolerant and any(map(is_device, (*node.args, *(k.value for k in node.keywords)))):
            self.optional(node, f"takes a GPU that is there: {quoted(node)}")
        numbered = self.numbered(node)
        for keyword in node.keywords:
            if keyword.arg is None:
                continue
            if numbered and keyword.arg == "device" and is_number(keyword.value):
                self.add(keyword.value, f"uses a GPU: device={quoted(keyword.value)}")
            elif not tolerant:
                self.option(keyword.value, keyword.arg)
        match node:
            case ast.Call(
                func=ast.Attribute(attr="update"), args=[ast.Constant(value=str(key)), value]
            ):
                self.option(value, key)  # jax.config.update("jax_platform_name", "gpu")
            case _:
                pass
        self.generic_visit(node)

    def numbered(self, node: ast.Call) -> bool:
        """Whether a number as a call's device is a GPU."""
        name = last_name(node.func)
        calls = signs.NUMBERED_DEVICE.items()
        return any(module in self.known.modules and name in names for module, names in calls)

    def visit_Dict(self, node: ast.Dict) -> None:
        """``{"tree_method": "gpu_hist"}``."""
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                self.option(value, key.value)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """``device = "cuda"``, ``params["device"] = "gpu"``."""
        for target in node.targets:
            name = last_name(target)
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                name = str(target.slice.value)
            if signs.DEVICE_NAMES.search(name) and is_device(node.value):
                self.add(node, f"uses a GPU: {quoted(node)}")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """onnxruntime's name of the GPU."""
        if node.value == signs.PROVIDER:
            self.optional(node, f"takes a GPU that is there: {signs.PROVIDER}")

    def option(self, value: ast.expr, name: str) -> None:
        """An option that says what is computed on."""
        given = value.value if isinstance(value, ast.Constant) else None
        text = f"{name}={quoted(value)}"
        if among(given, signs.OPTIONS.get(name, ())):
            self.add(value, f"needs a GPU: {text}", f"takes a GPU: {text}")
        elif among(given, signs.SOFT_OPTIONS.get(name, ())):
            self.optional(value, f"takes a GPU that is there: {text}")
        elif (name == "gpus" and type(given) is int and given > 0) or (
            name in signs.DEVICE_KEYWORDS and is_device(value)
        ):
            self.add(value, f"uses a GPU: {text}")
