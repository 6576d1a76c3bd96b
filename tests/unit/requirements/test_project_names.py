"""What lies beside the notebook, or comes while it runs, and what it means for names."""

from __future__ import annotations

from pathlib import Path

import pytest

from nb2image.model import OwnModule, Place
from tests.unit.requirements.fake_index import FakeIndex
from tests.unit.requirements.naming_cases import (
    direct,
    grown,
    known_index,
    names,
    won,
)


@pytest.fixture
def index() -> FakeIndex:
    """Some well-known projects, and twins that only share an import's name."""
    return known_index()


def test_the_projects_files(index: FakeIndex, tmp_path: Path) -> None:
    """A requirements file bounds what is imported and nothing else; the nearest one counts."""
    (tmp_path / "nbs").mkdir()
    (tmp_path / "requirements.txt").write_text("numpy<2\nopencv-python-headless\npandas\n")
    (tmp_path / "nbs/requirements.txt").write_text("numpy==2.0\n")
    found = names(index, "import numpy, cv2", folder=tmp_path, at="nbs/nb.ipynb")
    assert direct(found) == ["numpy", "opencv-python-headless"]
    assert found.direct[0].preferred == "==2.0"
    assert found.direct[0].evidence[0].place == Place(file="nbs/requirements.txt", line=1)


def test_a_script_block_is_a_request(index: FakeIndex, tmp_path: Path) -> None:
    """PEP 723 dependencies are needed whether they are imported or not."""
    index.add("openpyxl", "3.1", ("openpyxl/__init__.py",))
    block = '# /// script\n# dependencies = ["numpy>=1.20", "openpyxl"]\n# ///\nimport numpy'
    found = names(index, block, folder=tmp_path)
    assert direct(found) == ["numpy", "openpyxl"]
    assert won(found.direct[0])[0] == "lock"


def test_files_beside_the_notebook_are_local(index: FakeIndex, tmp_path: Path) -> None:
    """A module beside the notebook answers its import; a folder of data does not."""
    (tmp_path / "helpers.py").write_text("def go(): pass")
    (tmp_path / "sklearn").mkdir()
    (tmp_path / "sklearn/data.csv").write_text("")
    found = names(index, "from helpers import go", "import sklearn", folder=tmp_path)
    assert direct(found) == ["scikit-learn"]


def test_a_package_that_shares_a_name_does_not_hide_the_used_one(
    index: FakeIndex, tmp_path: Path
) -> None:
    """A local package without what is imported is not what is meant."""
    (tmp_path / "sklearn").mkdir()
    (tmp_path / "sklearn/__init__.py").write_text("notes = 1")
    assert direct(names(index, "from sklearn import svm", folder=tmp_path)) == ["scikit-learn"]
    assert direct(names(index, "from sklearn import notes", folder=tmp_path)) == []


def test_the_projects_own_package(index: FakeIndex, tmp_path: Path) -> None:
    """The project's metadata names its distribution; what no index has is the project's."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "src/orbital").mkdir(parents=True)
    (tmp_path / "src/orbital/__init__.py").write_text("def go(): pass")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "orbital-ml"\n')
    found = names(index, "import orbital", folder=tmp_path, at="docs/nb.ipynb")
    assert direct(found) == []
    assert [module for module, _ in found.own] == [OwnModule(name="orbital", root="src")]
    assert not found.unresolved
    index.add("orbital-ml", "1.0", ("orbital/__init__.py",))
    index.add("orbital", "0.2", ("orbital/__init__.py",))
    found = names(index, "import orbital", folder=tmp_path, at="docs/nb.ipynb")
    assert (direct(found), found.own) == (["orbital-ml"], ())


def test_the_catalogue_speaks_for_a_project_that_has_moved_on(
    index: FakeIndex, tmp_path: Path
) -> None:
    """The project's own name is a guess; where its release lacks a module, the catalogue knows."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "sklearn").mkdir()
    (tmp_path / "sklearn/__init__.py").write_text("")
    (tmp_path / "sklearn/newer.py").write_text("def go(): pass")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "scikit-learn"\n')
    found = names(index, "import sklearn.newer", folder=tmp_path, at="docs/nb.ipynb")
    assert direct(found) == ["scikit-learn"]
    assert won(found.direct[0]) == ["catalogue"]


@pytest.mark.parametrize(
    "line",
    [
        "!wget -q https://host.example/raw/main/shapes.py",
        "!curl -L https://host.example/v1 -o shapes.py",
        "urlretrieve(base + '/shapes', 'tools/shapes.py')",
        "download('https://host.example/raw/shapes.py')",
        "!protoc --python_out=. protos/shapes.proto",
    ],
)
def test_a_file_that_the_notebook_fetches_is_no_distribution(
    line: str, index: FakeIndex, tmp_path: Path
) -> None:
    """Not even where the index has its name; the reader is told to put it beside."""
    grown(index, "shapes", ("shapes/__init__.py",))
    module = "shapes_pb2" if "protoc" in line else "shapes"
    found = names(index, line, f"import {module}, numpy", folder=tmp_path)
    assert direct(found) == ["numpy"]
    assert [f.code for f in found.findings] == ["import-fetched"]


def test_a_known_project_is_not_taken_for_a_file(index: FakeIndex, tmp_path: Path) -> None:
    """What the catalogue knows is needed, whatever addresses stand in the notebook."""
    line = "!wget https://host.example/examples/numpy.py"
    assert direct(names(index, line, "import numpy", folder=tmp_path)) == ["numpy"]


@pytest.mark.parametrize(
    "line",
    [
        "!git clone --depth 1 https://host.example/someone/shapes-lib.git",
        "code = 'https://host.example/raw/shapes.py'",
    ],
)
def test_what_a_clone_may_hold_is_no_error(line: str, index: FakeIndex, tmp_path: Path) -> None:
    """Where nothing provides an import, the notebook's own lines may explain it."""
    found = names(index, line, "import shapes", folder=tmp_path)
    assert direct(found) == []
    (finding,) = found.findings
    assert finding.code == "import-fetched"
    assert "someone/shapes-lib, which" in finding.message or "its address" in finding.message
    assert names(index, f"# {line}", "import shapes", folder=tmp_path).unresolved


@pytest.mark.parametrize(
    ("source", "roots"),
    [
        ("import tides", ["code/sea"]),
        ("import utils", []),
        ("from utils import flow", ["code/sea"]),
        ("from utils import ebb", []),
        ("import twice", []),
        ("import installed", []),
    ],
)
def test_the_only_module_of_that_name_in_the_project(
    source: str, roots: list[str], index: FakeIndex, tmp_path: Path
) -> None:
    """Wherever it lies, if its name or what is taken of it tells it from others."""
    for path, text in {
        "code/sea/tides.py": "",
        "code/sea/utils.py": "def flow(): ...",
        "code/twice.py": "",
        "code/sea/twice.py": "",
        "local/pyvenv.cfg": "",
        "local/lib/installed.py": "",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = names(index, source, folder=tmp_path, at="talk/nb.ipynb")
    assert [module.root for module, _ in found.own] == roots
    assert bool(found.unresolved) is not bool(roots)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from harbour.tides.tables import flow", ["harbour-tides"]),
        ("from harbour.tides.tables import absent", []),
        ("import harbour.tides.tables, harbour.ships", []),
        ("import harbour", []),
    ],
)
def test_a_part_of_a_namespace_has_a_distribution_of_its_own(
    source: str, expected: list[str], index: FakeIndex, tmp_path: Path
) -> None:
    """When nothing has the namespace's name, and all that is imported lies in that part."""
    files = {"harbour/tides/__init__.py": "", "harbour/tides/tables.py": "def flow(): ..."}
    for version in ("1.0", "1.1", "1.2"):
        index.add("harbour-tides", version, files)
    found = names(index, source, folder=tmp_path)
    assert [d.name for d in found.direct] == expected
