"""The project's own files: modules that are imported, notebooks and files that are run."""

from __future__ import annotations

import json

import pytest

from nb2image.errors import NotebookError
from nb2image.model import OwnModule, Script
from nb2image.notebook.files import Files
from nb2image.notebook.local import with_own
from tests.unit.notebook.build import body, cell, document, script
from tests.unit.notebook.run import output_of


def made(
    files: dict[str, str | bytes], *cells: str | dict[str, object], workdir: str = ""
) -> Script:
    """The script of a notebook in a project with these files."""

    def read(path: str) -> bytes | None:
        content = files.get(path)
        return content.encode() if isinstance(content, str) else content

    return script(*cells, workdir=workdir, read=read)


@pytest.mark.parametrize(
    ("files", "source", "expected"),
    [
        (["helper.py"], "import helper", ["helper.py"]),
        (["helper.py"], "from helper import f", ["helper.py"]),
        (["p/__init__.py", "p/a.py"], "import p.a", ["p/__init__.py", "p/a.py"]),
        (["p/__init__.py", "p/a.py"], "from p import a", ["p/__init__.py", "p/a.py"]),
        (["p/__init__.py", "p/a.py"], "import p", ["p/__init__.py"]),
        (["p/a.py"], "from p.a import x", ["p/a.py"]),
        (["p/a.py"], "from p import a", ["p/a.py"]),
        (["torch/data.csv"], "import torch", []),
        (["torch/x.py"], "import torch", []),
        (["torch/x.py"], "from torch import nn", []),
        (["helper.py"], "import numpy", []),
        (["sys.py"], "import sys", []),
        (["helper.py"], "import importlib\nimportlib.import_module('helper')", ["helper.py"]),
        (["helper.py"], "%run helper.py", ["helper.py"]),
        (["helper.py"], "!python helper.py", ["helper.py"]),
        (["helper.py"], "exec(open('helper.py').read())", ["helper.py"]),
        (["src/a.py"], "import sys\nsys.path.append('src')\nimport a", ["src/a.py"]),
        (["src/a.py"], "import os\nos.chdir('src')\nimport a", ["src/a.py"]),
    ],
)
def test_what_an_import_reaches(files: list[str], source: str, expected: list[str]) -> None:
    """Siblings and packages; a folder without the module does not hide an installed package."""
    found = made(dict.fromkeys(files, ""), source).local_modules
    assert [module.path for module in found] == expected


@pytest.mark.parametrize(
    "folder",
    [
        "'../src'",
        "os.path.abspath('../src')",
        "os.path.join('..', 'src')",
        "os.path.abspath(os.path.join(os.pardir, 'src'))",
        "os.path.join(os.path.dirname(os.getcwd()), 'src')",
        "str(Path('..') / 'src')",
        "str(Path.cwd().parent / 'src')",
        "str(Path('../src').resolve())",
        "SRC",
        "f'{UP}/src'",
        "UP + '/src'",
        "Path('x').parent.parent / 'src'",
        "str(Path('a').absolute().parents[1] / 'src')",
        "os.path.dirname(os.path.abspath('')) + '/src'",
        "os.path.join(os.path.realpath(os.curdir), '..', 'src')",
        "Path().joinpath('..', 'src').as_posix()",
    ],
)
def test_folders_on_the_path(folder: str) -> None:
    """A folder that is put on ``sys.path`` is followed however its path is written."""
    first = "UP = '..'\nSRC = '../src'\nimport os, sys\nfrom pathlib import Path"
    found = made(
        {"src/a.py": ""}, first, f"sys.path.insert(0, {folder})\nimport a", workdir="notebooks"
    )
    assert [module.path for module in found.local_modules] == ["src/a.py"]


@pytest.mark.parametrize(
    "folder", ["unknown()", "UNKNOWN", "f'{unknown}/src'", "os.environ['SRC']", "'../src' + x"]
)
def test_folders_that_are_not_known(folder: str) -> None:
    """A path that only a run knows leads nowhere."""
    found = made({"src/a.py": ""}, f"import os, sys\nsys.path += [{folder}]\nimport a", workdir="n")
    assert found.local_modules == ()


def test_a_folder_for_want_of_an_installed_package() -> None:
    """What is put on the path where an import fails counts not: what is installed goes before."""
    source = """
import sys
try:
    import a
except ImportError:
    sys.path.append("../src")
    import a
"""
    assert made({"src/a.py": ""}, source, workdir="n").local_modules == ()


def test_imports_are_followed_from_file_to_file() -> None:
    """Relative imports too, and circles end."""
    files = {
        "nb/a.py": "import b",
        "nb/b.py": "import a\nfrom pkg.deep import x",
        "nb/pkg/__init__.py": "from . import one\nfrom .two import y",
        "nb/pkg/one.py": "",
        "nb/pkg/two.py": "from ..other import z",
        "nb/pkg/deep.py": "this is not python",
    }
    found = made(files, "import a", workdir="nb").local_modules
    assert [module.path for module in found] == sorted(files)


def test_nothing_outside_the_project_is_read() -> None:
    """Paths that leave the project are not followed."""
    asked: list[str] = []

    def read(path: str) -> bytes | None:
        asked.append(path)
        return None

    source = "import sys\nsys.path.append('../../..')\nsys.path.append('/etc')\nimport a"
    script(source, "%run ../../x.py", workdir="nb", read=read)
    assert asked
    assert not any(path.startswith(("/", "..")) for path in asked)


def test_a_written_module_is_local() -> None:
    """``%%writefile`` makes a module of the project, whose own imports count."""
    found = made({"b.py": ""}, "%%writefile a.py\nimport b", "import a")
    assert [(m.path, m.written_by_cell) for m in found.local_modules] == [
        ("a.py", 1),
        ("b.py", None),
    ]
    assert found.local_modules[0].source == "import b\n"


def test_what_only_the_project_has_is_followed() -> None:
    """Its own module and what that imports of the project, and nothing that others provide."""
    files: dict[str, str | bytes] = {
        "nbs/helper.py": "import orbital.core",
        "src/orbital/__init__.py": "",
        "src/orbital/core.py": "from . import deep\nimport numpy",
        "src/orbital/deep.py": "",
        "src/numpy.py": "",
    }
    found = made(files, "import helper", workdir="nbs")
    assert [module.path for module in found.local_modules] == ["nbs/helper.py"]
    own = (OwnModule(name="orbital", root="src"),)
    read = {path: str(text).encode() for path, text in files.items()}.get
    found = with_own(found, own, Files(workdir="nbs", read=read))
    assert [module.path for module in found.local_modules] == sorted({*files} - {"src/numpy.py"})


@pytest.mark.parametrize(
    ("files", "cells", "name"),
    [
        ({}, ["import numpy"], "train.py"),
        ({"train.py": ""}, ["import numpy"], "train_notebook.py"),
        ({}, ["import train"], "train_notebook.py"),
        ({}, ["from train.x import y"], "train_notebook.py"),
        ({"a.py": "import train"}, ["import a"], "train_notebook.py"),
        ({"train.py": "", "train_notebook.py": ""}, ["1"], "notebook_as_script.py"),
    ],
)
def test_the_script_shadows_nothing(
    files: dict[str, str | bytes], cells: list[str], name: str
) -> None:
    """A module named train, used or there, gives the script another name."""
    assert made(files, *cells).name == name


def test_run_of_a_notebook_puts_its_cells_there() -> None:
    """``%run other.ipynb``: its cells run in the same namespace and show no values."""
    other = document(
        cell("text", "markdown"),
        "%matplotlib inline\na = 1",
        "%%time\nb = a + 1",
        cell("skipped = 1", metadata={"tags": ["nb2image-skip"]}),
        "a",
    )
    found = made({"lib/other.ipynb": other}, "x = 0\n%run lib/other.ipynb", "a + b")
    output = output_of(found)
    assert output.endswith("\n3\n")
    assert "CPU times" in output
    assert "skipped" not in found.text
    line = found.text.splitlines().index("a = 1")
    assert str(found.lines[line]) == "lib/other.ipynb, cell 2, line 2"


def test_imports_of_a_notebook_that_is_run_count() -> None:
    """What the other notebook imports is seen in the cell that runs it."""
    found = made({"o.ipynb": document("import b"), "b.py": ""}, "%run o.ipynb")
    assert "import b" in body(found)
    assert [module.path for module in found.local_modules] == ["b.py"]


def test_load_puts_the_file_there() -> None:
    """``%load file``: the cell is what the file holds."""
    found = made({"a.py": "x = 2\nx + 1\n"}, "%load a.py", "print(x)")
    assert body(found) == "# %load a.py\nx = 2\nsys.displayhook(x + 1)\n"
    line = found.text.splitlines().index("x = 2")
    assert str(found.lines[line]) == "a.py, line 1"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("%run missing.ipynb", "no such notebook"),
        ("%run ../../missing.ipynb", "no such notebook"),
        ("%load missing.py", "no such file"),
        ("%load http://host/a.py", "no such file"),
        ("%run loop.ipynb", "without end"),
        ("%run bad.ipynb", "not JSON"),
        ("%run r.ipynb", "not Python"),
        ("%run broken.ipynb", "not Python"),
        ("if True:\n    %run o.ipynb", "top of a cell"),
    ],
)
def test_refused(source: str, message: str) -> None:
    """What cannot be put there is refused with the cell."""
    files: dict[str, str | bytes] = {
        "loop.ipynb": document("%run loop.ipynb"),
        "bad.ipynb": "{",
        "o.ipynb": document("1"),
        "r.ipynb": document("1", kernelspec={"name": "ir", "language": "R"}),
        "broken.ipynb": document("for in"),
    }
    with pytest.raises(NotebookError) as caught:
        made(files, "x = 1", source)
    assert any(message in finding.message for finding in caught.value.findings)


def test_a_cell_magic_written_as_a_call() -> None:
    """nbconvert writes ``get_ipython().run_cell_magic``: it means the same."""
    call = f"if True:\n    get_ipython().run_cell_magic('capture', 'out', {json.dumps('print(1)')})"
    assert output_of(script(call, "print(out.stdout)")) == "1\n\n"
