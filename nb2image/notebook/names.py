"""What names a notebook's code binds and reads."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

DISPLAY_WITH_OPTIONS = "display(option=)"
"""The word that stands for a call of ``display`` with more than values."""

LEADING = (ast.Import, ast.ImportFrom, ast.Call, ast.AugAssign)
"""The kinds of nodes that can lead to another file."""
TELLING = {
    *(ast.Name, ast.Attribute, ast.alias, ast.keyword, ast.Constant),
    *(ast.Import, ast.ImportFrom, ast.Call, ast.AsyncFunctionDef),
}
"""The kinds of nodes that ``note`` knows."""
BINDING = {
    *(ast.Name, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.arg, ast.ExceptHandler),
    *(ast.MatchAs, ast.MatchStar, ast.MatchMapping, ast.Import, ast.ImportFrom),
}
"""The kinds of nodes that ``bound_by`` knows."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What one pass over some code tells of its names."""

    tree: ast.Module
    bound: Counter[str] = field(default_factory=Counter)
    """How often each name is bound, at any depth, to something else than what it names."""
    defined: set[str] = field(default_factory=set)
    """Every name that is bound, at any depth, imports of modules included."""
    top: set[str] = field(default_factory=set)
    """Names that are bound in the script itself, not in a function or class."""
    used: set[str] = field(default_factory=set)
    """Every name that is read."""
    attributes: set[tuple[str, str]] = field(default_factory=set)
    """(name, attribute) of every ``name.attribute``."""
    words: set[str] = field(default_factory=set)
    """Names, attributes, imported names, keywords and short texts."""
    modules: set[str] = field(default_factory=set)
    """Every module that is imported, dotted."""
    imported: dict[str, str] = field(default_factory=dict)
    """What each name is that is imported from a module: ``module.name``."""
    paths: set[str] = field(default_factory=set)
    """Texts that may be paths of a hosting service."""
    leading: list[ast.AST] = field(default_factory=list)
    """The nodes that can lead to another file: imports, calls and such."""
    shell_reads: list[ast.AST] = field(default_factory=list)
    """Where ``get_ipython`` is read; a magic reads it once."""
    coroutines: set[str] = field(default_factory=set)
    """Coroutine functions that are defined."""

    @property
    def service_paths(self) -> bool:
        """Whether some text may be a path of a hosting service."""
        return bool(self.paths)

    @property
    def star(self) -> bool:
        """Whether names are imported that cannot be known."""
        return "*" in self.words


def facts_of(tree: ast.Module) -> Facts:
    """The facts of some code."""
    facts = Facts(tree)
    for statement in tree.body:
        scope = False
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            scope = True
            facts.top.add(statement.name)
        own: set[int] = set()  # nodes that bind a name for a comprehension or lambda alone
        for node in ast.walk(statement):
            if isinstance(node, ast.comprehension):
                own.update(map(id, ast.walk(node.target)))
            elif isinstance(node, ast.Lambda):
                own.update(map(id, ast.walk(node.args)))
            if type(node) in TELLING:
                note(node, facts)
            if isinstance(node, LEADING):
                facts.leading.append(node)
            if type(node) not in BINDING:
                continue
            for name, itself in bound_by(node):
                facts.defined.add(name)
                if not itself:
                    facts.bound[name] += 1
                if not scope and id(node) not in own:
                    facts.top.add(name)
    return facts


def note(node: ast.AST, facts: Facts) -> None:
    """Add what a node tells to the facts, apart from what it binds."""
    match node:
        case ast.Name(id=name):
            facts.words.add(name)
            if isinstance(node.ctx, ast.Load):
                facts.used.add(name)
            if name == "get_ipython":
                facts.shell_reads.append(node)
        case ast.Attribute(value=value, attr=attribute):
            facts.words.add(attribute)
            if isinstance(value, ast.Name):
                facts.attributes.add((value.id, attribute))
        case ast.alias(name=name):
            facts.words.add(name)
        case ast.keyword(arg=str(name), value=value):
            zero = isinstance(value, ast.Constant) and value.value == 0
            facts.words.add(f"{name}=0" if zero else name)
        case ast.Constant(value=str(text)):
            if len(text) < 20:
                facts.words.add(text)
            if "/content" in text or "/kaggle" in text:
                facts.paths.add(text)
        case ast.Import(names=aliases):
            facts.modules.update(alias.name for alias in aliases)
        case ast.ImportFrom(module=str(module), names=aliases, level=0):
            facts.modules.add(module)
            facts.imported.update((a.asname or a.name, f"{module}.{a.name}") for a in aliases)
        case ast.Call(func=ast.Name(id="display"), keywords=[_, *_]):
            facts.words.add(DISPLAY_WITH_OPTIONS)
        case ast.AsyncFunctionDef(name=name):
            facts.coroutines.add(name)
        case _:
            pass


def bound_by(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """(name, whether to the module, or IPython's display, of that name) for each binding."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name, False
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name, False
        case ast.arg(arg=name):
            yield name, False
        case ast.ExceptHandler(name=str(name)):
            yield name, False
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name, False
        case ast.MatchMapping(rest=str(name)):
            yield name, False
        case ast.Import(names=aliases):
            for alias in aliases:
                own = alias.asname in (None, alias.name)
                yield alias.asname or alias.name.split(".")[0], own
        case ast.ImportFrom(module=module, names=aliases):
            ipython = module is not None and module.startswith("IPython")
            for alias in aliases:
                own = ipython and alias.name == "display" and alias.asname is None
                yield alias.asname or alias.name, own
        case _:
            pass


def bound_names(tree: ast.AST) -> Iterator[str]:
    """Every name that some code binds at any depth."""
    for node in ast.walk(tree):
        for name, _ in bound_by(node):
            yield name


def used_names(tree: ast.AST) -> Iterator[str]:
    """Every name that some code reads at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id


def constants(cells: Iterable[Facts]) -> dict[str, str]:
    """Names that are assigned text or a number once, at the top, and so are known."""
    cells = tuple(cells)
    bindings: Counter[str] = Counter()
    for facts in cells:
        bindings.update(facts.bound)
    values = {}
    for facts in cells:
        for statement in facts.tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                    if bindings[name] == 1 and isinstance(value, str | int | float):
                        values[name] = str(value)
                case _:
                    pass
    return values
