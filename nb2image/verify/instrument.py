"""A script that tells when each of its cells begins, for the run that is compared.

The image holds no trace of this: the run that is compared gets its own copy of the script, in
which the comment above each cell has become a call, and the module that is called
(templates/capture/). No line moves, no frame is added and no name is bound, so the script runs
as it does for a user, with its own tracebacks and workers.
"""

from __future__ import annotations

import ast
import re

from nb2image.model import Script

MODULE = "nb2image_capture"
MARKER = re.compile(r"([ \t]*)# %% \[cell (\d{1,9})\]")


def instrumented(script: Script) -> str:
    """The script's text with a call in place of each ``# %% [cell n]`` comment.

    A comment that stands where no statement can (inside of a string or an expression) stays.
    """
    lines = script.text.split("\n")
    numbers = {cell.number for cell in script.cells if not cell.left_out and not cell.broken}
    inside = inside_expressions(script.text)
    for index, line in enumerate(lines):
        found = MARKER.fullmatch(line)
        if found and int(found[2]) in numbers and index + 1 not in inside:
            lines[index] = f'{found[1]}__import__("{MODULE}").cell({int(found[2])})'
    if not lines[-1]:
        lines.pop()
    return "\n".join([*lines, f'__import__("{MODULE}").end()', ""])


def inside_expressions(text: str) -> set[int]:
    """The lines, from 1, that lie inside of a string or of another expression."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return set()  # newer syntax than ours: the cells' own comments are where they seem to be
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and node.end_lineno and node.end_lineno > node.lineno:
            found.update(range(node.lineno + 1, node.end_lineno + 1))
    return found
