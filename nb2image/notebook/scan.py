"""Looks over all code cells before any is translated."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator

from nb2image.model import Place
from nb2image.notebook import names
from nb2image.notebook.calls import magic_of, statements
from nb2image.notebook.recognise import Recognised, parse, recognise
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import own
from nb2image.options import Options

PYTHON_BODIES = {"capture", "prun", "time", "timeit"}
"""Cell magics whose body is Python, and line magics whose argument is."""

DEFINE_MAGICS = {
    "magics_class",
    "register_cell_magic",
    "register_line_cell_magic",
    "register_line_magic",
    "register_magic_function",
    "register_magics",
}
BRINGS_MAGICS = re.compile(r"jupyter|ipython|magic|notebook", re.IGNORECASE)
"""What the name of a module says that makes magics when it is imported."""


def trees_of(code: Recognised) -> Iterator[ast.Module]:
    """The Python of a cell: its own, the body of a magic, the argument of ``%time``."""
    if code.tree is not None:
        yield code.tree
        for found in statements(code.tree):
            magic = magic_of(found.node)
            if magic is not None and magic[0] in PYTHON_BODIES:
                inner = parse(own(magic[1].split(";")[0], Place()))
                if inner.tree is not None:
                    yield inner.tree
    elif code.magic is not None and code.magic.name in PYTHON_BODIES:
        yield from trees_of(recognise(code.magic.body))


def magics_of(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(name, argument) of every line magic and shell line."""
    for found in statements(tree):
        magic = magic_of(found.node)
        if magic is not None:
            yield magic


def look_over(
    codes: Collection[Recognised],
    options: Options,
    workdir: str,
    read: Callable[[str], bytes | None],
) -> Setting:
    """What the translation of each cell needs to know of all of them."""
    trees = [tree for code in codes for tree in trees_of(code)]
    used = frozenset(name for tree in trees for name in names.used_names(tree))
    read_attributes = frozenset(pair for tree in trees for pair in names.attributes(tree))
    magics = [magic for tree in trees for magic in magics_of(tree)]
    return Setting(
        bound=frozenset(name for tree in trees for name in names.bound_names(tree)),
        defined=frozenset(name for tree in trees for name in names.bound_names(tree, modules=True)),
        used=used,
        constants=names.constants(trees),
        attributes=read_attributes,
        magics=frozenset(name for name, _ in magics),
        extensions=frozenset(
            argument.strip() for name, argument in magics if name in ("load_ext", "reload_ext")
        ),
        own_magics=defines_magics(trees, used | {attribute for _, attribute in read_attributes}),
        coroutines=frozenset(
            node.name
            for tree in trees
            for node in ast.walk(tree)
            if isinstance(node, ast.AsyncFunctionDef)
        ),
        answered=bool(options.answers),
        workdir=workdir,
        read=read,
    )


def defines_magics(trees: Collection[ast.Module], words: Collection[str]) -> bool:
    """Whether a cell defines magics, or imports a module that by its name may bring some."""
    if DEFINE_MAGICS & set(words):
        return True
    return any(
        BRINGS_MAGICS.search(module)
        for tree in trees
        for module in names.imported_modules(tree)
        if not module.startswith(("IPython", "tqdm"))
    )
