"""Versions that saved outputs show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nb2image.model import Place
from nb2image.requirements.age.dates import VersionPolicy
from nb2image.requirements.wanted import held_versions
from nb2image.requirements.written.pins import Pin, described, pins
from tests.unit.requirements.builders import code, notebook, wanted

DIRECT = (wanted("scikit-learn", module="sklearn"), wanted("numpy"), wanted("pandas"))


@pytest.mark.parametrize(
    ("source", "output", "expected"),
    [
        (
            "!pip install x",
            "Successfully installed six-1.15.0 x-y-2.0\n",
            {"six": "1.15.0", "x-y": "2.0"},
        ),
        (
            "!pip install six",
            "Requirement already satisfied: six>=1.5 in /usr/lib (from x) (1.15.0)\n",
            {"six": "1.15.0"},
        ),
        ("import numpy as np\nprint(np.__version__)", "1.19.5\n", {"numpy": "1.19.5"}),
        (
            "import sklearn, pandas as pd\nprint('a', sklearn.__version__, pd.__version__)",
            "a 0.24.2 1.2.3\n",
            {"scikit-learn": "0.24.2", "pandas": "1.2.3"},
        ),
        ("np.__version__", "1.19.5 and 2.0.1\n", {}),
        (
            "%watermark -iv",
            "numpy  : 1.19.5\nsklearn 0.24.2\n",
            {"numpy": "1.19.5", "scikit-learn": "0.24.2"},
        ),
        ("print('numpy 1.2.3')", "numpy 1.2.3\n", {}),
        ("pip", "Successfully installed numpy-1.13.1+cu117\n", {"numpy": "1.13.1"}),
        ("pip", "Successfully installed " + "a-1" * 70_000, {}),
        ("%watermark", "numpy" + " " * 150_000 + "x", {}),
        ("pip", "Requirement already satisfied: a" + "(1" * 90_000, {}),
    ],
)
def test_versions_in_outputs(source: str, output: str, expected: dict[str, str]) -> None:
    """pip's lines, __version__ when the counts agree, watermark; hostile text costs no time."""
    found = pins(notebook(code(source, output)), DIRECT)
    assert {p.name: p.version for p in found} == expected


def test_the_last_word_counts() -> None:
    """A later cell upgraded the package."""
    cells = (
        code("a", "Successfully installed six-1.0\n", number=1),
        code("b", "Successfully installed six-1.5\n", number=2),
    )
    (pin,) = pins(notebook(*cells), ())
    assert (pin.version, pin.place.cell) == ("1.5", 2)


def test_held_versions_are_told_with_their_source() -> None:
    """Nobody is told of outputs when an environment was given."""
    held = [
        Pin(name=name, version="1", place=Place(), detail="", origin=origin)
        for name, origin in (("a", "environment"), ("b", "outputs"), ("c", "environment"))
    ]
    assert described(held) == "2 versions of the environment and 1 version seen in outputs"
    assert described(()) == ""


def test_what_a_notebook_ran_with_goes_before_the_projects_file() -> None:
    """The file may be of another day; it holds what the outputs do not show."""
    shown = notebook(code("import numpy as np\nnp.__version__", "1.15.3\n"))
    stated = tuple(replace(d, preferred=">=1.21") for d in (wanted("numpy"), wanted("pandas")))
    past = VersionPolicy(kind="as-of", as_of="2019-01-01", reason="")
    held = held_versions(shown, stated, None, past)
    assert [pin.constraint for pin in held] == ["pandas>=1.21", "numpy==1.15.3"]
