"""From imports to distributions: the order of evidence, conflicts, environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from nb2image.errors import OptionError, RequirementsError
from nb2image.model import Install, Place
from nb2image.requirements.naming.catalogue import load_catalogue
from nb2image.requirements.written.declared import Declared, from_installs
from tests.unit.requirements.fake_index import FakeIndex
from tests.unit.requirements.naming_cases import (
    TARGET,
    direct,
    grown,
    known_index,
    names,
    refusal,
    won,
)


@pytest.fixture
def index() -> FakeIndex:
    """Some well-known projects, and twins that only share an import's name."""
    return known_index()


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
