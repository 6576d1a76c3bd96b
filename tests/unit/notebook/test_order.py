"""The order of cells: findings, and the order in which the notebook ran."""

from __future__ import annotations

import pytest

from nb2image.errors import OptionError
from nb2image.options import Options
from tests.unit.notebook.build import cell, script
from tests.unit.notebook.run import output_of


def counted(*cells: tuple[str, int | None]) -> list[dict[str, object]]:
    """Code cells with execution counts."""
    return [cell(source, execution_count=count) for source, count in cells]


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ((1, 2, 3), []),
        ((5, 6, 9), []),
        ((None, None, None), []),
        ((1, None, 2), []),
        ((2, 1, 3), ["out-of-order"]),
        ((3, None, 1), ["out-of-order"]),
    ],
)
def test_counts_tell_the_order(counts: tuple[int | None, ...], found: list[str]) -> None:
    """Execution counts that fall show a notebook that was not run from the top."""
    made = script(*counted(*((f"x{i} = 1", n) for i, n in enumerate(counts))))
    assert [f.code for f in made.findings] == found


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["print(x)", "x = 1"], [(1, "cell 1 uses x, which cell 2 defines later")]),
        (["f(1)", "def f(a):\n    return a"], [(1, "cell 1 uses f, which cell 2 defines later")]),
        (["a = 1\nb = a + c", "c = 2"], [(1, "cell 1 uses c, which cell 2 defines later")]),
        (["def f():\n    return x", "x = 1"], []),
        (["x = 1", "print(x)", "x = 2"], []),
        (["print(unknown)"], []),
        (["[y for y in range(3)]", "y = 1"], []),
        (["for z in range(3):\n    print(z)", "z = 1"], []),
        (["from math import *\nprint(x)", "x = 1"], []),
        (["print(len)", "len = 3"], []),
        (["(lambda q: q)(1)", "q = 1"], []),
    ],
)
def test_use_before_definition(cells: list[str], found: list[tuple[int, str]]) -> None:
    """A name that only a later cell defines is told of with both cells."""
    made = script(*cells)
    assert [(f.place and f.place.cell, f.message) for f in made.findings] == found


def test_executed_order() -> None:
    """``--order executed`` arranges the cells as they ran; text goes with the cell below it."""
    cells = counted(("print(x + 1)", 3), ("x = 1", 1), ("print('never run')", None), ("x += 5", 2))
    made = script(cell("# Sum", "markdown"), *cells, options=Options(order="executed"))
    assert output_of(made) == "never run\n7\n"
    assert [c.number for c in made.cells] == [3, 4, 5, 2]
    assert made.text.index("# # Sum") < made.text.index("[cell 2]")
    assert made.findings == ()


def test_executed_order_needs_counts() -> None:
    """A notebook without execution counts does not say how it ran."""
    with pytest.raises(OptionError, match="execution count"):
        script("x = 1", options=Options(order="executed"))
