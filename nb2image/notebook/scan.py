"""Looks over all code cells before any is translated."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Collection, Iterator

from nb2image.model import Place
from nb2image.notebook.calls import cell_magic_of, magic_of, statements
from nb2image.notebook.files import Files
from nb2image.notebook.installs import PYTHON
from nb2image.notebook.names import Facts, constants
from nb2image.notebook.parameters import Found
from nb2image.notebook.recognise import Recognised, parse, recognise
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import own
from nb2image.options import Options

DEEPEST = 8
"""Cell magics around each other that are looked through."""
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
BRINGS_MAGICS = re.compile(r"jupyter|ipython|magic|notebook|^(holo|geo)views\b", re.IGNORECASE)
"""What the name of a module says that makes magics when it is imported or set up: HoloViews makes
its ``%opts`` and ``%%output`` in ``hv.extension()``."""


def trees_of(code: Recognised, depth: int = 0) -> Iterator[ast.Module]:
    """The Python of a cell: its own, the body of a magic, the argument of ``%time``."""
    if depth > DEEPEST:
        return
    if code.tree is not None:
        yield code.tree
        for found in statements(code.tree):
            magic = magic_of(found.node)
            if magic is not None and magic[0] in PYTHON_BODIES:
                inner = parse(own(magic[1].split(";")[0], Place()))
                if inner.tree is not None:
                    yield inner.tree
            whole = cell_magic_of(found.node)
            if whole is not None and whole[0] in PYTHON_BODIES:
                yield from trees_of(recognise(own(whole[2], Place())), depth + 1)
    elif code.magic is not None and code.magic.name in PYTHON_BODIES:
        yield from trees_of(recognise(code.magic.body), depth + 1)


def look_over(
    cells: Collection[Facts],
    parameters: Collection[Found],
    options: Options,
    files: Files,
    *,
    colab: bool = False,
) -> Setting:
    """What the translation of each cell needs to know of all of them.

    ``colab`` when the notebook's metadata say that it was made there.
    """
    magics = [magic for facts in cells for magic in magics_of(facts.tree)]
    words = frozenset(word for facts in cells for word in facts.words)
    modules = frozenset(module for facts in cells for module in facts.modules)
    return Setting(
        bound=frozenset(name for facts in cells for name in facts.bound),
        defined=frozenset(name for facts in cells for name in facts.defined),
        known=frozenset(name for facts in cells for name in known_to_magics(facts)),
        used=frozenset(name for facts in cells for name in facts.used),
        words=words,
        modules=modules,
        imported={name: origin for facts in cells for name, origin in facts.imported.items()},
        constants=constants(cells),
        attributes=frozenset(pair for facts in cells for pair in facts.attributes),
        magics=frozenset(name for name, _ in magics),
        extensions=frozenset(
            argument.strip() for name, argument in magics if name in ("load_ext", "reload_ext")
        ),
        asks_shell=any(map(asks_shell, cells)),
        own_magics=bool(DEFINE_MAGICS & words)
        or any(map(brings_magics, modules))
        or any(name in ("alias", "alias_magic") for name, _ in magics),
        coroutines=frozenset(name for facts in cells for name in facts.coroutines),
        colab=colab or any(module.startswith("google.colab") for module in modules),
        service_paths=any(facts.service_paths for facts in cells),
        answered=bool(options.answers),
        parameters=frozenset(
            (found.parameter.place.cell, found.parameter.place.line) for found in parameters
        ),
        files=files,
        scripts=tuple(path for name, argument in magics for path in scripts_of(name, argument)),
    )


def magics_of(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(name, argument) of every line magic and shell line."""
    for found in statements(tree):
        magic = magic_of(found.node)
        if magic is not None:
            yield magic


def known_to_magics(facts: Facts) -> set[str]:
    """The names that code binds where the magics of a notebook can see them."""
    inside = any(s.in_function and magic_of(s.node) for s in statements(facts.tree))
    return facts.defined if inside else facts.top


def asks_shell(facts: Facts) -> bool:
    """Whether ``get_ipython`` is read for something else than a magic."""
    if not facts.shell_reads:
        return False
    magics = [s for s in statements(facts.tree) if magic_of(s.node) or cell_magic_of(s.node)]
    return len(facts.shell_reads) > len(magics)


def scripts_of(name: str, argument: str) -> Iterator[str]:
    """The Python file that ``%run`` or a shell line runs."""
    try:
        words = [word for word in shlex.split(argument) if not word.startswith("-")]
    except ValueError:
        return
    if name == "run" and words:
        yield words[0] if words[0].endswith((".py", ".ipynb")) else f"{words[0]}.py"
    elif name in ("!", "!!") and len(words) > 1 and PYTHON.match(words[0]):
        yield words[1]


def brings_magics(module: str) -> bool:
    """Whether a module, by its name, may bring magics when it is imported."""
    return bool(BRINGS_MAGICS.search(module)) and not module.startswith(("IPython", "tqdm"))
