"""Raises one error for all that cannot be converted faithfully."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Mapping

from nb2image.errors import NotebookError
from nb2image.model import Finding, Notebook, Place
from nb2image.notebook.piece import refusal
from nb2image.notebook.recognise import Recognised
from nb2image.notebook.text import Lines, joined

PYTHON_2 = re.compile(
    r"Missing parentheses in call to '(print|exec)'|multiple exception types must be parenthes"
    r"|leading zeros in decimal integer|invalid hexadecimal literal.*L|repr\(\)"
)


def refuse(
    notebook: Notebook, codes: Mapping[int, Recognised], findings: tuple[Finding, ...]
) -> None:
    """Raise NotebookError when something cannot be converted, or the code is Python 2."""
    refuse_python_2(notebook, codes)
    refuse_newer_python(notebook, codes)
    errors = tuple(f for f in findings if f.severity == "error")
    if errors:
        raise NotebookError(
            "the notebook cannot be converted faithfully",
            code=errors[0].code,
            hint=errors[0].hint or "change these cells, or leave them out with --skip-cells",
            where=errors[0].place,
            findings=errors,
        )


def refuse_python_2(notebook: Notebook, codes: Mapping[int, Recognised]) -> None:
    """Python 2 is refused; a slip in a notebook that says it is Python 3 is a broken cell."""
    old = [number for number, code in codes.items() if PYTHON_2.search(code.error)]
    ran = [number for number in old if has_run(notebook, number)]
    if not old or (notebook.python_version.startswith("3") and not ran):
        return
    places = tuple(
        refusal("python-2", f"Python 2 code: {codes[n].error}", Place(cell=n)).findings[0]
        for n in old
    )
    raise NotebookError(
        f"the notebook is Python 2 code, in {cells_in_words(old)}",
        code="python-2",
        hint="convert it first, for example with 2to3 or by hand: Python 2 ended in 2020",
        where=Place(cell=old[0]),
        findings=places,
    )


def refuse_newer_python(notebook: Notebook, codes: Mapping[int, Recognised]) -> None:
    """A cell that ran in the Python that the notebook names, and ours cannot read, is no slip."""
    found = re.match(r"3\.(\d+)", notebook.python_version)
    if found is None or int(found[1]) <= sys.version_info.minor:
        return
    broken = [n for n, code in codes.items() if code.error and has_run(notebook, n)]
    if not broken:
        return
    raise NotebookError(
        f"the notebook was written for Python 3.{found[1]}, and {cells_in_words(broken)} cannot be"
        f" read by the Python 3.{sys.version_info.minor} that runs nb2image",
        code="newer-python",
        hint=f"run nb2image with Python 3.{found[1]}",
        where=Place(cell=broken[0]),
    )


def has_run(notebook: Notebook, number: int) -> bool:
    """Whether the notebook shows that a cell ran without an error."""
    cell = next(cell for cell in notebook.cells if cell.number == number)
    failed = any(output.kind == "error" for output in cell.outputs)
    return cell.execution_count is not None and not failed


def check(lines: Lines) -> None:
    """Raise NotebookError when the whole script cannot be compiled, though each cell can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(joined(lines), "train.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        raise NotebookError(
            f"the cells do not fit together as one script: {error}",
            code="script-broken",
            hint="leave the cell out with --skip-cells, and report this as a mistake of nb2image",
            where=lines[min(line, len(lines)) - 1].place,
        ) from error


def cells_in_words(numbers: list[int]) -> str:
    """``cell 3`` or ``cells 3, 5 and 2 more``."""
    if len(numbers) == 1:
        return f"cell {numbers[0]}"
    shown = ", ".join(str(n) for n in numbers[:4])
    return f"cells {shown}" + (f" and {len(numbers) - 4} more" if len(numbers) > 4 else "")
