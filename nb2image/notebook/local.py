"""The project's own Python files that the code reaches: what it imports and runs."""

from __future__ import annotations

import ast
import posixpath
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace

from nb2image.model import LocalModule, OwnModule, Script
from nb2image.notebook.files import Files
from nb2image.notebook.names import Facts, facts_of
from nb2image.notebook.paths import assigned_once, path_of

MAX_FILES = 5000
"""More files than any notebook reaches; a project that is made to look endless ends here."""


class Finder:
    """Follows imports from file to file; each file is read once."""

    def __init__(
        self, files: Files, written: Sequence[LocalModule], own: Sequence[OwnModule] = ()
    ) -> None:
        self.files = files
        self.own = {module.name: module.root for module in own}
        self.written = {module.path: module for module in written}
        self.found: dict[str, LocalModule] = {}
        self.path = [clean(files.workdir)]

    def follow(self, cells: Sequence[Facts], file: str = "") -> None:
        """Follow the imports of some code; ``file`` is where it stands in the project."""
        nodes = [node for facts in cells for node in facts.leading]
        self.look_in(nodes, [facts.tree for facts in cells], file)
        for node in nodes:
            for module, names, level in imports(node):
                self.import_module(module, names, level, file)
            for path in run_files(node):
                self.add_file(self.files.inside(path))

    def look_in(self, nodes: Sequence[ast.AST], trees: list[ast.Module], file: str) -> None:
        """Add the folders that the code puts on ``sys.path`` or changes to."""
        known = assigned_once(trees)
        if file:
            known["__file__"] = ast.Constant(posixpath.relpath(file, self.files.workdir or "."))
        added = [(node, folder) for node in nodes if (folder := added_folder(node)) is not None]
        spare = fallbacks(trees) if added else frozenset()
        for node, folder in added:
            path = path_of(folder, known) if id(node) not in spare else None
            inside = self.files.inside(path) if path is not None else None
            if inside is not None and clean(inside) not in self.path:
                self.path.append(clean(inside))

    def import_module(self, module: str, names: tuple[str, ...], level: int, file: str) -> None:
        """Follow one import statement."""
        if level:
            folder = posixpath.dirname(file)
            for _ in range(level - 1):
                folder = posixpath.dirname(folder)
            self.in_folder(folder, module.split(".") if module else [], names)
            return
        parts = module.split(".")
        if parts[0] in sys.builtin_module_names:
            return
        for folder in tuple(self.path):
            if self.in_folder(folder, parts, names):
                return
        if parts[0] in self.own:
            self.in_folder(self.own[parts[0]], parts, names)

    def in_folder(self, folder: str, parts: list[str], names: tuple[str, ...]) -> bool:
        """Add the files of a module below a folder; whether there are any.

        A folder of the first part's name is not enough: a package that is installed goes before
        a folder without Python files.
        """
        some = False
        for index, part in enumerate(parts):
            package, module = f"{folder}/{part}/__init__.py", f"{folder}/{part}.py"
            if self.add_file(clean(package)):
                some = True
            elif self.add_file(clean(module)):
                return True
            elif index == len(parts) - 1 and not names:
                return some
            folder = f"{folder}/{part}"
        for name in names:
            for path in (f"{folder}/{name}/__init__.py", f"{folder}/{name}.py"):
                some = self.add_file(clean(path)) or some
        return some

    def add_file(self, path: str | None) -> bool:
        """Add a file and follow its own imports; whether it exists."""
        if path is None or len(self.found) >= MAX_FILES:
            return False
        if path in self.found:
            return True
        module = self.written.get(path) or self.module_on_disk(path)
        if module is None:
            return False
        self.found[path] = module
        tree = parsed(module.source)
        if tree is not None:
            self.follow([facts_of(tree)], path)
        return True

    def module_on_disk(self, path: str) -> LocalModule | None:
        """The Python file at a path of the project."""
        data = self.files.read(path) if path.endswith(".py") else None
        if data is None:
            return None
        return LocalModule(path=path, source=data.decode("utf-8-sig", "replace"))


def local_modules(
    cells: Sequence[Facts],
    scripts: Sequence[str],
    written: Sequence[LocalModule],
    files: Files,
) -> tuple[LocalModule, ...]:
    """Every Python file of the project that the notebook's code reaches, sorted by path.

    ``scripts`` are paths that the notebook runs, ``written`` the files that its cells write.
    """
    finder = Finder(files, written)
    finder.follow(cells)
    for path in scripts:
        inside = files.inside(path)
        if inside is not None:
            finder.path.append(posixpath.dirname(inside))
            finder.add_file(inside)
    return tuple(sorted(finder.found.values(), key=lambda module: module.path))


def with_own(script: Script, own: Sequence[OwnModule], files: Files) -> Script:
    """The script with all that it reaches of the project once its ``own`` modules can be found."""
    finder = Finder(files, script.local_modules, own)
    sources = (cell.source for cell in script.cells if not cell.broken and not cell.left_out)
    trees = [tree for source in sources if (tree := parsed(source)) is not None]
    finder.follow([facts_of(tree) for tree in trees])
    for module in script.local_modules:
        finder.add_file(module.path)
    found = sorted(finder.found.values(), key=lambda module: module.path)
    return replace(script, local_modules=tuple(found))


def imports(node: ast.AST) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """(module, names, level) of what a node imports; a literal ``import_module`` counts."""
    match node:
        case ast.Import(names=aliases):
            yield from ((alias.name, (), 0) for alias in aliases)
        case ast.ImportFrom(module=module, names=aliases, level=level):
            yield module or "", tuple(alias.name for alias in aliases), level
        case ast.Call(
            func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
            args=[ast.Constant(value=str(module)), *_],
        ) if module.strip("."):
            level = len(module) - len(module.lstrip("."))
            yield module.lstrip("."), (), level
        case _:
            pass


def run_files(node: ast.AST) -> Iterator[str]:
    """The file that a node runs: ``exec(open(…).read())``, ``runpy.run_path(…)``."""
    match node:
        case ast.Call(
            func=ast.Name(id="open" | "run_path" | "execfile") | ast.Attribute(attr="run_path"),
            args=[ast.Constant(value=str(path)), *_],
        ) if path.endswith(".py"):
            yield path
        case _:
            pass


def fallbacks(trees: Sequence[ast.Module]) -> frozenset[int]:
    """The ids of nodes that run only where an import fails: what is installed goes before them."""
    return frozenset(
        id(node)
        for tree in trees
        for attempt in ast.walk(tree)
        if isinstance(attempt, ast.Try) and any(map(is_import, attempt.body))
        for handler in attempt.handlers
        for node in ast.walk(handler)
    )


def is_import(statement: ast.stmt) -> bool:
    """Whether a statement is an import."""
    return isinstance(statement, ast.Import | ast.ImportFrom)


def added_folder(node: ast.AST) -> ast.expr | None:
    """The folder in ``sys.path.append(folder)``, ``sys.path.insert(0, folder)``, ``os.chdir``."""
    match node:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Attribute(value=ast.Name(id="sys"), attr="path"),
                attr="append" | "insert",
            ),
            args=[*_, folder],
        ):
            return folder
        case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="chdir"), args=[folder]):
            return folder
        case ast.AugAssign(
            target=ast.Attribute(value=ast.Name(id="sys"), attr="path"),
            value=ast.List(elts=[folder]),
        ):
            return folder
        case _:
            return None


def parsed(source: str) -> ast.Module | None:
    """The module's tree; None when it is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def clean(path: str) -> str:
    """A path of the project without empty parts; empty for the root."""
    found = posixpath.normpath(path.lstrip("/"))
    return "" if found == "." else found
