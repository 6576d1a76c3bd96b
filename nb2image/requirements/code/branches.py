"""Which branches of the code can run in the image, as far as the code itself tells."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from enum import Enum

HOST_WORD = re.compile(r"colab|kaggle|databricks|paperspace|deepnote", re.IGNORECASE)
COMPARE: dict[type[ast.cmpop], Callable[[object, object], bool]] = {
    ast.Lt: operator.lt,  # type: ignore[dict-item]
    ast.LtE: operator.le,  # type: ignore[dict-item]
    ast.Gt: operator.gt,  # type: ignore[dict-item]
    ast.GtE: operator.ge,  # type: ignore[dict-item]
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
IMPORT_ERRORS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


class Branch(Enum):
    """What becomes of a branch in the image."""

    ALWAYS = "may run"
    OPTIONAL = "may fail to import"
    ELSEWHERE = "runs on a notebook service only"
    NEVER = "does not run"


def choose(test: ast.expr) -> tuple[Branch, Branch]:
    """What becomes of the two branches of an ``if``."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        first, other = choose(test.operand)
        return other, first
    known = truth(test)
    if known is not None:
        return (Branch.ALWAYS, Branch.NEVER) if known else (Branch.NEVER, Branch.ALWAYS)
    if on_host(test):
        return Branch.ELSEWHERE, Branch.ALWAYS
    return Branch.ALWAYS, Branch.ALWAYS


def on_host(test: ast.expr) -> bool:
    """Whether a condition asks for a notebook service: ``if 'google.colab' in sys.modules``."""
    if isinstance(test, ast.BoolOp):
        return isinstance(test.op, ast.And) and any(on_host(value) for value in test.values)
    if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.NotIn | ast.NotEq | ast.Is):
        return False
    return bool(HOST_WORD.search(ast.unparse(test)))


def truth(test: ast.expr) -> bool | None:
    """The condition's value where every Python 3 agrees on it, else None."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    name = ast.unparse(test) if isinstance(test, ast.Name | ast.Attribute) else ""
    last = name.rpartition(".")[2]
    if last in {"TYPE_CHECKING", "PY2"}:
        return False
    if last == "PY3":
        return True
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return compare_major(ast.unparse(test.left), test.ops[0], test.comparators[0])
    return None


def compare_major(left: str, operation: ast.cmpop, right: ast.expr) -> bool | None:
    """``sys.version_info[0] < 3`` and its like; None where the minor version decides."""
    compare = COMPARE.get(type(operation))
    try:
        value = ast.literal_eval(right)
    except (ValueError, TypeError):
        return None
    if compare is None:
        return None
    if left in {"sys.version_info[0]", "sys.version_info.major"} and isinstance(value, int):
        return compare(3, value)
    if left in {"sys.version_info", "sys.version_info[:2]"} and isinstance(value, tuple):
        answers = {compare((3, minor), value) for minor in (6, 30)}
        return answers.pop() if len(answers) == 1 else None
    return None


def catches_import_error(handler: ast.ExceptHandler) -> bool:
    """Whether the handler runs when an import fails."""
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(t).rpartition(".")[2] in IMPORT_ERRORS for t in types)
