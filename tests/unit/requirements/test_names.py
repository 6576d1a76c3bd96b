"""From imports to distributions: the order of evidence, verification, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import pytest

from nb2image.errors import OptionError, RequirementsError
from nb2image.model import DirectRequirement, Install, OwnModule, Place
from nb2image.options import Options
from nb2image.project.root import Project
from nb2image.requirements.code.imports import find_needs
from nb2image.requirements.naming.catalogue import load_catalogue
from nb2image.requirements.naming.names import Names, find_names
from nb2image.requirements.target import Target
from nb2image.requirements.written.declared import Declared, from_installs
from tests.unit.requirements.builders import code, notebook, script
from tests.unit.requirements.fake_index import FakeIndex

TARGET = Target(python="3.11")


def names(
    index: FakeIndex,
    *sources: str,
    folder: Path,
    installs: Sequence[str] = (),
    assume: tuple[tuple[str, str], ...] = (),
    written_on: str = "",
    settled_on: str = "",
    as_of: str = "",
    environment: tuple[Declared, ...] = (),
    at: str = "nb.ipynb",
) -> Names:
    """The names for a notebook of these cells in ``folder``."""
    made = script(*sources)
    lines = tuple(
        Install(tool="pip", requirement=text, place=Place(cell=9, line=n))
        for n, text in enumerate(installs, start=1)
    )
    made = type(made)(name="train.py", text=made.text, lines=(), cells=made.cells, installs=lines)
    needs, _ = find_needs(made)
    return find_names(
        needs,
        made,
        notebook(*(code(s, number=n) for n, s in enumerate(sources, start=1))),
        Project(root=folder, notebook=PurePosixPath(at)),
        TARGET,
        index,
        Options(assume=assume),
        as_of=as_of,
        written_on=written_on,
        settled_on=settled_on,
        environment=environment,
    )


def direct(found: Names) -> list[str]:
    """The names of the distributions."""
    assert not found.unresolved, found.unresolved
    return [d.name for d in found.direct]


def won(requirement: DirectRequirement) -> list[str]:
    """The rules that proposed the winner."""
    return [e.rule for e in requirement.evidence if e.won]


@pytest.fixture
def index() -> FakeIndex:
    """Some well-known projects, and twins that only share an import's name."""
    index = FakeIndex()
    index.add("scikit-learn", "1.5", ("sklearn/__init__.py", "sklearn/svm/__init__.py"))
    index.add("sklearn", "0.0", (), sdist=True)
    index.add("opencv-python", "4.12", ("cv2/__init__.py",))
    index.add("opencv-python-headless", "4.12", ("cv2/__init__.py",))
    index.add("google-cloud-storage", "3.0", ("google/cloud/storage/__init__.py",))
    index.add("numpy", "2.0", ("numpy/__init__.py",))
    index.add("utils", "1.0", ("utils/__init__.py",))
    return index


def test_the_catalogue_names_what_differs(index: FakeIndex, tmp_path: Path) -> None:
    """An import name is answered by its distribution, verified, with its place and source."""
    found = names(index, "import numpy", "from sklearn.svm import SVC", folder=tmp_path)
    assert direct(found) == ["numpy", "scikit-learn"]
    evidence = found.direct[1].evidence[0]
    assert (evidence.rule, evidence.won, evidence.place) == (
        "catalogue", True, Place(cell=2, line=1)
    )  # fmt: skip
    assert "1.5 provides sklearn" in evidence.detail
    assert evidence.source


def test_namespace_packages(index: FakeIndex, tmp_path: Path) -> None:
    """What is imported from a namespace decides the distribution, in either form."""
    for source in ("from google.cloud import storage", "import google.cloud.storage as s"):
        assert direct(names(index, source, folder=tmp_path)) == ["google-cloud-storage"]


def test_an_install_line_beats_the_catalogue(index: FakeIndex, tmp_path: Path) -> None:
    """The notebook's own word wins; what it beat is recorded."""
    found = names(index, "import cv2", installs=["opencv-python-headless==4.12"], folder=tmp_path)
    (requirement,) = found.direct
    assert (requirement.name, requirement.specifier) == ("opencv-python-headless", "==4.12")
    assert won(requirement) == ["install-line"]
    assert [(e.candidate, e.won) for e in requirement.evidence][1] == ("opencv-python", False)


def test_an_install_line_that_provides_nothing_loses(index: FakeIndex, tmp_path: Path) -> None:
    """``pip install sklearn`` does not bring sklearn."""
    found = names(index, "import sklearn", installs=["sklearn"], folder=tmp_path)
    assert direct(found) == ["scikit-learn"]
    assert [e.candidate for e in found.direct[0].evidence if not e.won] == ["sklearn"]


def test_what_is_installed_and_not_imported_is_needed(index: FakeIndex, tmp_path: Path) -> None:
    """An install line meets a hidden need; tools and what the index lacks are left out."""
    index.add("openpyxl", "3.1", ("openpyxl/__init__.py",)).add("black", "1", ("black.py",))
    installs = ["openpyxl", "black", "no-such-thing", "git+https://git.test/me/mine.git@v1"]
    found = names(index, "import numpy", installs=installs, folder=tmp_path)
    assert direct(found) == ["mine", "numpy", "openpyxl"]
    assert found.direct[0].url == "git+https://git.test/me/mine.git@v1"


def test_install_lines_that_cannot_be_followed_are_told(index: FakeIndex, tmp_path: Path) -> None:
    """Files of the machine where it ran, addresses with variables, what is no requirement."""
    lines = ("./x.whl", "-e .", "git+https://[h", "x @ https://h.test/${TOKEN}/x.whl", "a b")
    found = names(index, "import numpy", folder=tmp_path, installs=lines)
    assert direct(found) == ["numpy"]
    told = [(f.code, f.place.line) for f in found.findings if f.place]
    assert told == [("install-skipped", n) for n in range(1, 6)]


def test_a_block_installs_nothing_of_the_projects_own_from_the_index(
    index: FakeIndex, tmp_path: Path
) -> None:
    """Not imported, and by its own word not of the index."""
    index.add("mine", members=("mine/__init__.py",))
    sources = '# [tool.uv.sources]\n# mine = { path = "mine" }\n'
    block = f'# /// script\n# dependencies = ["mine"]\n{sources}# ///\n'
    assert direct(names(index, block, folder=tmp_path)) == []


def test_indexes_of_install_lines_are_told(index: FakeIndex, tmp_path: Path) -> None:
    """Once a line, without their value: it may be a secret."""
    place = Place(cell=1, line=1)
    options = ("--index-url https://ann:s3cret@index.test",)
    lines = [Install(tool="pip", requirement=n, place=place, options=options) for n in "ab"]
    found, findings = from_installs(lines, load_catalogue(), TARGET)
    assert [d.name for d in found] == ["a", "b"]
    assert [(f.code, f.place) for f in findings] == [("requirements-option", place)]
    assert "s3cret" not in repr(findings)


def test_install_lines_add_up(index: FakeIndex, tmp_path: Path) -> None:
    """Two lines for one distribution both count, so that a contradiction can be told."""
    lines = ["numpy>=1.26", "numpy[fast]<2", "openpyxl==3.1", "openpyxl==3.0"]
    index.add("openpyxl", "3.1", ("openpyxl/__init__.py",))
    found = names(index, "import numpy", installs=lines, folder=tmp_path)
    assert [(d.name, d.specifier, d.extras) for d in found.direct] == [
        ("numpy", ">=1.26,<2", ("fast",)),
        ("openpyxl", "==3.1,==3.0", ()),
    ]
    assert [e.place for e in found.direct[1].evidence] == [
        Place(cell=9, line=3),
        Place(cell=9, line=4),
    ]


def test_what_only_was_gives_way_to_what_is(index: FakeIndex, tmp_path: Path) -> None:
    """A project that stopped providing the module loses to the one that does."""
    index.add("tensorflow", "2.16", ("tensorflow/__init__.py",))
    index.add("tensorflow-gpu", "2.10", ("tensorflow/__init__.py",))
    index.add("tensorflow-gpu", "2.12", (), sdist=True)
    found = names(index, "import tensorflow", installs=["tensorflow-gpu"], folder=tmp_path)
    assert direct(found) == ["tensorflow"]
    pinned = ["tensorflow-gpu==2.10"]
    found = names(index, "import tensorflow", installs=pinned, folder=tmp_path)
    assert direct(found) == ["tensorflow-gpu"]


def test_a_guarded_import_brings_no_gpu_package(index: FakeIndex, tmp_path: Path) -> None:
    """Code that can do without a GPU is not given what needs one."""
    index.add("cupy-cuda12x", "13.0", ("cupy/__init__.py",))
    guarded = "try:\n    import cupy\nexcept ImportError:\n    cupy = None"
    assert direct(names(index, guarded, folder=tmp_path)) == []
    assert direct(names(index, "import cupy", folder=tmp_path)) == ["cupy-cuda12x"]


def test_the_user_is_believed(index: FakeIndex, tmp_path: Path) -> None:
    """--assume comes first and is taken without a look."""
    found = names(index, "import helpers", assume=(("helpers", "my-helpers"),), folder=tmp_path)
    assert direct(found) == ["my-helpers"]
    assert won(found.direct[0]) == ["user"]
    assume = (("helpers", "my_helpers[x]>=1"), ("models", "models @ git+https://git.test/m"))
    found = names(index, "import helpers.a, models", assume=assume, folder=tmp_path)
    assert [(d.name, d.extras, d.specifier, d.url) for d in found.direct] == [
        ("models", (), "", "git+https://git.test/m"),
        ("my-helpers", ("x",), ">=1", ""),
    ]
    with pytest.raises(OptionError):
        names(index, "import helpers", assume=(("helpers", "-e ."),), folder=tmp_path)


def test_extras_and_bounds_of_install_lines(index: FakeIndex, tmp_path: Path) -> None:
    """They are part of the requirement."""
    found = names(index, "import numpy", installs=["numpy[fast]>=1.26,<3"], folder=tmp_path)
    assert (found.direct[0].extras, found.direct[0].specifier) == (("fast",), "<3,>=1.26")


def test_the_same_name_when_verified(index: FakeIndex, tmp_path: Path) -> None:
    """A project nobody told of is taken when it has every module and a name that is used."""
    index.add("tinylib", "1.0", {"tinylib/__init__.py": "def go(): pass", "tinylib/sub.py": ""})
    source = "import tinylib.sub\nimport tinylib\ntinylib.go()"
    assert direct(names(index, source, folder=tmp_path)) == ["tinylib"]


def grown(
    index: FakeIndex, name: str, members: Mapping[str, str] | tuple[str, ...], **more: object
) -> None:
    """A project with a few releases behind it."""
    for version in ("0.8", "0.9", "1.0"):
        index.add(name, version, members, **more)  # type: ignore[arg-type]


def refusal(found: Names) -> str:
    """Why the only import was refused."""
    assert not found.direct
    (finding,) = found.unresolved
    assert finding.place is not None
    assert "--assume" in finding.hint
    return finding.message


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


def test_optional_imports_are_dropped_with_a_note(index: FakeIndex, tmp_path: Path) -> None:
    """A guarded import that nothing provides is no error."""
    found = names(index, "try:\n    import nowhere\nexcept ImportError:\n    pass", folder=tmp_path)
    assert direct(found) == []
    assert [(f.severity, f.code) for f in found.findings] == [("note", "import-unresolved")]


@pytest.mark.parametrize(
    ("source", "code_"),
    [("from google.colab import drive", "import-elsewhere"), ("import urllib2", "import-python2")],
)
def test_modules_that_no_index_has(
    index: FakeIndex, tmp_path: Path, source: str, code_: str
) -> None:
    """Colab's own modules and Python 2's are told, not looked up."""
    found = names(index, source, folder=tmp_path)
    assert [f.code for f in found.findings] == [code_]
    assert direct(found) == []


def test_a_metapackage_through_its_parts(index: FakeIndex, tmp_path: Path) -> None:
    """An empty distribution is taken for what it requires, one level deep."""
    grown(index, "tinylib", (), requires=("tinylib-core>=1", "numpy"))
    index.add("tinylib-core", "1.0", ("tinylib/__init__.py",))
    found = names(index, "import tinylib", folder=tmp_path)
    assert direct(found) == ["tinylib"]
    assert "through tinylib-core" in found.direct[0].evidence[0].detail


def test_another_distribution_does_not_come_in_through_a_dependency(
    index: FakeIndex, tmp_path: Path
) -> None:
    """A project with modules of its own is no metapackage for an unrelated requirement."""
    grown(index, "tinylib", ("other/__init__.py",), requires=("numpy",))
    index.add("numpy", "2.1", ("numpy/__init__.py", "tinylib/__init__.py"))
    assert "no module tinylib" in refusal(names(index, "import tinylib", folder=tmp_path))


def test_a_module_that_only_older_releases_have(index: FakeIndex, tmp_path: Path) -> None:
    """A distribution that renamed its module is still the one that had it."""
    index.add("pystan", "2.19", ("pystan/__init__.py",), uploaded="2019-01-01")
    index.add("pystan", "3.0", ("stan/__init__.py",), uploaded="2021-01-01")
    found = names(index, "import pystan", folder=tmp_path)
    assert (found.direct[0].name, found.direct[0].specifier) == ("pystan", "<3")


def test_the_date_does_not_decide_what_a_name_is(index: FakeIndex, tmp_path: Path) -> None:
    """A known project that was empty at the notebook's date is known by its newest release."""
    index.add("cupy-cuda12x", "0.1", (), uploaded="2020-01-01", sdist=True)
    index.add("cupy-cuda12x", "13.0", ("cupy/__init__.py",), uploaded="2024-01-01")
    found = names(index, "import cupy", folder=tmp_path, as_of="2021-01-01")
    assert direct(found) == ["cupy-cuda12x"]


def test_declared_distributions_are_looked_into(index: FakeIndex, tmp_path: Path) -> None:
    """An import that nobody knows is found in what the notebook installs, before any guess."""
    index.add("acme-sdk", "1.0", ("acmelib/__init__.py",))
    index.add("acmelib", "1.0", ("acmelib/__init__.py",))
    found = names(index, "import acmelib", installs=["acme-sdk"], folder=tmp_path)
    assert direct(found) == ["acme-sdk"]


def test_an_owner_of_another_time_is_no_conflict(index: FakeIndex, tmp_path: Path) -> None:
    """A distribution whose older release is wanted does not own what its newest one took over."""
    index.add("old-core", "1.0", ("old_core/__init__.py",), uploaded="2020-01-01")
    index.add("old-core", "2.0", ("shop/__init__.py",), uploaded="2024-01-01")
    grown(index, "shop", ("shop/__init__.py",))
    lines = ["shop", "old-core"]
    found = names(index, "import shop\nimport old_core", installs=lines, folder=tmp_path)
    assert direct(found) == ["old-core", "shop"]


def test_two_owners_of_a_module_are_a_conflict(index: FakeIndex, tmp_path: Path) -> None:
    """Two chosen distributions with the same module cannot both be installed."""
    grown(index, "tinylib", ("tinylib.py", "twin/__init__.py"))
    grown(index, "twin", ("twin/__init__.py",))
    with pytest.raises(RequirementsError) as caught:
        names(index, "import tinylib\nimport twin", folder=tmp_path)
    assert caught.value.code == "module-conflict"
    assert "cell 1, line 1" in caught.value.message


@pytest.mark.parametrize(
    ("near", "far", "said"),
    [
        ("numpy<2", "numpy>=1.20", ("numpy<2 comes first", False)),
        ("numpy<2", "numpy<2", ("2.0 provides numpy", True)),
        ("numpy<2", "numpy", ("agrees", True)),
    ],
)
def test_what_a_farther_file_says_counts_where_it_agrees(
    near: str, far: str, said: tuple[str, bool], index: FakeIndex, tmp_path: Path
) -> None:
    """Another bound is no evidence for what is locked, and is told as what it is."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "requirements.txt").write_text(near)
    (tmp_path / "requirements.txt").write_text(far)
    found = names(index, "import numpy", folder=tmp_path, at="sub/nb.ipynb")
    (numpy,) = found.direct
    assert numpy.preferred == "<2"
    (other,) = (e for e in numpy.evidence if e.place and e.place.file == "requirements.txt")
    assert (other.detail.rpartition("; ")[2], other.won) == said


def test_every_install_line_bounds(index: FakeIndex, tmp_path: Path) -> None:
    """Two lines of the notebook hold together: the second says so."""
    index.add("numpy", "1.26", ("numpy/__init__.py",))
    lines = ["numpy<2", "numpy>=1.20"]
    (numpy,) = names(index, "import numpy", installs=lines, folder=tmp_path).direct
    assert numpy.specifier == "<2,>=1.20"
    assert [e.detail.rpartition("; ")[2] for e in numpy.evidence if e.won][
        1
    ] == "its bound holds too"


@pytest.mark.parametrize(
    ("bundled", "requires", "fine"),
    [
        ({"twin/__init__.py": "x = 1", "twin/a.py": "y = 2", "twin/b.py": "z = 33"}, (), True),
        ({"twin/__init__.py": "x = 1", "twin/a.py": "of another's"}, (), False),
        ({"twin/__init__.py": "of another's"}, ("twin>=1",), True),
    ],
    ids=["copied", "namesake", "required"],
)
def test_a_module_that_comes_twice_by_its_authors_will_is_no_conflict(
    bundled: dict[str, str], requires: tuple[str, ...], fine: bool, index: FakeIndex, tmp_path: Path
) -> None:
    """pytorch-lightning brings lightning-fabric's files; another may require what it overlays."""
    grown(index, "biglib", {"biglib/__init__.py": "", **bundled}, requires=requires)
    twin = {"twin/__init__.py": "x = 1", "twin/a.py": "y = 2", "twin/b.py": "z = 3"}
    grown(index, "twin", twin)
    if fine:
        found = names(index, "import biglib\nimport twin", folder=tmp_path)
        assert direct(found) == ["biglib", "twin"]
    else:
        with pytest.raises(RequirementsError, match="two distributions bring the module twin"):
            names(index, "import biglib\nimport twin", folder=tmp_path)


def test_a_part_below_a_module_is_no_second_owner(index: FakeIndex, tmp_path: Path) -> None:
    """azureml-train-automl-runtime has a part of the package of azureml-train-automl-client."""
    shared = ("azureml/train/automl/__init__.py",)
    index.add("azureml-train-automl-client", "1.0", shared)
    index.add(
        "azureml-train-automl-runtime", "1.0", (*shared, "azureml/train/automl/runtime/__init__.py")
    )
    source = "import azureml.train.automl\nimport azureml.train.automl.runtime"
    assert direct(names(index, source, folder=tmp_path)) == [
        "azureml-train-automl-client",
        "azureml-train-automl-runtime",
    ]


def test_an_index_that_is_down_is_not_an_absence(index: FakeIndex, tmp_path: Path) -> None:
    """No answer is an error of its own, never an unresolved import."""
    index.down.add("numpy")
    with pytest.raises(RequirementsError) as caught:
        names(index, "import numpy", folder=tmp_path)
    assert caught.value.code == "index-down"


def test_offline_tells_all_that_is_missing(index: FakeIndex, tmp_path: Path) -> None:
    """One error for everything that the cache lacks."""
    index.uncached |= {"numpy", "scikit-learn"}
    with pytest.raises(RequirementsError) as caught:
        names(index, "import numpy, sklearn, cv2", folder=tmp_path)
    assert caught.value.code == "offline-missing"
    assert "numpy" in caught.value.message
    assert "scikit-learn" in caught.value.message


def test_unresolved_imports_are_raised_at_once(index: FakeIndex, tmp_path: Path) -> None:
    """All of them in one error, each with its cell."""
    found = names(index, "import utils", "import helpers.deep", folder=tmp_path)
    with pytest.raises(RequirementsError) as caught:
        found.settled()
    places = [f.place for f in caught.value.findings]
    assert places == [Place(cell=1, line=1), Place(cell=2, line=1)]
    assert "cell 2, line 1" in caught.value.message


def test_an_environment_gives_exact_versions(index: FakeIndex, tmp_path: Path) -> None:
    """What runs there comes before the project's files; the version gives way if it must."""
    installed = Declared(
        rule="environment",
        name="opencv-contrib-python",
        specifier="==4.8.0",
        place=Place(),
        written="opencv-contrib-python 4.8.0 in venv",
        modules=("cv2",),
    )
    index.add("opencv-contrib-python", "4.8.0", ("cv2/__init__.py",))
    found = names(index, "import cv2", folder=tmp_path, environment=(installed,))
    assert direct(found) == ["opencv-contrib-python"]
    assert (found.direct[0].specifier, found.direct[0].preferred) == ("", "==4.8.0")


def test_a_private_package_of_an_environment_is_not_taken_for_its_namesake(
    index: FakeIndex, tmp_path: Path
) -> None:
    """What the index has under the name must have the module."""
    index.add("inhouse", "9.9", ("other/__init__.py",))
    private = Declared(
        rule="environment",
        name="inhouse",
        specifier="==1.0",
        place=Place(),
        written="inhouse 1.0 is installed in the environment",
        modules=("inhouse",),
    )
    found = names(index, "import inhouse", folder=tmp_path, environment=(private,))
    assert "import inhouse" in found.unresolved[0].message


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
