"""Worker processes: what makes them work in a script as they did in the notebook."""

from __future__ import annotations

import ast
from collections.abc import Collection

START = "multiprocessing.set_start_method"
PROCESSES = {"Pool", "Process", "ProcessPoolExecutor", "num_workers"}
OTHER_STARTS = {"spawn", "forkserver"}


def head_lines(trees: Collection[ast.Module]) -> str:
    """The lines for the script's head; empty when no cell uses worker processes.

    Linux forked a notebook's workers, so that they knew what its cells had defined; Python 3.14
    no longer does so by itself. Where a cell asks for another way to start them, the workers
    load the main module again, which in a notebook is empty: so it must be in the script.
    """
    words = {word for tree in trees for word in words_of(tree)}
    if not words & PROCESSES:
        return ""
    if words & OTHER_STARTS:
        return "del __file__  # as in a notebook: worker processes do not run the script again"
    if "set_start_method" in words:
        return ""
    return (
        "import multiprocessing\n\n"
        "# as in a notebook: worker processes know what the cells define\n"
        'multiprocessing.set_start_method("fork")'
    )


def words_of(tree: ast.Module) -> set[str]:
    """Names, attributes, keywords and short texts of the code."""
    words: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.alias(name=word):
                words.add(word)
            case ast.keyword(arg=str(word), value=ast.Constant(value=value)):
                if not (word == "num_workers" and value == 0):
                    words.add(word)
                words.add(str(value)[:20])
            case ast.keyword(arg=str(word)):
                words.add(word)
            case ast.Constant(value=str(word)) if len(word) < 20:
                words.add(word)
            case _:
                pass
    return words
