"""Names against a real index, from a notebook on disk to its lock: what must never be taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nb2image import pipeline
from nb2image.errors import RequirementsError
from nb2image.events import ignore
from nb2image.model import OwnModule, Requirements
from nb2image.options import Options
from nb2image.services import Services
from tests.index.fake_index import FakeIndex
from tests.index.wheels import sdist, wheel


def written(path: Path, *sources: str, python: str = "") -> Path:
    """A notebook of these cells, last run by a Python ``3.9.1``."""
    cells = [
        {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for n, source in enumerate(sources)
    ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": spec, "language_info": {"name": "python", "version": python}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook))
    return path


def locked(folder: Path, services: Services, *sources: str, **options: object) -> dict[str, str]:
    """What a notebook of these cells is given."""
    found = require(folder, services, *sources, **options)
    return {package.name: package.version for package in found.locked}


def require(folder: Path, services: Services, *sources: str, **options: object) -> Requirements:
    """The requirements of a notebook of these cells."""
    path = written(folder / "nb.ipynb", *sources)
    return pipeline.find(path, Options(**options), services, ignore)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def usual(index: FakeIndex) -> None:
    """A project that is meant, and others that wait for a notebook to name them."""
    index.add(wheel("scikit-learn", "1.5", files={"sklearn/__init__.py": ""}))
    index.add(sdist("sklearn", "0.0", files={}))
    for n in range(9):
        index.add(wheel("stormlib", f"1.{n}", files={"stormlib/__init__.py": "def wind(): ..."}))
        index.add(wheel("raincalc", f"1.{n}", files={"sunshine/__init__.py": ""}))
        index.add(wheel("utils", f"1.{n}", files={"utils/__init__.py": "def run(): ..."}))
    index.add(wheel("windtool", "0.1", files={"windtool/__init__.py": ""}))


def test_what_is_known_and_what_shows_the_module_is_taken(
    tmp_path: Path, services: Services
) -> None:
    """The catalogue's name, never its twin; the same name when its files bear it out."""
    found = locked(tmp_path, services, "import sklearn", "from stormlib import wind")
    assert found == {"scikit-learn": "1.5", "stormlib": "1.8"}


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import raincalc", "has no module raincalc"),
        ("from stormlib import hail", "hail"),
        ("import stormlib.deep", "stormlib.deep"),
        ("import utils", "import utils"),
        ("import windtool", "few releases"),
        ("import stornlib", "no such project"),
    ],
)
def test_a_word_is_no_reason_to_install_something(
    tmp_path: Path, services: Services, index: FakeIndex, source: str, why: str
) -> None:
    """A wheel without the module or the name, a generic word, a new project, a slip of the pen."""
    with pytest.raises(RequirementsError) as caught:
        locked(tmp_path, services, "1", source)
    assert caught.value.code == "import-unresolved"
    assert why in caught.value.message
    assert "cell 2, line 1" in caught.value.message
    assert not [r for r in index.requests if "utils" in r]


def test_the_way_out(tmp_path: Path, services: Services) -> None:
    """--assume is believed."""
    found = locked(tmp_path, services, "import windtool", assume=(("windtool", "windtool"),))
    assert found == {"windtool": "0.1"}


def test_two_owners_of_one_module(tmp_path: Path, services: Services, index: FakeIndex) -> None:
    """Both are asked for, each by a cell: one is taken, the other would overwrite it."""
    index.add(wheel("opencv-python", "4.1", files={"cv2/__init__.py": ""}))
    index.add(wheel("opencv-contrib-python", "4.1", files={"cv2/__init__.py": ""}))
    cells = ("!pip install opencv-python", "!pip install opencv-contrib-python", "import cv2")
    found = locked(tmp_path, services, *cells)
    assert len(found) == 1


def test_a_package_that_only_the_project_has(tmp_path: Path, services: Services) -> None:
    """It comes along with what it imports of the project, and what it imports besides is locked."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "courses/one").mkdir(parents=True)
    (tmp_path / "teach").mkdir()
    (tmp_path / "teach/__init__.py").write_text("from . import core")
    (tmp_path / "teach/core.py").write_text("import marks\nfrom stormlib import wind")
    (tmp_path / "marks.py").write_text("")
    (tmp_path / "other.py").write_text("")
    path = written(tmp_path / "courses/one/nb.ipynb", "import sklearn", "from teach import core")
    plan = pipeline.make_plan(path, Options(), services, ignore)
    own = (OwnModule(name="teach", root=""), OwnModule(name="marks", root=""))
    assert plan.requirements.own == own
    assert [p.name for p in plan.requirements.locked] == ["scikit-learn", "stormlib"]
    modules = [file.path for file in plan.files if file.kind == "module"]
    assert modules == ["marks.py", "teach/__init__.py", "teach/core.py"]
    told = [f.message for f in plan.requirements.findings if f.code == "import-from-project"]
    assert len(told) == len(own)


def test_what_is_brought_along_stands_for_its_twin(
    tmp_path: Path, services: Services, index: FakeIndex
) -> None:
    """Two distributions of one module overwrite each other, asked for by a cell or not."""
    for name in ("opencv-python", "opencv-python-headless"):
        index.add(wheel(name, "4.1", files={"cv2/__init__.py": ""}))
    headless = ["opencv-python-headless"]
    index.add(wheel("albumentations", "1.0", requires=headless))
    found = locked(tmp_path, services, "import cv2", "import albumentations")
    assert found == {"albumentations": "1.0", "opencv-python-headless": "4.1"}


def test_a_younger_release_goes_before_the_projects_own(
    tmp_path: Path, services: Services, index: FakeIndex
) -> None:
    """The date of a notebook may be wrong; what the project has is no release of it."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "tides").mkdir()
    (tmp_path / "tides/__init__.py").write_text("def flow(): ...\ndef ebb(): ...")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "tides"\n')
    for version, names, day in (
        ("1.0", "def flow(): ...", "2020-01-01T00:00:00Z"),
        ("2.0", "def flow(): ...\ndef ebb(): ...", "2026-01-01T00:00:00Z"),
    ):
        index.add(wheel("tides", version, files={"tides/__init__.py": names}), uploaded=day)
    path = written(tmp_path / "docs/nb.ipynb", "from tides import ebb", python="3.9.1")
    plan = pipeline.make_plan(path, Options(), services, ignore)
    assert plan.requirements.own == ()
    assert [(p.name, p.version) for p in plan.requirements.locked] == [("tides", "2.0")]


def test_a_python_that_has_what_is_needed(
    tmp_path: Path, services: Services, index: FakeIndex
) -> None:
    """The change is told, and what is to be known of the Python that it came to."""
    tag = "cp38-cp38-manylinux_2_17_x86_64"
    index.add(wheel("oldcore", "1.0", files={"oldcore/__init__.py": ""}, tag=tag))
    found = require(tmp_path, services, "%pip install oldcore\nimport oldcore")
    assert found.python == "3.8"
    assert "Python 3.11" in found.python_reason
    told = {f.code: f.message for f in found.findings}
    assert told["resolution-changed"].startswith("Python 3.8 instead of 3.11")
    assert "Python 3.8" in told["python-end-of-life"]
    assert "instead of :" not in told["resolution-changed"]


def test_a_yanked_release_that_a_cell_pins(
    tmp_path: Path, services: Services, index: FakeIndex
) -> None:
    """It is what the notebook ran with."""
    module = {"mistake/__init__.py": ""}
    index.add(wheel("mistake", "1.0", files=module), yanked="wrong")
    index.add(wheel("mistake", "1.1", files=module))
    assert locked(tmp_path, services, "%pip install mistake==1.0\nimport mistake") == {
        "mistake": "1.0"
    }
