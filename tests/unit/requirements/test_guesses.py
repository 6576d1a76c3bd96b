"""Names that are only a guess: looked into, and refused where they may be another project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.requirements.fake_index import FakeIndex
from tests.unit.requirements.naming_cases import (
    direct,
    grown,
    known_index,
    names,
    refusal,
)


@pytest.fixture
def index() -> FakeIndex:
    """Some well-known projects, and twins that only share an import's name."""
    return known_index()


def test_the_same_name_when_verified(index: FakeIndex, tmp_path: Path) -> None:
    """A project nobody told of is taken when it has every module and a name that is used."""
    index.add("tinylib", "1.0", {"tinylib/__init__.py": "def go(): pass", "tinylib/sub.py": ""})
    source = "import tinylib.sub\nimport tinylib\ntinylib.go()"
    assert direct(names(index, source, folder=tmp_path)) == ["tinylib"]


def test_a_twin_without_the_submodule(index: FakeIndex, tmp_path: Path) -> None:
    """A same-named project that lacks what is imported is another's."""
    index.add("tinylib", "1.0", ("tinylib/__init__.py",))
    found = names(index, "from tinylib.deep import x", folder=tmp_path)
    assert "no release has tinylib.deep" in refusal(found)


def test_a_twin_without_the_names(index: FakeIndex, tmp_path: Path) -> None:
    """A same-named project that defines none of what is used is another's."""
    index.add("tinylib", "1.0", {"tinylib/__init__.py": "def other(): pass"})
    for source in ("from tinylib import go", "import tinylib\ntinylib.go()"):
        assert "defines none of go" in refusal(names(index, source, folder=tmp_path))


def test_a_name_that_only_another_release_has(index: FakeIndex, tmp_path: Path) -> None:
    """A project that gave up what the notebook uses is still that project."""
    for n in range(8):
        member = "def go(): pass" if n < 5 else "def other(): pass"
        index.add("tinylib", f"0.{n}", {"tinylib/__init__.py": member})
    assert direct(names(index, "from tinylib import go", folder=tmp_path)) == ["tinylib"]


def test_one_known_name_tells_a_project_from_its_twin(index: FakeIndex, tmp_path: Path) -> None:
    """Names come and go: what one import confirms, another that fits no release does not undo."""
    members = {
        "tinylib/__init__.py": "def go(): pass",
        "tinylib/deep.py": "def other(): pass",
    }
    index.add("tinylib", "1.0", members)
    source = "from tinylib.deep import gone\nfrom tinylib import go"
    assert direct(names(index, source, folder=tmp_path)) == ["tinylib"]


def test_a_module_of_the_newest_release_alone(index: FakeIndex, tmp_path: Path) -> None:
    """The release that still has the notebook's Python need not be the one that has the module."""
    for version in ("0.9", "1.0"):
        index.add("tinylib", version, ("tinylib/__init__.py",), requires_python="<3.12")
    index.add("tinylib", "2.0", ("tinylib/__init__.py", "tinylib/deep.py"), requires_python=">3.13")
    assert direct(names(index, "import tinylib.deep", folder=tmp_path)) == ["tinylib"]


def test_a_star_import_is_told_by_the_names_that_nothing_else_binds(
    index: FakeIndex, tmp_path: Path
) -> None:
    """``from tinylib import *`` says nothing: what the code then uses does."""
    grown(index, "tinylib", {"tinylib/__init__.py": "def go(): pass"})
    twin = names(index, "from tinylib import *\nn = 1\nprint(Graph(n))", folder=tmp_path)
    assert "defines none of Graph" in refusal(twin)
    found = names(index, "from tinylib import *\nprint(go(Other))", folder=tmp_path)
    assert direct(found) == ["tinylib"]


def test_a_repository_named_by_its_owner(index: FakeIndex, tmp_path: Path) -> None:
    """An address without a name is the import's whose distribution its owner and it make up."""
    index.add("tiny-docs", "1.0", ("tiny_docs/__init__.py",))
    line = "git+https://example.org/tiny/docs"
    found = names(index, "import tiny_docs", folder=tmp_path, installs=[line])
    assert [(d.name, d.url) for d in found.direct] == [("tiny-docs", line)]


@pytest.mark.parametrize("repository", ["pytinylib", "tinylib-python", "python-tinylib"])
def test_a_repository_that_says_python(index: FakeIndex, tmp_path: Path, repository: str) -> None:
    """A repository's name may have a python in it that its distribution's has not."""
    index.add("tinylib", "1.0", ("tinylib/__init__.py",))
    line = f"git+https://example.org/them/{repository}"
    found = names(index, "import tinylib", folder=tmp_path, installs=[line])
    assert [(d.name, d.url) for d in found.direct] == [("tinylib", line)]


def test_extras_of_an_install_line_stay_whoever_names_it(index: FakeIndex, tmp_path: Path) -> None:
    """A file beside the notebook decides the bounds; what the notebook installs is needed too."""
    index.add("tinylib", "1.0", ("tinylib/__init__.py",))
    (tmp_path / "requirements.txt").write_text("tinylib<2\n")
    found = names(index, "import tinylib", folder=tmp_path, installs=["tinylib[big]"])
    assert [(d.name, d.extras, d.preferred) for d in found.direct] == [("tinylib", ("big",), "<2")]


def test_a_name_behind_a_star_is_found(index: FakeIndex, tmp_path: Path) -> None:
    """Star imports inside the distribution are followed."""
    members = {
        "tinylib/__init__.py": "from .core import *",
        "tinylib/core.py": "from .more import *\ndef other(): pass",
        "tinylib/more.py": "def go(): pass",
    }
    index.add("tinylib", "1.0", members)
    assert direct(names(index, "from tinylib import go", folder=tmp_path)) == ["tinylib"]
    assert "defines none" in refusal(names(index, "from tinylib import no", folder=tmp_path))


def test_a_project_younger_than_the_notebook(index: FakeIndex, tmp_path: Path) -> None:
    """A guess at what did not exist when the notebook was written is refused."""
    grown(index, "tinylib", ("tinylib.py",), uploaded="2022-05-01")
    found = names(index, "import tinylib", folder=tmp_path, written_on="2021-01-01")
    assert "began on 2022-05-01, after the notebook" in refusal(found)
    later = names(index, "import tinylib", folder=tmp_path, written_on="2023-01-01")
    assert direct(later) == ["tinylib"]


def test_a_project_of_last_week_is_not_guessed_at(index: FakeIndex, tmp_path: Path) -> None:
    """Whatever it has, whenever the notebook was written; an install line names it all the same."""
    grown(index, "tinylib", ("tinylib/__init__.py",), uploaded="2026-11-18")
    source = "import tinylib"
    assert direct(names(index, source, folder=tmp_path, settled_on="2026-11-18")) == ["tinylib"]
    found = names(index, source, folder=tmp_path, settled_on="2026-11-17")
    assert "began on 2026-11-18" in refusal(found)
    lines = ("tinylib",)
    found = names(index, source, folder=tmp_path, settled_on="2026-11-17", installs=lines)
    assert direct(found) == ["tinylib"]


@pytest.mark.parametrize("sdist", [True, False])
def test_a_project_of_few_releases(index: FakeIndex, tmp_path: Path, sdist: bool) -> None:
    """A namesake that nobody told of must have some history, or be seen to fit."""
    index.add("tinylib", "1.0", {"tinylib/__init__.py": "def go(): pass"}, sdist=sdist)
    assert "few releases" in refusal(names(index, "import tinylib", folder=tmp_path))
    found = names(index, "from tinylib import go", folder=tmp_path)
    assert bool(found.direct) is not sdist


def test_generic_names_are_never_looked_up(index: FakeIndex, tmp_path: Path) -> None:
    """``import utils`` is a missing file, not a package of the index."""
    found = names(index, "import utils", folder=tmp_path)
    assert refusal(found) == "no distribution found for import utils"


def test_what_no_index_has_is_not_taken_for_its_namesake(index: FakeIndex, tmp_path: Path) -> None:
    """NVIDIA's apex lies on GitHub; the index's apex is somebody else's."""
    for n in range(9):
        index.add("apex", f"0.{n}", ("apex/__init__.py",))
    found = names(index, "import apex", folder=tmp_path)
    assert [f.code for f in found.unresolved] == ["import-not-indexed"]
    assert "github.com/NVIDIA/apex" in found.unresolved[0].message
    line = "git+https://github.com/NVIDIA/apex"
    found = names(index, "import apex", folder=tmp_path, installs=[line])
    assert found.direct[0].url == line


def test_a_module_that_no_file_shows_is_taken_on_the_catalogues_word(
    index: FakeIndex, tmp_path: Path
) -> None:
    """hnswlib is an extension that its setup.py names, and has no wheels."""
    index.add("hnswlib", "0.8.0", ("setup.py", "hnswlib/hnswlib.h"), sdist=True)
    for installs in ((), ("hnswlib",)):
        found = names(index, "import hnswlib", folder=tmp_path, installs=installs)
        assert direct(found) == ["hnswlib"]


def test_an_empty_project_is_refused(index: FakeIndex, tmp_path: Path) -> None:
    """A project that holds no module provides none."""
    grown(index, "tinylib", (), sdist=True)
    assert "has no module at all" in refusal(names(index, "import tinylib", folder=tmp_path))


def test_ambiguous_names_are_checked_like_guesses(index: FakeIndex, tmp_path: Path) -> None:
    """``datasets`` is a known project and also what people call their own files."""
    index.add("datasets", "4.0", {"datasets/__init__.py": "def load_dataset(): pass"})
    assert direct(names(index, "from datasets import load_dataset", folder=tmp_path)) == [
        "datasets"
    ]
    assert "defines none" in refusal(names(index, "from datasets import mnist", folder=tmp_path))


def test_of_two_namesakes_the_one_with_the_names_that_are_used(
    index: FakeIndex, tmp_path: Path
) -> None:
    """``daft`` draws graphs or is a data frame: the code tells, also against an install line."""
    index.add("daft-pgm", "0.1", {"daft/__init__.py": "class PGM: pass"})
    index.add("daft", "0.7", {"daft/__init__.py": "def read_parquet(): pass"})
    for installs in ((), ("daft",)):
        drawn = names(index, "import daft\ndaft.PGM()", folder=tmp_path, installs=installs)
        assert direct(drawn) == ["daft-pgm"]
        read = names(index, "import daft\ndaft.read_parquet()", folder=tmp_path, installs=installs)
        assert direct(read) == ["daft"]


def test_a_guess_must_be_sure_where_unseen_code_is_brought(
    index: FakeIndex, tmp_path: Path
) -> None:
    """A project that makes its names as it runs may be anything; one that shows them is it."""
    grown(index, "shapes", {"shapes/__init__.py": "globals().update(made())"})
    grown(index, "tides", {"tides/__init__.py": "def flow(): ..."})
    cells = ("import shapes, tides\nshapes.square()\ntides.flow()",)
    assert direct(names(index, *cells, folder=tmp_path)) == ["shapes", "tides"]
    for line in (
        "import sys\nsys.path.insert(0, '/content/geometry')",
        "!git clone https://host.example/someone/geometry.git",
    ):
        found = names(index, line, *cells, folder=tmp_path)
        assert direct(found) == ["tides"]
        (finding,) = found.findings
        assert finding.code == "import-fetched"
        assert "geometry, which" in finding.message
