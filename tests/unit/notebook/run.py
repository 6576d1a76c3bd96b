"""Runs a script in this process: only for notebooks that the tests wrote themselves."""

from __future__ import annotations

import builtins
import contextlib
import io
import sys
from collections.abc import Iterator

from nb2image.model import Script


@contextlib.contextmanager
def restored() -> Iterator[None]:
    """Undo what a script does to the interpreter: hooks, the last value, paths."""
    before = sys.displayhook, sys.path[:], sys.argv[:]
    sys.displayhook = sys.__displayhook__
    try:
        yield
    finally:
        sys.displayhook, sys.path[:], sys.argv[:] = before
        vars(builtins).pop("_", None)


def output_of(made: Script, *arguments: str) -> str:
    """What the script prints. Errors of the script pass."""
    namespace = {"__name__": "__main__", "__file__": "train.py"}
    with restored(), contextlib.redirect_stdout(io.StringIO()) as printed:
        sys.argv = ["train.py", *arguments]
        exec(compile(made.text, "train.py", "exec"), namespace)
    return printed.getvalue()
