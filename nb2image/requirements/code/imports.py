"""Which modules the code imports, read cell by cell; nothing is executed.

A branch that cannot run in the image is no need (``TYPE_CHECKING``, Python 2, Colab); a branch
that handles a failed import is none either, unless what it stands in for cannot be had.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from nb2image.model import Finding, Need, Place, Script
from nb2image.requirements.code.branches import Branch, catches_import_error, choose
from nb2image.requirements.code.reached import reached_modules
from nb2image.requirements.code.stdlib import host_of, is_python2
from nb2image.requirements.code.trees import parsed, walk

IMPORT_LINE = re.compile(r"^\s*(?:import\s+[A-Za-z_]|from\s+[A-Za-z_][\w.]*\s+import\b)")
MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
DYNAMIC = {"__import__", "import_module", "importlib.import_module"}
OPTIONAL_DYNAMIC = {"pytest.importorskip", "importorskip"}
ALWAYS_THERE = {*dir(builtins), "display", "get_ipython"}
"""Names that nothing in a notebook needs to bind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An import statement's module on a line of one source."""

    module: str
    names: tuple[str, ...] = ()
    line: int
    optional: bool = False


def find_needs(script: Script) -> tuple[tuple[Need, ...], tuple[Finding, ...]]:
    """Every module that the script and its local modules import and do not bring themselves.

    One need a module, at its first place, with the names of all its import statements. The
    standard library is included: the image's Python must have it too.
    """
    local = local_names(script)
    needs: list[Need] = []
    findings: list[Finding] = []
    for cell in script.cells:
        if cell.left_out:
            continue
        found, hosts = imports_of(cell.source, None if cell.broken else parsed(cell.source))
        places = [script_place(script, cell.number, cell.first_line, f.line) for f in found]
        needs += [needed(f, place) for f, place in zip(found, places, strict=True)]
        findings += [
            host_finding(f, script_place(script, cell.number, cell.first_line, f.line))
            for f in hosts
        ]
    for module, tree in reached_modules(script):
        found, _ = imports_of(module.source, tree)
        needs += [needed(f, Place(file=module.path, line=f.line)) for f in found]
    return merged(n for n in needs if not is_local(n, local)), tuple(findings)


def needed(found: Found, place: Place) -> Need:
    """A found import as a need."""
    return Need(module=found.module, names=found.names, place=place, optional=found.optional)


def script_place(script: Script, cell: int, first_line: int, line: int) -> Place:
    """Where a line of a script's cell stands in the notebook."""
    at = first_line - 1 + line - 1
    known = script.lines[at] if 0 <= at < len(script.lines) else None
    return known if known is not None and known.cell == cell else Place(cell=cell, line=line)


def merged(needs: Iterable[Need]) -> tuple[Need, ...]:
    """One need a module; it is optional only when every import of it is."""
    by_module: dict[str, Need] = {}
    for need in needs:
        old = by_module.get(need.module)
        if old is None:
            by_module[need.module] = need
            continue
        keep = need if old.optional and not need.optional else old
        names = tuple(dict.fromkeys((*old.names, *need.names)))
        by_module[need.module] = replace(keep, names=names, optional=old.optional and need.optional)
    return tuple(by_module.values())


def host_finding(found: Found, place: Place) -> Finding:
    """An import that only a notebook service can satisfy, in a branch that only runs there."""
    return Finding(
        severity="note",
        code="import-elsewhere",
        message=f"{found.module} is imported only on another host: left out",
        place=place,
    )


def imports_of(source: str, tree: ast.Module | None) -> tuple[list[Found], list[Found]]:
    """The imports of one source, and those that only run on a notebook service.

    What cannot be parsed keeps its import statements.
    """
    if tree is not None:
        try:
            collector = Collector()
            collector.visit(tree)
            return collector.found, collector.elsewhere
        except RecursionError:
            pass
    return import_lines(source), []


def import_lines(source: str) -> list[Found]:
    """The import statements of a source that does not parse, each on its own."""
    lines = source.splitlines()
    found: list[Found] = []
    for number, line in enumerate(lines, start=1):
        if not IMPORT_LINE.match(line):
            continue
        for length in range(1, 21):  # a statement may go on over several lines
            text = "\n".join(lines[number - 1 : number - 1 + length]).strip()
            try:
                tree = ast.parse(text)
            except (SyntaxError, ValueError):
                continue
            collector = Collector()
            collector.visit(tree)
            found += [replace(f, line=number) for f in collector.found]
            break
    return found


class Collector(ast.NodeVisitor):
    """Collects imports and knows in which kind of branch it is."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.elsewhere: list[Found] = []
        self._optional = False
        self._elsewhere = False

    def add(self, module: str, names: tuple[str, ...], line: int, optional: bool = False) -> None:
        found = Found(module=module, names=names, line=line, optional=self._optional or optional)
        (self.elsewhere if self._elsewhere else self.found).append(found)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.add(alias.name, (), node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module and not node.level and node.module != "__future__":
            self.add(node.module, tuple(alias.name for alias in node.names), node.lineno)

    def visit_Call(self, node: ast.Call) -> None:
        called = ast.unparse(node.func) if isinstance(node.func, ast.Name | ast.Attribute) else ""
        if called in DYNAMIC | OPTIONAL_DYNAMIC and (module := text_of(node.args, 0)):
            if MODULE.fullmatch(module):
                self.add(module, (), node.lineno, optional=called in OPTIONAL_DYNAMIC)
        elif called.endswith("run_line_magic") and text_of(node.args, 0) == "load_ext":
            module = text_of(node.args, 1).strip()
            if MODULE.fullmatch(module):
                self.add(module, (), node.lineno)
        elif called.endswith("run_cell_magic"):
            # its body is Python for %%cython, %%px and profilers; in SQL no line is an import
            for found in import_lines(text_of(node.args, 2)):
                self.add(found.module, found.names, node.lineno, optional=found.optional)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        first, other = choose(node.test)
        self._branch(node.body, first)
        self._branch(node.orelse, other)
        if first is not Branch.NEVER:
            self.visit(node.test)

    def visit_Try(self, node: ast.Try) -> None:
        guarded = any(catches_import_error(handler) for handler in node.handlers)
        begun = len(self.found)
        self._branch(node.body, Branch.OPTIONAL if guarded else Branch.ALWAYS)
        tried = self.found[begun:]
        impossible = guarded and any(is_python2(f.module) or host_of(f.module) for f in tried)
        for handler in node.handlers:
            if not catches_import_error(handler) or impossible:
                self._branch(handler.body, Branch.ALWAYS)
        if impossible:
            self.found = [*self.found[:begun], *self.found[begun + len(tried) :]]
        self._branch(node.orelse, Branch.OPTIONAL if guarded else Branch.ALWAYS)
        self._branch(node.finalbody, Branch.ALWAYS)

    def _branch(self, body: Sequence[ast.stmt], branch: Branch) -> None:
        if branch is Branch.NEVER:
            return
        optional, elsewhere = self._optional, self._elsewhere
        self._optional = optional or branch is Branch.OPTIONAL
        self._elsewhere = elsewhere or branch is Branch.ELSEWHERE
        for statement in body:
            self.visit(statement)
        self._optional, self._elsewhere = optional, elsewhere


def text_of(arguments: Sequence[ast.expr], index: int) -> str:
    """A literal text argument, empty when there is none."""
    if index < len(arguments):
        argument = arguments[index]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return argument.value
    return ""


def local_names(script: Script) -> set[str]:
    """Dotted names under which the script's own modules can be imported.

    The folders on ``sys.path`` are the script's affair: every tail of a module's path counts,
    because only files that an import statement reaches are among the local modules.
    """
    names: set[str] = set()
    for module in script.local_modules:
        path = PurePosixPath(module.path)
        parts = path.parts[:-1] if path.name == "__init__.py" else (*path.parts[:-1], path.stem)
        names.update(".".join(parts[start:]) for start in range(len(parts)))
    for cell in script.cells:
        if "sys.modules" in cell.source:
            names.update(re.findall(r"sys\.modules\[\s*[\"']([\w.]+)[\"']\s*\]\s*=", cell.source))
    return names - {""}


def is_local(need: Need, local: set[str]) -> bool:
    """Whether a local module answers an import, wholly."""
    parts = need.module.split(".")
    if any(".".join(parts[:n]) in local for n in range(1, len(parts) + 1)):
        return True
    return bool(need.names) and all(f"{need.module}.{name}" in local for name in need.names)


def find_uses(script: Script) -> dict[str, tuple[str, ...]]:
    """The attributes that the code takes from modules it imports: ``{"ee": ("Initialize",)}``.

    Only from names bound by ``import`` alone; a name that is bound to anything else as well says
    nothing about the module. Of a module imported with a star these are the names that nothing
    else binds: one or another may be its.
    """
    sources = [cell.source for cell in script.cells if not cell.broken and not cell.left_out]
    trees = [tree for source in sources if (tree := parsed(source)) is not None]
    bound: dict[str, set[str]] = {}
    spoiled: set[str] = set()
    loaded: set[str] = set()
    stars: dict[str, None] = {}
    for node in walk(trees):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                module = alias.name if alias.asname else name
                bound.setdefault(name, set()).add(module)
        elif isinstance(node, ast.ImportFrom):
            spoiled.update(alias.asname or alias.name for alias in node.names)
            if node.module and not node.level and any(a.name == "*" for a in node.names):
                stars[node.module] = None
        elif isinstance(node, ast.Name):
            (loaded if isinstance(node.ctx, ast.Load) else spoiled).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            spoiled.add(node.name)
        elif isinstance(node, ast.arg):
            spoiled.add(node.arg)
    uses: dict[str, dict[str, None]] = {}
    for node in walk(trees):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = node.value.id
            modules = bound.get(name, set())
            if len(modules) == 1 and name not in spoiled and isinstance(node.ctx, ast.Load):
                uses.setdefault(next(iter(modules)), {})[node.attr] = None
    loose = sorted(loaded - spoiled - bound.keys() - ALWAYS_THERE)
    for module in stars:
        uses.setdefault(module, {}).update(dict.fromkeys(loose))
    return {module: tuple(names) for module, names in uses.items()}
