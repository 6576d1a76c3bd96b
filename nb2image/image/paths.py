"""Finds the paths that a script names: string literals, and what is joined out of them.

Nothing is executed. Names bound to literals are followed through assignments, loops over
literals and defaults of parameters; what the script does with a path is read from the function
that it is given to. Too much found costs bytes, too little a run that fails: where the two are
in balance, the folder or file must at least exist.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nb2image.image.constants import MAX_VALUES, Env, dotted, join, values
from nb2image.image.pattern import UNKNOWN

Use = Literal["open", "read", "write", "mention"]
"""``open``: a file of that name must be there; ``read``: perhaps a file, perhaps only a word."""

WRITERS = re.compile(
    r"to_\w+|save\w*|write\w*|dump|export\w*|imsave|imwrite|mkdir|makedirs|touch|urlretrieve"
    r"|download\w*|\w*(Writer|Checkpoint|Logger|FileHandler)"
)
READERS = re.compile(
    r"(read|load|open|scan|parse|import|from|get|list|iter|glob|iglob|rglob|fetch)\w*|walk|imread"
    r"|exists|is_?file|is_?dir|genfromtxt|stat|run|ZipFile|TarFile|File"
    r"|\w*(dataset|folder|directory|dir|reader|loader|images?|files?)",
    re.IGNORECASE,
)
FILE_OPENERS = re.compile(
    r"open|read_(?!sql|html|clipboard|gbq)\w+|scan_\w+|load|loadtxt|loadmat|load_(model|workbook|img)"
    r"|imread|genfromtxt|fromfile"
)
COPIERS = frozenset({"copy", "copy2", "copyfile", "copytree", "move", "rename", "replace"})
CONTENT = frozenset({"write_text", "write_bytes", "writelines"})
MODED = frozenset({"open", "ZipFile", "TarFile", "File"})
"""Open for reading or writing, as their second argument or ``mode`` says."""
PATHLIKE = re.compile(r"dir|path|root|folder|file|data|input|source", re.IGNORECASE)
NESTING = (ast.List, ast.Tuple, ast.Set, ast.Starred, ast.IfExp, ast.BoolOp)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPath:
    """A path in the text of a script."""

    text: str
    """As the script uses it: relative to its working directory, with UNKNOWN parts."""
    use: Use
    line: int
    sure: bool
    """Reached on every run: not below an ``if``, a ``try``, a ``def`` or most loops."""
    folder: bool = False
    """Whether a folder of this name would be meant, and not a word that is spelt like it."""
    glob: bool = False
    """Whether ``*``, ``?`` and ``[…]`` are wildcards."""
    chdir: bool = False
    """The script makes it the working directory."""


def named_paths(source: str, env: Env) -> tuple[NamedPath, ...]:
    """Every path that ``source`` names, in the order of its lines.

    ``env`` holds the names that earlier sources bound, and is extended. Raises SyntaxError.
    """
    walker = _Walker(env)
    walker.block(ast.parse(source).body, sure=True)
    return tuple(sorted(walker.found, key=lambda named: named.line))


class _Walker:
    """Goes through statements in order, with what names are bound to."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.found: list[NamedPath] = []
        self.sure = True

    def block(self, body: Sequence[ast.stmt], *, sure: bool) -> None:
        before, self.sure = self.sure, self.sure and sure
        for statement in body:
            self.statement(statement)
        self.sure = before

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                self.expression(value)
                for target in targets:
                    self.bind(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.expression(value)
                self.bind(target, value)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                before = ast.Name(id=name, ctx=ast.Load())
                self.bind(node.target, ast.BinOp(left=before, op=op, right=value))
            case ast.FunctionDef(args=arguments) | ast.AsyncFunctionDef(args=arguments):
                self.function(arguments, node.body)
            case ast.For(target=target, iter=each) | ast.AsyncFor(target=target, iter=each):
                self.expression(each)
                self.bind_each(target, each)
                self.block(node.body, sure=isinstance(each, ast.List | ast.Tuple))
                self.block(node.orelse, sure=False)
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    self.expression(item.context_expr)
                self.block(node.body, sure=True)
            case ast.Match(subject=subject, cases=cases):
                self.expression(subject)
                for case in cases:
                    self.block(case.body, sure=False)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self.expression(child)
                    elif isinstance(child, ast.stmt):  # of if, while, try and class
                        self.block([child], sure=False)
                    elif isinstance(child, ast.ExceptHandler):
                        self.block(child.body, sure=False)

    def function(self, arguments: ast.arguments, body: Sequence[ast.stmt]) -> None:
        outer = dict(self.env)
        positional = arguments.posonlyargs + arguments.args
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
        defaults += [*arguments.defaults, *arguments.kw_defaults]
        for argument, default in zip(positional + arguments.kwonlyargs, defaults, strict=True):
            self.env.pop(argument.arg, None)
            if found := values(default, outer):
                self.env[argument.arg] = found
        self.block(body, sure=False)
        self.env.clear()
        self.env.update(outer)

    def bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
            for one, its in zip(target.elts, value.elts, strict=False):
                self.bind(one, its)
        else:
            self.assign(target, values(value, self.env))

    def bind_each(self, target: ast.expr, each: ast.expr) -> None:
        items = each.elts if isinstance(each, ast.List | ast.Tuple | ast.Set) else []
        self.assign(target, tuple(v for item in items for v in values(item, self.env)))

    def assign(self, target: ast.expr, found: tuple[str, ...]) -> None:
        for node in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
            name = dotted(node)
            # where it is not sure to be reached, the former value stays possible
            kept = () if self.sure else self.env.get(name, ())
            its = found if node is target else ()
            if name and kept + its:
                self.env[name] = tuple(dict.fromkeys(kept + its))[:MAX_VALUES]
            else:
                self.env.pop(name, None)

    def expression(
        self, node: ast.expr, use: Use = "mention", *, folder: bool = False, glob: bool = False
    ) -> None:
        """Record the largest paths in an expression: of ``A / "b"`` the whole, not ``A``."""
        if found := values(node, self.env):
            implied = isinstance(node, ast.Name | ast.Attribute) and PATHLIKE.search(dotted(node))
            for text in found:
                self.record(text, node, use, folder=folder or bool(implied), glob=glob)
        elif isinstance(node, ast.Call):
            self.call(node)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            self.comprehension(node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                name = key.value if isinstance(key, ast.Constant) else ""
                self.expression(value, use, folder=PATHLIKE.search(str(name)) is not None)
        elif isinstance(node, NESTING):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.expression(child, use, folder=folder)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.expression(child)

    def comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> None:
        outer = dict(self.env)
        for generator in node.generators:
            self.expression(generator.iter)
            self.bind_each(generator.target, generator.iter)
            for test in generator.ifs:
                self.expression(test)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.expression(part)
        self.env.clear()
        self.env.update(outer)

    def call(self, node: ast.Call) -> None:
        """Record what is given to a function or method, used as its name says."""
        callee, receiver = dotted(node.func), None
        if isinstance(node.func, ast.Attribute):
            callee, receiver = node.func.attr, node.func.value
        use = use_of(callee, node)
        if callee in ("glob", "rglob") and (starts := values(receiver, self.env)):
            below = "**/" if callee == "rglob" else ""
            patterns = values(node.args[0] if node.args else None, self.env) or (UNKNOWN,)
            for start in starts:
                for pattern in patterns:
                    self.record(join((start, below + pattern)), node, "read", glob=True)
            return
        if callee == "chdir" and node.args:
            for text in values(node.args[0], self.env):
                self.record(text, node, "mention", chdir=True)
            return
        if receiver is not None:
            # Path("x").read_text() reads x, but "a,b".split(",") is about text
            plain = isinstance(receiver, ast.Constant | ast.JoinedStr)
            self.expression(receiver, "mention" if plain else use, folder=not plain)
        elif not callee:
            self.expression(node.func)
        for position, argument in enumerate(node.args):
            mine = use
            if callee in COPIERS and position == 0:
                mine = "read"
            elif callee in CONTENT or (callee == "write" and len(node.args) == 1):
                mine = "mention"  # what is written, not where
            reads = mine in ("open", "read")
            self.expression(argument, mine, folder=reads, glob=reads)
        for keyword in node.keywords:
            pathlike = PATHLIKE.search(keyword.arg or "") is not None
            reads = use in ("open", "read")
            self.expression(keyword.value, use, folder=reads or pathlike, glob=reads)

    def record(
        self,
        text: str,
        node: ast.expr,
        use: Use,
        *,
        folder: bool = False,
        glob: bool = False,
        chdir: bool = False,
    ) -> None:
        literal = text.replace(UNKNOWN, "")
        if not literal or not literal.isprintable() or "://" in text:
            return
        named = NamedPath(
            text=text,
            use=use,
            line=node.lineno,
            sure=self.sure,
            folder=folder or "/" in posixpath.normpath(literal),
            glob=glob and re.search(r"[*?\[]", text) is not None,
            chdir=chdir,
        )
        self.found.append(named)


def use_of(callee: str, node: ast.Call) -> Use:
    """What a function does with the paths it is given, read from its name and ``mode``."""
    if callee in MODED:
        given = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "mode")]
        modes = [a.value for a in given if isinstance(a, ast.Constant)]
        written = any(isinstance(mode, str) and set("wx") & set(mode) for mode in modes)
        return "write" if written else "open"
    if callee in COPIERS or WRITERS.fullmatch(callee):
        return "write"
    if FILE_OPENERS.fullmatch(callee):
        return "open"
    return "read" if READERS.fullmatch(callee) else "mention"
