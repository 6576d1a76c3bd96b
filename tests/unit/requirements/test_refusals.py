"""Names that a module's __getattr__ raises for are known to be gone."""

from __future__ import annotations

import ast

import pytest

from nb2image.requirements.index.refusals import refusals, table_in

SINGLE = """
def __getattr__(name):
    if name == "load_old":
        raise ImportError("gone")
    if name == "late":
        from .more import late
        return late
    raise AttributeError(name)
"""
TABLE = """
_info = [("float", ""), ("int", "use x".format("int64"))]
_former = {n: "gone" for n, _ in _info}
def __getattr__(attr):
    if attr in _former:
        raise AttributeError(_former[attr])
"""
IMPORTED = """
from ._expired import expired
def __getattr__(attr):
    if attr in expired:
        raise AttributeError(expired[attr])
"""


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (SINGLE, {"load_old"}),
        (TABLE, {"float", "int"}),
        (
            "def __getattr__(n):\n    if n in ('a', 'b') or n == 'c':\n        raise X",
            {"a", "b", "c"},
        ),
        ("def __getattr__(n):\n    if n not in ('a',):\n        raise X", set()),
        ("def other(n):\n    if n == 'a':\n        raise X", set()),
        (
            "a = [x for x in b]\nb = [x for x in a]\ndef __getattr__(n):\n    if n in a: raise X",
            set(),
        ),
    ],
)
def test_branches_that_raise(source: str, names: set[str]) -> None:
    """Equality, membership, tables made of tables; what is negated or loads later says nothing."""
    assert refusals(ast.parse(source)).names == names


def test_a_table_of_another_module_is_named() -> None:
    """numpy 2 keeps its expired names in a file of their own."""
    assert refusals(ast.parse(IMPORTED)).tables == (("_expired", 1, "expired"),)
    assert table_in('expired = {"float_": "gone", "product": "gone"}', "expired") == {
        "float_",
        "product",
    }
    assert table_in("not python (", "expired") == set()
