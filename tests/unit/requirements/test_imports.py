"""Which modules a script's cells import."""

from __future__ import annotations

import pytest

from nb2image.model import LocalModule, Place, Script, ScriptCell
from nb2image.requirements.code.imports import find_needs, find_uses
from tests.unit.requirements.builders import script


def modules(*sources: str) -> dict[str, bool]:
    """The imported modules, with whether each is optional."""
    return {need.module: need.optional for need in find_needs(script(*sources))[0]}


def test_every_form_of_import_counts() -> None:
    """import, from, a function's import and dynamic imports by literal name."""
    found = modules(
        "import numpy as np, os.path",
        "from sklearn.linear_model import Ridge, Lasso",
        "def f():\n    import lazy",
        "import importlib\nimportlib.import_module('dyn.amic')\n__import__('older')",
    )
    assert set(found) == {
        "numpy", "os.path", "sklearn.linear_model", "lazy", "importlib", "dyn.amic", "older"
    }  # fmt: skip
    assert not any(found.values())


def test_a_need_is_at_its_first_place_with_all_names() -> None:
    """Imports of one module become one need."""
    needs, _ = find_needs(script("x = 1\nfrom a import b", "from a import c"))
    assert [(n.module, n.names, n.place) for n in needs] == [
        ("a", ("b", "c"), Place(cell=1, line=2))
    ]


def test_places_come_from_the_scripts_map() -> None:
    """A line of a cell's Python is told as the notebook's line."""
    there = Place(cell=3, line=7)
    cells = (ScriptCell(number=3, source="import a", first_line=2, last_line=2),)
    made = Script(name="train.py", text="#\nimport a", lines=(None, there), cells=cells)
    assert find_needs(made)[0][0].place == there


@pytest.mark.parametrize(
    "source",
    [
        "import kept\nprint 'Python 2'",
        "import kept\n!magic that stayed",
        "x = a[...\nimport kept",
        "print 1\nfrom kept import (a,\n    b)",
        "    import kept\n  oops(",
    ],
)
def test_a_broken_cell_keeps_its_import_lines(source: str) -> None:
    """A cell that does not parse loses only what is not an import."""
    assert set(modules(source, "import other")) == {"kept", "other"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("try:\n    import a\nexcept ImportError:\n    import b", {"a": True}),
        ("try:\n    import a\nexcept:\n    a = None", {"a": True}),
        ("try:\n    import a\nexcept ValueError:\n    import b", {"a": False, "b": False}),
        ("try:\n    import a\nfinally:\n    import b", {"a": False, "b": False}),
        ("try:\n    import urllib2\nexcept ImportError:\n    import b", {"b": False}),
        ("try:\n    import google.colab\nexcept ImportError:\n    pass", {}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a", {"typing": False}),
        ("if False:\n    import a\nelse:\n    import b", {"b": False}),
        ("if IN_COLAB:\n    import a\nelse:\n    import b", {"b": False}),
        ("if not IN_COLAB:\n    import a", {"a": False}),
        ("import sys\nif 'google.colab' in sys.modules:\n    import a", {"sys": False}),
        ("import sys\nif sys.version_info[0] < 3:\n    import a\nelse:\n    import b",
         {"sys": False, "b": False}),
        ("import sys\nif sys.version_info >= (3, 9):\n    import a\nelse:\n    import b",
         {"sys": False, "a": False, "b": False}),
        ("if six.PY2:\n    import a", {}),
        ("if gpu:\n    import a", {"a": False}),
    ],
)  # fmt: skip
def test_branches(source: str, expected: dict[str, bool]) -> None:
    """Only branches that can run in the image need their imports; guarded ones are optional."""
    assert modules(source) == expected


def test_the_body_of_a_cell_magic_counts() -> None:
    """``%%cython`` and profilers run Python: what it imports is needed; a query imports nothing."""
    magic = 'get_ipython().run_cell_magic("{}", "", """{}""")'
    cython = magic.format("cython", "cimport numpy as np\nimport scipy\ndef f(int n): return n")
    query = magic.format("sql", "select 'import us' from t")
    needs, _ = find_needs(script(cython, query))
    assert [(n.module, n.place.cell) for n in needs] == [("scipy", 1)]


def test_an_import_that_is_needed_once_is_needed() -> None:
    """Optional in one place and not in another is not optional."""
    assert modules("try:\n    import a\nexcept ImportError:\n    pass", "import a") == {"a": False}


def test_imports_for_another_host_are_told() -> None:
    """What only Colab imports is left out with a note."""
    needs, findings = find_needs(script("if IN_COLAB:\n    from google.colab import drive"))
    assert not needs
    assert [f.code for f in findings] == ["import-elsewhere"]


def test_left_out_cells_need_nothing() -> None:
    """A cell that is not in the script imports nothing."""
    cell = ScriptCell(number=1, source="import a", first_line=1, last_line=1, left_out=True)
    made = Script(name="train.py", text="", lines=(), cells=(cell,))
    assert find_needs(made)[0] == ()


def test_local_modules_are_no_needs_and_theirs_are() -> None:
    """What a local module imports is needed, what it is is not."""
    made = script(
        "import helpers, pkg.tools\nfrom pkg import other\nfrom . import me",
        "import sys\nsys.modules['faked'] = 1\nimport faked",
    )
    local = (
        LocalModule(path="notebooks/helpers.py", source="import numpy\nimport pkg"),
        LocalModule(path="notebooks/pkg/__init__.py", source="from .tools import x"),
        LocalModule(path="notebooks/pkg/tools.py", source="import broken ("),
        LocalModule(path="notebooks/pkg/other.py", source=""),
    )
    needs, _ = find_needs(
        Script(name=made.name, text=made.text, lines=(), cells=made.cells, local_modules=local)
    )
    assert {n.module: n.place for n in needs} == {
        "sys": Place(cell=2, line=1),
        "numpy": Place(file="notebooks/helpers.py", line=1),
    }


def test_uses_are_attributes_of_imported_modules() -> None:
    """Only names that stand for one module alone say what is used of it."""
    uses = find_uses(
        script(
            "import ee, numpy as np\nimport a.b as c",
            "ee.Initialize()\nnp.array(1)\nc.d.e",
            "import json\njson = 1\njson.loads",
        )
    )
    assert uses == {"ee": ("Initialize",), "numpy": ("array",), "a.b": ("d",)}
