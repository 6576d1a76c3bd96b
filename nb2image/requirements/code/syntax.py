"""Which Pythons can run the code at all, by its syntax and the stdlib modules that it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from nb2image.model import Place, Script
from nb2image.requirements.age.python_releases import order

# Facts from "What's New in Python 3.x": sections "New Modules", "Removed", "Porting".
ADDED_MODULES = {
    "contextvars": "3.7",
    "dataclasses": "3.7",
    "importlib.resources": "3.7",
    "importlib.metadata": "3.8",
    "graphlib": "3.9",
    "zoneinfo": "3.9",
    "tomllib": "3.11",
    "wsgiref.types": "3.11",
    "annotationlib": "3.14",
    "compression.zstd": "3.14",
    "string.templatelib": "3.14",
}
REMOVED_MODULES = {
    "dummy_threading": "3.9",
    "_dummy_threading": "3.9",
    "formatter": "3.10",
    "parser": "3.10",
    "symbol": "3.10",
    "binhex": "3.11",
    "asynchat": "3.12",
    "asyncore": "3.12",
    "distutils": "3.12",
    "imp": "3.12",
    "smtpd": "3.12",
    **dict.fromkeys(
        (
            *("aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3"),
            *("mailcap", "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "sndhdr"),
            *("spwd", "sunau", "telnetlib", "uu", "xdrlib"),
        ),
        "3.13",
    ),
}
ADDED_NAMES = {
    ("functools", "cached_property"): "3.8",
    ("math", "prod"): "3.8",
    ("math", "comb"): "3.8",
    ("typing", "Literal"): "3.8",
    ("typing", "Protocol"): "3.8",
    ("typing", "TypedDict"): "3.8",
    ("typing", "Final"): "3.8",
    ("functools", "cache"): "3.9",
    ("typing", "Annotated"): "3.9",
    ("math", "lcm"): "3.9",
    ("itertools", "pairwise"): "3.10",
    ("typing", "TypeAlias"): "3.10",
    ("typing", "ParamSpec"): "3.10",
    ("enum", "StrEnum"): "3.11",
    ("typing", "Self"): "3.11",
    ("typing", "assert_never"): "3.11",
    ("datetime", "UTC"): "3.11",
    ("itertools", "batched"): "3.12",
    ("typing", "override"): "3.12",
    ("copy", "replace"): "3.13",
}
ABSTRACT = (
    *("Callable", "Container", "Generator", "Hashable", "Iterable", "Iterator", "Mapping"),
    *("MappingView", "MutableMapping", "MutableSequence", "MutableSet", "Sequence", "Set"),
    *("Sized", "ByteString", "Collection", "Reversible", "Awaitable", "Coroutine"),
)
REMOVED_NAMES = {
    **{("collections", name): "3.10" for name in ABSTRACT},
    ("time", "clock"): "3.8",
    ("cgi", "escape"): "3.8",
    ("fractions", "gcd"): "3.9",
    ("html.parser", "HTMLParseError"): "3.5",
    ("inspect", "getargspec"): "3.11",
    ("asyncio", "coroutine"): "3.11",
}
GENERIC_BUILTINS = {"dict", "frozenset", "list", "set", "tuple", "type"}
TYPES_IN_UNIONS = {*GENERIC_BUILTINS, "bool", "bytes", "float", "int", "str"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One fact about the Pythons that can run the code."""

    version: str
    """``3.10``."""
    reason: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The strictest fact on either side; None where nothing bounds."""

    at_least: Bound | None = None
    below: Bound | None = None
    """The first series that cannot run the code."""


def python_bounds(script: Script) -> Bounds:
    """What the script's cells and local modules tell. Guarded imports (``try``) tell nothing."""
    lowest: list[Bound] = []
    highest: list[Bound] = []
    for source, place in sources(script):
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for found, removed in facts(tree, place):
            (highest if removed else lowest).append(found)
    return Bounds(
        at_least=max(lowest, key=lambda b: order(b.version), default=None),
        below=min(highest, key=lambda b: order(b.version), default=None),
    )


def sources(script: Script) -> Iterator[tuple[str, Place]]:
    """Each piece of code with where it stands."""
    for cell in script.cells:
        if not cell.broken and not cell.left_out:
            yield cell.source, Place(cell=cell.number)
    for module in script.local_modules:
        yield module.source, Place(file=module.path, cell=module.written_by_cell)


def facts(tree: ast.AST, place: Place) -> Iterator[tuple[Bound, bool]]:
    """(bound, whether it is an upper one) for each telling node outside of ``try``."""
    aliases: dict[str, str] = {}
    evaluated = not annotations_are_postponed(tree)
    for node in unguarded(tree):
        at = Place(cell=place.cell, file=place.file, line=getattr(node, "lineno", None))
        if isinstance(node, ast.Import):
            for alias in node.names:
                aliases[alias.asname or alias.name] = alias.name
                yield from module_facts(alias.name, at)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from module_facts(node.module, at)
            for alias in node.names:
                yield from module_facts(f"{node.module}.{alias.name}", at)
                yield from name_facts(node.module, alias.name, at)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if module := aliases.get(node.value.id):
                yield from name_facts(module, node.attr, at)
        elif (since := syntax_since(node)) is not None:
            yield Bound(version=since[0], reason=since[1], place=at), False
        if evaluated and (since := annotation_since(node)) is not None:
            yield Bound(version=since[0], reason=since[1], place=at), False


def unguarded(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node outside the bodies of ``try``, in order."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Try):
            continue
        yield child
        yield from unguarded(child)


def module_facts(module: str, place: Place) -> Iterator[tuple[Bound, bool]]:
    """What importing a stdlib module tells."""
    if version := ADDED_MODULES.get(module):
        yield Bound(version=version, reason=f"{module} came with {version}", place=place), False
    if version := REMOVED_MODULES.get(module.partition(".")[0]):
        yield Bound(version=version, reason=f"{module} left in {version}", place=place), True


def name_facts(module: str, name: str, place: Place) -> Iterator[tuple[Bound, bool]]:
    """What a name of a stdlib module tells."""
    if version := ADDED_NAMES.get((module, name)):
        reason = f"{module}.{name} came with {version}"
        yield Bound(version=version, reason=reason, place=place), False
    if version := REMOVED_NAMES.get((module, name)):
        reason = f"{module}.{name} left in {version}"
        yield Bound(version=version, reason=reason, place=place), True


def syntax_since(node: ast.AST) -> tuple[str, str] | None:
    """The first Python that knows a node's syntax, for syntax newer than 3.6."""
    if isinstance(node, ast.Match):
        return "3.10", "match statements came with 3.10"
    if isinstance(node, ast.TryStar):
        return "3.11", "except* came with 3.11"
    if isinstance(node, ast.NamedExpr):
        return "3.8", "the operator := came with 3.8"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and getattr(
        node, "type_params", None
    ):
        return "3.12", "type parameters came with 3.12"
    if type(node).__name__ == "TypeAlias":
        return "3.12", "type statements came with 3.12"
    if isinstance(node, ast.arguments) and node.posonlyargs:
        return "3.8", "positional-only parameters came with 3.8"
    return None


def annotations_are_postponed(tree: ast.AST) -> bool:
    """Whether ``from __future__ import annotations`` keeps annotations from being evaluated."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in ast.walk(tree)
    )


def annotation_since(node: ast.AST) -> tuple[str, str] | None:
    """The first Python that can evaluate the annotation of an argument, variable or function."""
    given = getattr(node, "annotation", None) or getattr(node, "returns", None)
    if not isinstance(given, ast.AST):
        return None
    parts = list(ast.walk(given))
    for part in parts:
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr):
            sides = (part.left, part.right)
            if any(is_named(s, TYPES_IN_UNIONS) or is_none(s) for s in sides):
                return "3.10", "X | Y in annotations came with 3.10"
    if any(isinstance(p, ast.Subscript) and is_named(p.value, GENERIC_BUILTINS) for p in parts):
        return "3.9", "list[int] and its like came with 3.9"
    return None


def is_named(node: ast.AST, names: set[str]) -> bool:
    """Whether a node is one of these bare names."""
    return isinstance(node, ast.Name) and node.id in names


def is_none(node: ast.AST) -> bool:
    """Whether a node is the constant None."""
    return isinstance(node, ast.Constant) and node.value is None
