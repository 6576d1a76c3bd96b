"""The image's Python: who names it, what bounds it, and what is said about it."""

from __future__ import annotations

from datetime import date

import pytest

from nb2image.errors import OptionError
from nb2image.options import Options
from nb2image.requirements.age.python_version import PythonChoice, choose_python
from nb2image.requirements.code.syntax import python_bounds
from nb2image.requirements.written.runtime_files import named_pythons
from tests.unit.requirements.builders import code, notebook, script

AVAILABLE = ("3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
TODAY = date(2026, 11, 20)


def chosen(
    *,
    asked: str = "",
    files: dict[str, str] | None = None,
    environment: str = "",
    metadata: str = "",
    output: str = "",
    source: str = "pass",
    as_of: str = "",
) -> PythonChoice:
    contents = {k: v.encode() for k, v in (files or {}).items()}
    return choose_python(
        notebook(code(source, output), python=metadata),
        Options(python=asked),
        available=AVAILABLE,
        files=named_pythons("deep/down", contents.get),
        environment=environment,
        bounds=python_bounds(script(source)),
        as_of=as_of,
        today=TODAY,
    )


EVERYTHING = {
    "asked": "3.12",
    "files": {"runtime.txt": "python-3.10.4\n"},
    "environment": "3.9.1",
    "metadata": "3.8.10",
    "output": "/usr/lib/python3.7/dist-packages/x.py",
}


def test_the_order_of_the_evidence() -> None:
    """Asked for, runtime files, environment, metadata, paths in outputs; then the default."""
    given = dict(EVERYTHING)
    versions = []
    for name in EVERYTHING:
        versions.append(chosen(**given).version)
        del given[name]
    assert versions == ["3.12", "3.10", "3.9", "3.8", "3.7"]
    assert chosen().version == "3.11"


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("deep/down/runtime.txt", "python-3.9\n", "3.9"),
        ("binder/runtime.txt", "python-3.8.1", "3.8"),
        (".python-version", "3.12.1\n", "3.12"),
        ("environment.yml", "dependencies:\n  - python=3.9\n  - numpy\n", "3.9"),
        ("environment.yml", "dependencies:\n  - python >=3.6,<3.9\n", "3.8"),
        ("environment.yml", "dependencies:\n  - numpy\n", "3.11"),
        ("Pipfile", '[requires]\npython_version = "3.9"\n', "3.9"),
        (".tool-versions", "nodejs 18\npython 3.10.2\n", "3.10"),
        ("pyproject.toml", '[project]\nrequires-python = ">=3.12"\n', "3.12"),
        ("pyproject.toml", '[project]\nrequires-python = ">=3.8"\n', "3.11"),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.12"\n', "3.12"),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "~3.9"\n', "3.9"),
        ("environment.yml", "dependencies:\n - python=3.9.7=h12debd9_1\n", "3.9"),
        ("environment.yml", "dependencies:\n - python 3.9\n", "3.9"),
        ("pyproject.toml", "broken = = toml", "3.11"),
    ],
)
def test_runtime_files(name: str, text: str, version: str) -> None:
    """A file names one Python or bounds it; those of the folders above count too."""
    assert chosen(files={name: text}).version == version


@pytest.mark.parametrize(
    ("source", "version"),
    [
        ("from collections import Mapping", "3.9"),
        ("import collections\nclass A(collections.Mapping): pass", "3.9"),
        ("import imp", "3.11"),
        ("import time\ntime.clock()", "3.7"),
        ("try:\n    from collections import Mapping\nexcept ImportError:\n    pass", "3.11"),
        ("from itertools import batched", "3.12"),
        ("from typing import override", "3.12"),
    ],
)
def test_code_bounds_a_python_that_nothing_names(source: str, version: str) -> None:
    """Removed and added stdlib modules and names; guarded ones tell nothing."""
    assert chosen(source=source).version == version


@pytest.mark.parametrize(
    ("source", "version"),
    [
        ("match x:\n    case 1: pass", "3.10"),
        ("def f(x: int | None): pass", "3.10"),
        ("from __future__ import annotations\ndef f(x: int | None): pass", "3.7"),
        ("x: list[int] = []", "3.9"),
        ("if (n := 3) > 2: pass", "3.8"),
        ("import tomllib", "3.11"),
    ],
)
def test_syntax_lifts_a_python_that_cannot_run_it(source: str, version: str) -> None:
    """Metadata that says 3.7 gives way to syntax that 3.7 does not know, with a warning."""
    found = chosen(metadata="3.7.1", source=source)
    assert found.version == version
    changed = [f for f in found.findings if f.code == "python-changed"]
    assert len(changed) == (version != "3.7")


def test_removed_modules_do_not_overrule_the_metadata() -> None:
    """It ran on that Python: the import is guarded or a package brings the module."""
    assert chosen(metadata="3.12.1", source="import distutils").version == "3.12"


def test_a_package_around_an_old_notebook_does_not_move_its_python() -> None:
    """requires-python of the repository speaks of the package, not of its old examples."""
    package = {"pyproject.toml": '[project]\nrequires-python = ">=3.12"\n'}
    assert chosen(metadata="3.8.1", files=package).version == "3.8"
    environment = {"environment.yml": "dependencies:\n  - python>=3.12\n"}
    assert chosen(metadata="3.8.1", files=environment).version == "3.12"


def test_a_python_without_a_base_is_exchanged_for_the_nearest() -> None:
    """The warning says what was asked for and why it cannot be."""
    found = chosen(metadata="3.5.2")
    assert found.version == "3.7"
    assert "no base image of Python 3.5" in found.findings[0].message


def test_the_date_tells_the_python_in_use() -> None:
    """Half a year after its release a Python is in use; never newer than the default."""
    assert chosen(as_of="2019-06-01").version == "3.7"
    assert chosen(as_of="2025-06-01").version == "3.11"


def test_an_end_of_life_python_is_allowed_with_a_warning() -> None:
    """The warning names the day since when it gets no fixes."""
    codes = [f.code for f in chosen(metadata="3.9.1").findings]
    assert codes == ["python-end-of-life"]
    assert [f.code for f in chosen(asked="3.9").findings] == ["python-end-of-life"]


def test_a_python_that_is_asked_for_is_held_though_the_code_cannot_run_on_it() -> None:
    """The user decides; the finding names the cell."""
    found = chosen(asked="3.9", source="match x:\n    case 1: pass")
    assert (found.version, found.fixed) == ("3.9", True)
    assert found.findings[0].place is not None
    assert found.findings[0].place.cell == 1


@pytest.mark.parametrize("asked", ["3", "3.11.2", "2.7", "3.x", "3.11\nRUN x"])
def test_what_is_no_python_version_is_refused(asked: str) -> None:
    """Only 3.N is taken."""
    with pytest.raises(OptionError):
        chosen(asked=asked)
