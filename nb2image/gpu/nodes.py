"""What a single piece of code says of a GPU: asks for one, uses one, guards what follows."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from nb2image.gpu import signs

MAX_QUOTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the whole program says about its names."""

    guards: frozenset[str] = frozenset()
    """Names, dotted, that hold whether there is a GPU, and functions that ask for one."""
    on: frozenset[str] = frozenset()
    """Names of switches that are set to True."""
    modules: frozenset[str] = frozenset()
    """Top names of everything that is imported."""


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
