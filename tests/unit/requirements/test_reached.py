"""What of the project's own files counts: only what the notebook reaches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nb2image.model import LocalModule, Script
from nb2image.requirements.code.imports import find_needs
from nb2image.requirements.code.usage import find_usage
from tests.unit.requirements.builders import script


def with_files(source: str, **files: str) -> Script:
    """A script of one cell beside some modules."""
    local = tuple(LocalModule(path=f"{name}.py", source=text) for name, text in files.items())
    return replace(script(source), local_modules=local)


def needed(source: str, **files: str) -> set[str]:
    """The modules that are needed."""
    return {need.module for need in find_needs(with_files(source, **files))[0]}


UNUSED = "def draw():\n    import pylab\n    return pylab.plot()\n"


def test_what_is_never_named_needs_nothing() -> None:
    """A helper that no reached code mentions does not run."""
    files = {"helpers": f"import numpy\n__all__ = ['draw']\n{UNUSED}def load(): pass"}
    assert needed("from helpers import load\nload()", **files) == {"numpy"}
    made = with_files("from helpers import load\nload()", **files)
    assert not [use for use in find_usage(made) if use.name == "pylab.plot"]


@pytest.mark.parametrize(
    ("cell", "more"),
    [
        ("import helpers\nhelpers.draw()", ""),
        ("from helpers import *\ndraw()", ""),
        ("import helpers\nhelpers.load()", "def load(): return draw()"),
        ("import helpers\nhelpers.load()", "def load(): return globals()['draw']()"),
        ("import helpers", "class Shown:\n    kind = draw\nshown = Shown()"),
        ("import helpers\ngetattr(helpers, 'draw')()", ""),
        ("import helpers as h\nh.draw(", ""),
        ("import helpers", "from helpers import draw as d\nd()"),
    ],
)
def test_what_is_named_somehow_counts(cell: str, more: str) -> None:
    """By the notebook, or by what it reaches; in a text too."""
    assert "pylab" in needed(cell, helpers=f"{UNUSED}{more}")


def test_what_runs_without_being_named_counts() -> None:
    """Code of the module itself, what a decorator sees, and the module's own hooks."""
    assert needed("import helpers", helpers="@register\ndef go():\n    import numpy") == {"numpy"}
    hook = "def __getattr__(name):\n    import numpy"
    assert needed("import helpers", helpers=hook) == {"numpy"}
    assert needed("import helpers", helpers="if True:\n    import numpy") == {"numpy"}


def test_a_module_that_does_not_parse_keeps_its_import_lines() -> None:
    """Whatever it mentions counts as named."""
    files = {"old": "import numpy\nprint 'x', draw()", "helpers": UNUSED}
    assert needed("import old, helpers", **files) == {"numpy", "pylab"}
