"""Install lines in plain Python: ``subprocess.run([sys.executable, "-m", "pip", "install", …])``.

As of ``!pip install`` the image holds what they install. Only a statement of its own whose words
are all written out is one: what a variable holds is known only when the notebook runs.
"""

from __future__ import annotations

import ast
import shlex

from nb2image.model import Place
from nb2image.notebook.installs import without_installs
from nb2image.notebook.piece import Piece
from nb2image.notebook.text import comment

SHELL = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
PROGRAM = {
    *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")),
    *("check_call", "check_output"),
}
PIP = {"pip.main", "pip._internal.main"}
"""pip's own function, from the time when it had one."""


def changed(node: ast.stmt, place: Place) -> Piece | None:
    """The comment that stands for a statement that installs something; None for any other."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name() | ast.Attribute() as func, args=[first, *_])):
            line = shell_line(ast.unparse(func), first)
        case _:
            return None
    found = without_installs(line, place, constants={})
    if not found.changed or found.rest:
        return None
    lines = comment(f"{ast.unparse(node)}  (the image holds what it installs)", place)
    return Piece(lines=lines, installs=found.installs, findings=found.findings)


def shell_line(function: str, given: ast.expr) -> str:
    """What a call runs, as one line of a shell; empty where that is not written out."""
    if function in PIP:
        words = written(given)
        return shlex.join(["pip", *words]) if words else ""
    if function not in SHELL | PROGRAM:
        return ""
    text = text_of(given)
    if text is None:
        return shlex.join(written(given))
    return text  # with shell=True, or of a program without arguments


def written(node: ast.expr) -> list[str]:
    """The words of a literal list, or of a text that is split; none where one is not literal."""
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items):
            words = [text_of(item) for item in items]
            return [w for w in words if w is not None] if None not in words else []
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(text)), attr="split"), args=[]
        ):
            return text.split()
        case ast.Call(func=ast.Attribute(attr="split"), args=[ast.Constant(value=str(text))]):
            try:
                return shlex.split(text)  # shlex.split("pip install x")
            except ValueError:
                return []
    return []


def text_of(node: ast.expr) -> str | None:
    """A literal text; ``sys.executable``, by itself or in an f-string, is ``python``."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Attribute() if ast.unparse(node) == "sys.executable":
            return "python"
        case ast.JoinedStr(values=parts):
            texts = [text_of(p.value if isinstance(p, ast.FormattedValue) else p) for p in parts]
            return "".join(t for t in texts if t is not None) if None not in texts else None
    return None
