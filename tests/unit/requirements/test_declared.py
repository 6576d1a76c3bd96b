"""Requirements as people write them: install lines, files, conda."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest

from nb2image.model import Notebook, Place
from nb2image.project.root import Project
from nb2image.requirements.naming.catalogue import load_catalogue
from nb2image.requirements.target import Target
from nb2image.requirements.written.declared import (
    Declared,
    parse_conda,
    parse_requirement,
    poetry_bounds,
)
from nb2image.requirements.written.inline import from_notebook
from nb2image.requirements.written.project_files import from_project
from tests.unit.requirements.builders import code, notebook

TARGET = Target(python="3.11")


def short(found: Declared | None) -> str:
    """A requirement in one line; empty for none."""
    if found is None:
        return ""
    extras = f"[{','.join(found.extras)}]" if found.extras else ""
    return f"{found.name}{extras}{found.specifier}{' @ ' + found.url if found.url else ''}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NumPy == 1.26", "numpy==1.26"),
        ("scikit_learn[b,a]>=1,<2  # why", "scikit-learn[a,b]<2,>=1"),
        ("pandas==1.0 --hash=sha256:00", "pandas==1.0"),
        ("tomli; python_version < '3.11'", ""),
        ("tomli; python_version >= '3.11'", "tomli"),
        ("-e .", ""),
        ("-e git+https://git.test/a/b#egg=c", "c @ git+https://git.test/a/b"),
        ("./wheels/x-1.0-py3-none-any.whl", ""),
        ("git+https://git.test/a/My_Lib.git@v1", "my-lib @ git+https://git.test/a/My_Lib.git@v1"),
        ("git+https://git.test/a/b.git@feature/c", "b @ git+https://git.test/a/b.git@feature/c"),
        ("https://git.test/a/b/archive/main.zip", "b @ https://git.test/a/b/archive/main.zip"),
        ("git+https://git.test/PyG-team/pytorch_geometric.git@2.0",
         "torch-geometric @ git+https://git.test/PyG-team/pytorch_geometric.git@2.0"),
        ("git+https://git.test/a/b#egg=other", "other @ git+https://git.test/a/b"),
        ("git+https://git.test/a/b#subdirectory=py&egg=c",
         "c @ git+https://git.test/a/b#subdirectory=py"),
        ("https://h.test/x_y-1.0-py3-none-any.whl",
         "x-y @ https://h.test/x_y-1.0-py3-none-any.whl"),
        ("name @ https://h.test/n.zip", "name @ https://h.test/n.zip"),
        ("not a requirement", ""),
        ("git+https://git.test/;rm -rf", ""),
        ("git+https://[git.test/a", ""),
        ("name @ file:///home/ann/n-1.0-py3-none-any.whl", ""),
        ("git+file:///home/ann/n", ""),
        ("name @ https://h.test/${TOKEN}/n.zip", ""),
        ("https://h.test/${TOKEN}/n.zip", ""),
        ("name @ https://h.test/n.zip\nother", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_pip(text: str, expected: str) -> None:
    """What pip would read, for the image's Python; the rest is no requirement."""
    found = parse_requirement(text, rule="install-line", place=Place(), target=TARGET)
    assert short(found) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("numpy", "numpy"),
        ("numpy=1.26", "numpy==1.26.*"),
        ("numpy=1.26.4=py311h64a7726_0", "numpy==1.26.4.*"),
        ("numpy==1.26.4", "numpy==1.26.4"),
        ("numpy >=1.20,<2", "numpy<2,>=1.20"),
        ("numpy 1.26.*", "numpy==1.26.*"),
        ("conda-forge::pytables", "tables"),
        ("pytorch=2.1", "torch==2.1.*"),
        ("python=3.9", ""),
        ("cudatoolkit=11", ""),
    ],
)
def test_conda(text: str, expected: str) -> None:
    """conda's specifications in the index's names and PEP 440."""
    found = parse_conda(text, rule="install-line", place=Place(), catalogue=load_catalogue())
    assert short(found) == expected


@pytest.mark.parametrize(
    ("written", "bounds"),
    [
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1", ">=1,<2"),
        ("*", ""),
        (">=1.0", ">=1.0"),
        ("1.0", "==1.0"),
    ],
)
def test_poetry(written: str, bounds: str) -> None:
    """Poetry's carets and tildes."""
    assert poetry_bounds(written) == bounds


FILES = {
    "requirements.txt": ("-r more.txt\nflask==2 \\\n  --hash=sha256:0\n# no\n", ["flask==2"]),
    "environment.yml": (
        "dependencies:\n- numpy=1.26\n- python=3.9\n- pip:\n  - flask>=2\n",
        ["numpy==1.26.*", "flask>=2"],
    ),
    "pyproject.toml": (
        '[project]\nname = "x"\ndependencies = ["a>=1"]\n[project.optional-dependencies]\n'
        'z = ["b"]\n[tool.poetry.dependencies]\npython = "^3.9"\nc = "^1.0"\n'
        'd = {git = "https://git.test/d", rev = "v1"}\n',
        ["a>=1", "b", "c<2,>=1.0", "d @ git+https://git.test/d@v1"],
    ),
    "Pipfile": (
        '[packages]\na = "*"\nb = {version = ">=2", extras = ["x"]}\n',
        ["a", "b[x]>=2"],
    ),
    "setup.cfg": ("[options]\ninstall_requires =\n    a>=1\n    b\n", ["a>=1", "b"]),
    "setup.py": (
        "from setuptools import setup\nimport os\nos.system('x')\n"
        "setup(name=NAME, install_requires=['a>=1', 'b'])",
        ["a>=1", "b"],
    ),
    "uv.lock": ('[[package]]\nname = "a"\nversion = "1.0"\n', ["a==1.0"]),
    "poetry.lock": ('[[package]]\nname = "a"\nversion = "2.1+cpu"\n', ["a==2.1"]),
    "pylock.toml": ('[[packages]]\nname = "a"\nversion = "1.0"\n', ["a==1.0"]),
    "Pipfile.lock": (json.dumps({"default": {"a": {"version": "==1.0"}}}), ["a==1.0"]),
}


def read_files(folder: Path, at: str = "nb.ipynb") -> tuple[list[str], list[str]]:
    """The requirements of a project's files, and the codes of the findings."""
    project = Project(root=folder, notebook=PurePosixPath(at))
    found, findings = from_project(project, TARGET, load_catalogue())
    return [short(d) for d in found], [f.code for f in findings]


@pytest.mark.parametrize("name", FILES)
def test_files(name: str, tmp_path: Path) -> None:
    """Each kind of file in its own terms; nothing of a setup.py is run."""
    text, expected = FILES[name]
    (tmp_path / name).write_text(text)
    assert read_files(tmp_path) == (expected, [])


SOURCES = {
    "pyproject.toml": """
[project]
dependencies = ["a", "b>=1", "c", "d", "e"]
[tool.uv.sources]
a = { path = "../a" }
b = { git = "https://git.test/x/b", tag = "v1" }
c = { workspace = true }
d = [{ url = "https://h.test/d-1.0-py3-none-any.whl", marker = "sys_platform == 'linux'" }]
e = { index = "own" }
[tool.poetry.dependencies]
f = { path = "../f" }
g = { git = "https://git.test/x/g", branch = "main", subdirectory = "py" }
h = "^1 || ^2"
""",
    "uv.lock": """
[[package]]
name = "a"
version = "1"
source = { editable = "." }
[[package]]
name = "b"
version = "1"
source = { git = "https://git.test/x/b?subdirectory=py&rev=main#c0ffee" }
[[package]]
name = "c"
version = "1"
source = { registry = "https://index.test/simple" }
""",
    "poetry.lock": """
[[package]]
name = "a"
version = "1"
source = { type = "directory", url = "../a" }
[[package]]
name = "b"
version = "1"
[package.source]
type = "git"
url = "https://git.test/x/b"
reference = "main"
resolved_reference = "c0ffee"
[[package]]
name = "c"
version = "1"
source = { type = "legacy", url = "https://index.test/simple", reference = "own" }
""",
    "pylock.toml": """
[[packages]]
name = "a"
directory = { path = "." }
[[packages]]
name = "b"
vcs = { type = "git", url = "https://git.test/x/b", commit-id = "c0ffee" }
[[packages]]
name = "c"
version = "1"
archive = { url = "https://h.test/c.zip", hashes = {} }
""",
    "Pipfile": """
[packages]
a = { path = ".", editable = true }
b = { git = "https://git.test/x/b", ref = "main", editable = true }
c = { file = "https://h.test/c.zip" }
""",
}
ORIGINS = {
    "pyproject.toml": [
        "a, in the project",
        "b @ git+https://git.test/x/b@v1",
        "c, in the project",
        "d @ https://h.test/d-1.0-py3-none-any.whl",
        "e",
        "f, in the project",
        "g @ git+https://git.test/x/g@main#subdirectory=py",
        "h",
    ],
    "uv.lock": [
        "a, in the project",
        "b @ git+https://git.test/x/b@c0ffee#subdirectory=py",
        "c==1",
    ],
    "poetry.lock": ["a, in the project", "b @ git+https://git.test/x/b@c0ffee", "c==1"],
    "pylock.toml": [
        "a, in the project",
        "b @ git+https://git.test/x/b@c0ffee",
        "c @ https://h.test/c.zip",
    ],
    "Pipfile": [
        "a, in the project",
        "b @ git+https://git.test/x/b@main",
        "c @ https://h.test/c.zip",
    ],
}


@pytest.mark.parametrize("name", SOURCES)
def test_what_comes_from_elsewhere_is_not_its_namesake_on_the_index(
    name: str, tmp_path: Path
) -> None:
    """Folders and repositories that a project names: the index may hold another's."""
    (tmp_path / name).write_text(SOURCES[name])
    project = Project(root=tmp_path, notebook=PurePosixPath("nb.ipynb"))
    found, findings = from_project(project, TARGET, load_catalogue())
    told = [f"{short(d)}{', in the project' if d.itself else ''}" for d in found]
    assert (told, findings) == (ORIGINS[name], [])


def test_files_that_include_each_other_over_and_over(tmp_path: Path) -> None:
    """Each is read once: twenty files that name the next one twice are no million."""
    for number in range(20):
        following = f"-r {number + 1}.txt\n"
        (tmp_path / f"{number}.txt").write_text(f"a{number}\n{following}{following}")
    (tmp_path / "requirements.txt").write_text("-c 0.txt\n")
    assert read_files(tmp_path) == ([f"a{n}" for n in range(20)], [])


def test_lines_are_counted_as_editors_do(tmp_path: Path) -> None:
    """A line that goes on after a backslash has the number where it begins."""
    (tmp_path / "requirements.txt").write_text("a==1 \\\n  --hash=sha256:00\nb # why\n")
    project = Project(root=tmp_path, notebook=PurePosixPath("nb.ipynb"))
    found, _ = from_project(project, TARGET, load_catalogue())
    assert [(d.name, d.place.line) for d in found] == [("a", 1), ("b", 3)]


def test_only_texts_of_an_environment_are_requirements(tmp_path: Path) -> None:
    """Lists of lists of aliases would be gigabytes of text."""
    bomb = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    text = f"a0: &a0 [x]\n{bomb}dependencies: [b, pip: [c, *a8]]\n"
    (tmp_path / "environment.yml").write_text(text)
    assert read_files(tmp_path) == (["b", "c"], [])


def test_included_files_and_rings(tmp_path: Path) -> None:
    """-r is followed inside the project, and not for ever."""
    (tmp_path / "requirements.txt").write_text("-r sub/more.txt\n-r ../../etc/hostname\na")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/more.txt").write_text("b\n-r ../requirements.txt\n")
    assert read_files(tmp_path) == (["b", "a"], [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "not toml ["),
        ("pyproject.toml", "project = 3"),
        ("environment.yml", "a: [b"),
        ("environment.yml", "!!python/object/apply:os.system ['true']"),
        ("Pipfile.lock", "[]"),
        ("setup.py", "def ("),
    ],
)
def test_a_broken_file_is_told(name: str, text: str, tmp_path: Path) -> None:
    """A file that cannot be read costs itself and a warning."""
    (tmp_path / name).write_text(text)
    (tmp_path / "requirements.txt").write_text("kept")
    assert read_files(tmp_path) == (["kept"], ["requirements-unreadable"])


def test_the_nearest_folder_comes_first(tmp_path: Path) -> None:
    """Beside the notebook, then above, up to the root."""
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "requirements.txt").write_text("x==1")
    (tmp_path / "a/b/requirements.txt").write_text("x==2")
    assert read_files(tmp_path, "a/b/nb.ipynb")[0] == ["x==2", "x==1"]


def test_files_that_install_lines_name(tmp_path: Path) -> None:
    """``pip install -r`` comes first, relative to the notebook, inside the project."""
    (tmp_path / "nbs").mkdir()
    (tmp_path / "extra.txt").write_text("x==3")
    (tmp_path / "nbs/requirements.txt").write_text("x==2")
    project = Project(root=tmp_path, notebook=PurePosixPath("nbs/nb.ipynb"))
    named = ["../extra.txt", "../../outside.txt", "/etc/hostname"]
    found, _ = from_project(project, TARGET, load_catalogue(), named)
    assert [short(d) for d in found] == ["x==3", "x==2"]


def carried(source: str = "", metadata: str = "{}") -> list[str]:
    """The requirements that a notebook carries itself."""
    made = notebook(code(source))
    made = Notebook(name="n", cells=made.cells, sha256="0", format="4.5", metadata_json=metadata)
    return [short(d) for d in from_notebook(made, TARGET)[0]]


def test_a_block_in_a_cell() -> None:
    """PEP 723; a block that cannot be read says nothing."""
    assert carried('# /// script\n# dependencies = ["a>=1", "b"]\n# ///\n') == ["a>=1", "b"]
    assert carried("# /// script\n# dependencies = [\n# ///\n") == []
    assert carried(f"# /// script\n# dependencies = {'[' * 5000}\n# ///\n") == []
    assert carried("# /// other\n# x = 1\n# ///\n# /// script\n# ///\n") == []
    assert carried("# /// script\n" * 100_000) == []
    assert carried('# /// other\n# dependencies = ["a"]\n# ///\n') == []
    sources = '# [tool.uv.sources]\n# a = { git = "https://git.test/a" }\n'
    block = f'# /// script\n# dependencies = ["a"]\n{sources}# ///\n'
    assert carried(block) == ["a @ git+https://git.test/a"]


REFUSED = [
    ("a @ file:///srv/a.whl", "", "a"),
    ("a @ https://ann:s3cret@host.test/${TOKEN}/a.zip", "", "a"),
    ("hg+https://ann:s3cret@host.test/a", "", ""),
    ("a", 'a = { git = "git@host.test:x/a" }', "a"),
    ("a", 'a = { git = "https://[x" }', "a"),
]


@pytest.mark.parametrize(("line", "source", "name"), REFUSED)
def test_a_refused_address_is_told_with_its_place(
    line: str, source: str, name: str, tmp_path: Path
) -> None:
    """In a block and in a project's file; what the index has under the name is but a guess."""
    sources = f"[tool.uv.sources]\n{source}" if source else ""
    table = f'dependencies = ["{line}"]\n{sources}'
    block = "\n".join(["# /// script", *(f"# {row}" for row in table.splitlines()), "# ///"])
    found, findings = from_notebook(notebook(code(block)), TARGET)
    (tmp_path / "pyproject.toml").write_text(f"[project]\n{table}")
    project = Project(root=tmp_path, notebook=PurePosixPath("nb.ipynb"))
    in_file, told = from_project(project, TARGET, load_catalogue())
    assert [f.code for f in (*findings, *told)] == ["address-refused", "address-refused"]
    assert [f.place and (f.place.cell, f.place.file) for f in (*findings, *told)] == [
        (1, None),
        (None, "pyproject.toml"),
    ]
    assert all((name or "a requirement") in f.message for f in (*findings, *told))
    assert "s3cret" not in repr((*findings, *told, *found, *in_file))
    assert [(d.name, d.itself) for d in (*found, *in_file)] == [(name, True)] * (2 * bool(name))


def test_an_address_for_another_platform_is_no_trouble(tmp_path: Path) -> None:
    """A marker that keeps the target out keeps the finding out."""
    (tmp_path / "requirements.txt").write_text('a @ file:///a.whl ; sys_platform == "win32"\n./b\n')
    assert read_files(tmp_path) == ([], [])


def test_a_lock_in_the_metadata() -> None:
    """juv keeps uv's lock there."""
    lock = '[[package]]\nname = "a"\nversion = "1.0"\n'
    assert carried(metadata=json.dumps({"uv.lock": lock})) == ["a==1.0"]
    broken_locks = ("[", "package = 'a'", "package = [1]", f"a = {'[' * 5000}", 3)
    for broken in ("[]", "null", *(json.dumps({"uv.lock": text}) for text in broken_locks)):
        assert carried(metadata=broken) == []
