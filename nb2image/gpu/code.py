"""Finds in Python code what uses a GPU, and whether it looks for one first. Nothing is executed.

A use below a condition that asks for a GPU, or below ``try``, is optional; so is one after an
early return for machines without. A program that stops when it finds none requires one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nb2image.gpu import signs
from nb2image.model import GpuNeed
from nb2image.requirements.branches import Branch, choose

MAX_QUOTE = 60

Sign = tuple[GpuNeed, str, int]
"""(level, what was found, line)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the whole program says about its names."""

    guards: frozenset[str] = frozenset()
    """Names, dotted, that hold whether there is a GPU, and functions that ask for one."""
    on: frozenset[str] = frozenset()
    """Names of switches that are set to True."""
    modules: frozenset[str] = frozenset()
    """Top names of everything that is imported."""


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


def asks(node: ast.AST) -> bool:
    """Whether a node is a call that asks for a GPU."""
    if not isinstance(node, ast.Call):
        return False
    name = last_name(node.func)
    if name in signs.LISTING:
        kinds = [a.value for a in node.args if isinstance(a, ast.Constant)]
        return not kinds or str(kinds[0]).upper() == "GPU"
    on = dotted(node.func).rpartition(".")[0]
    return name in signs.ASKING or (
        name in signs.ASKING_OF_CUDA and signs.SWITCH.search(on) is not None
    )


def uses(node: ast.Call) -> bool:
    """Whether a call fails where there is no GPU."""
    name, path = last_name(node.func), dotted(node.func)
    if isinstance(node.func, ast.Attribute) and name == "cuda" and len(node.args) <= 1:
        return dotted(node.func.value) not in {"torch", "numba"}
    if path.startswith("torch.cuda.") and name in signs.CUDA_CALLS and path.count(".") == 2:
        return True
    if name in signs.FORCING or path in {"mx.gpu", "mxnet.gpu"}:
        return True
    return name in signs.DEVICE_CALLS and any(is_device(argument) for argument in node.args)


def is_guard(test: ast.expr, known: Known) -> bool:
    """Whether a condition tells whether there is a GPU, or whether one is to be used."""
    called = {id(node.func) for node in ast.walk(test) if isinstance(node, ast.Call)}
    for node in ast.walk(test):
        match node:
            case ast.Call() if asks(node):
                return True
            case ast.Compare() if any(names_kind(n) for n in (node.left, *node.comparators)):
                return True
            case ast.Name() | ast.Attribute() if dotted(node) in known.guards:
                return True
            case ast.Name() | ast.Attribute() if id(node) not in called and is_switch(node, known):
                return True
            case _:
                pass
    return False


def is_switch(node: ast.Name | ast.Attribute, known: Known) -> bool:
    """Whether a name says by itself that a GPU is to be used: ``use_gpu``, ``args.cuda``."""
    name = dotted(node)
    first, _, rest = name.partition(".")
    return (
        signs.SWITCH.search(name.rpartition(".")[2]) is not None
        and name not in known.on
        and not (rest and first in known.modules)
    )


def names_kind(node: ast.expr) -> bool:
    """Whether something is compared with a kind of device."""
    return is_device(node) or (isinstance(node, ast.Constant) and node.value == "cpu")


def keeps_guard(value: ast.expr, known: Known) -> bool:
    """Whether what is assigned still tells whether there is a GPU."""
    if any(asks(node) for node in ast.walk(value)):
        return True
    plain = ast.Name | ast.Attribute | ast.BoolOp | ast.Compare | ast.IfExp | ast.UnaryOp
    return isinstance(value, plain) and is_guard(value, known)


def is_negative(test: ast.expr) -> bool:
    """Whether a condition holds where there is no GPU."""
    match test:
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.BoolOp(values=[first, *_]):
            return is_negative(first)
        case ast.Compare(ops=[ast.NotEq()], comparators=[other]):
            return is_device(other)
        case ast.Compare(ops=[ast.Eq() | ast.Lt() | ast.LtE()], comparators=[ast.Constant(v)]):
            return v in (0, 1, "", "cpu", None, False)
        case ast.Compare(ops=[ast.Is()], comparators=[ast.Constant(v)]):
            return v in (None, False)
        case _:
            return False


def stops(body: Sequence[ast.stmt]) -> bool:
    """Whether a block ends the program."""
    for statement in body:
        match statement:
            case ast.Raise():
                return True
            case ast.Expr(value=ast.Call(func=func)) if dotted(func) in {
                *("exit", "quit", "sys.exit", "os._exit")
            }:
                return True
            case ast.Assert(test=ast.Constant(value=False)):
                return True
            case _:
                pass
    return False


def is_device(node: ast.expr) -> bool:
    """Whether an expression is the literal name of a GPU: ``"cuda"``, ``f"cuda:{i}"``."""
    match node:
        case ast.Constant(value=str(text)):
            return signs.DEVICE.fullmatch(text) is not None or text.startswith("torch.cuda.")
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            return signs.DEVICE.fullmatch(text) is not None
        case ast.List(elts=[first, *_]) | ast.Tuple(elts=[first, *_]):
            return is_device(first)
        case ast.Dict(values=[first, *_]):
            return is_device(first)
        case _:
            return False


def is_number(node: ast.expr) -> bool:
    """Whether an expression is the literal number of a device."""
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value >= 0


def among(value: object, values: tuple[object, ...]) -> bool:
    """Whether a literal is one of some values; True is not 1."""
    return any(type(value) is type(one) and value == one for one in values)


def last_name(node: ast.expr) -> str:
    """The last part of a name: ``device`` of ``torch.device``."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def dotted(node: ast.expr) -> str:
    """A name with its dots, empty for any other expression."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join((node.id, *reversed(names))) if isinstance(node, ast.Name) else ""


def quoted(node: ast.AST) -> str:
    """The code of a node, short and on one line; of a long chain of calls the last."""
    text = " ".join(ast.unparse(node).split())
    if (
        len(text) > MAX_QUOTE
        and isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
    ):
        given = " ".join(ast.unparse(argument) for argument in node.args).split()
        text = f"….{node.func.attr}({' '.join(given)})"
    return text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE - 1] + "…"
