"""Shows the value of a cell's last expression, as the notebook does."""

from __future__ import annotations

import ast

from nb2image.notebook.edits import Edit, between, inserted, span
from nb2image.notebook.setting import Setting
from nb2image.notebook.text import Lines

RETURN_NOTHING = {"print", "plt.show", "display", "help", "exit", "quit"}
"""Calls whose value is None, so that there is nothing to show."""


def shows(node: ast.stmt, lines: Lines, setting: Setting) -> bool:
    """Whether a statement has a value that the notebook shows."""
    if not isinstance(node, ast.Expr):
        return False
    if isinstance(node.value, ast.Call):
        called = ast.unparse(node.value.func)
        if called in RETURN_NOTHING and called.split(".")[0] not in setting.bound - {"plt"}:
            return False
    return not is_quiet(node, lines)


def is_quiet(node: ast.Expr, lines: Lines) -> bool:
    """Whether a semicolon after the expression keeps its value from being shown."""
    _, end = span(node, lines)
    rest = between(lines, end, (len(lines) - 1, len(lines[-1].text)))
    return rest.lstrip(" \t\\\n").startswith(";")


def showing(node: ast.Expr, lines: Lines, setting: Setting, kept_as: str = "") -> tuple[Edit, Edit]:
    """The edits that pass an expression to ``sys.displayhook``, which prints it unless None.

    With ``kept_as``, a variable of that name keeps the value.
    """
    start, end = span(node, lines)
    show = f"{setting.module('sys')}.displayhook"
    if kept_as:
        after = f"); {show}({kept_as})"
        return inserted(start, f"{kept_as} = (", lines), inserted(end, after, lines)
    if takes_one_argument(between(lines, start, end)):
        return inserted(start, f"{show}(", lines), inserted(end, ")", lines)
    return inserted(start, f"{show}((", lines), inserted(end, "))", lines)


def takes_one_argument(text: str) -> bool:
    """Whether ``f(text)`` passes exactly the value of ``text``."""
    try:
        call = ast.parse(f"f({text})", mode="eval").body
    except SyntaxError:
        return False
    return (
        isinstance(call, ast.Call)
        and len(call.args) == 1
        and not call.keywords
        and not isinstance(call.args[0], ast.Starred)
    )
