"""Which files of a project go into the image."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from nb2image.errors import OptionError, PlanError
from nb2image.model import LocalModule, LockedPackage, Notebook, Place, Script, ScriptCell
from nb2image.options import Options
from nb2image.project.files import ProjectFiles, plan_files
from nb2image.project.root import Project

NOTEBOOK = Notebook(name="nb", cells=(), sha256="0" * 64, format="4.5")
Choose = Callable[..., ProjectFiles]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a notebook in work/ and some data."""
    root = tmp_path / "project"
    for path in (
        "work/nb.ipynb",
        "work/x.csv",
        "work/y[1].csv",
        "work/sub/a.csv",
        "work/sub/deep/b.csv",
        "work/sub/.ipynb_checkpoints/old.csv",
        "data/y 1.csv",
        "data/#z.csv",
        "unrelated.txt",
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


@pytest.fixture
def choose(root: Path) -> Choose:
    """The files chosen for a script of the given cells."""

    def chosen(
        *sources: str,
        modules: tuple[LocalModule, ...] = (),
        name: str = "train.py",
        **options: object,
    ) -> ProjectFiles:
        cells = tuple(
            ScriptCell(number=n, source=source, first_line=1, last_line=1)
            for n, source in enumerate(sources, 1)
        )
        script = Script(name=name, text="", lines=(), cells=cells, local_modules=modules)
        project = Project(root=root, notebook=PurePosixPath("work/nb.ipynb"))
        return plan_files(NOTEBOOK, script, project, Options(**options))  # type: ignore[arg-type]

    return chosen


def data(chosen: ProjectFiles) -> list[str]:
    """The paths of all but the notebook."""
    return [file.path for file in chosen.files if file.kind != "notebook"]


def test_a_file_is_planned_with_size_hash_reason_and_place(choose: Choose) -> None:
    """Everything that the plan tells about a data file."""
    (notebook, file) = choose("1", 'a = 1\nread_csv("x.csv")').files
    assert notebook.path == "work/nb.ipynb"
    assert (file.path, file.size, file.kind) == ("work/x.csv", 10, "data")
    assert file.sha256 == hashlib.sha256(b"work/x.csv").hexdigest()
    assert file.place == Place(cell=2, line=2)
    assert file.reason == "read as 'x.csv'"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('read_csv("x.csv")', ["work/x.csv"]),
        ('read_csv("./sub/../x.csv")', ["work/x.csv"]),
        ('read_csv("../data/y 1.csv")', ["data/y 1.csv"]),
        ('os.listdir("../data")', ["data/#z.csv", "data/y 1.csv"]),
        ('read_csv(f"../data/{n}.csv")', ["data/#z.csv", "data/y 1.csv"]),
        ('read_csv("../data/y %d.csv" % n)', ["data/y 1.csv"]),
        ('glob("sub/*.csv")', ["work/sub/a.csv"]),
        ('glob("sub/**/*.csv")', ["work/sub/a.csv", "work/sub/deep/b.csv"]),
        ('load_files("sub")', ["work/sub/a.csv", "work/sub/deep/b.csv"]),
        ('os.chdir("..")\nread_csv("data/y 1.csv")', ["data/y 1.csv"]),
        ('open(f"{folder}/{name}")', []),
        ('open(folder + "/" + name)', []),
        ('if there:\n    os.chdir("..")\nread_csv("x.csv")', ["work/x.csv"]),
        ('print("sub")', []),
        ('os.listdir(".")', []),
        ('os.listdir("..")', []),
        ('read_csv("y[1].csv")', ["work/y[1].csv"]),
        ('open("nothing.csv")', []),
        ('open("/etc/passwd")', []),
        ('open("../../../../../../etc/passwd")', []),
        ('df.to_csv("x.csv")', []),
        ('df.to_csv("x.csv")\nread_csv("x.csv")', []),
        ('if new:\n    df.to_csv("x.csv")\nread_csv("x.csv")', ["work/x.csv"]),
        ('read_csv("x.csv")\ndf.to_csv("x.csv")', ["work/x.csv"]),
    ],
)
def test_data_is_what_the_code_reads_and_does_not_make(
    choose: Choose, source: str, expected: list[str]
) -> None:
    """Files, folders and patterns, at their places; never the whole project, never the host."""
    assert data(choose(source)) == expected


def test_modules_come_along_with_the_data_they_name(choose: Choose, root: Path) -> None:
    """A module's paths are relative to the notebook's folder, as the run will see them."""
    (root / "work/tools.py").write_text("def load():\n    return open('x.csv')\n")
    module = LocalModule(path="work/tools.py", source=(root / "work/tools.py").read_text())
    chosen = choose("import tools", modules=(module,))
    assert [(f.path, f.kind) for f in chosen.files] == [
        ("work/nb.ipynb", "notebook"),
        ("work/tools.py", "module"),
        ("work/x.csv", "data"),
    ]
    assert chosen.files[2].place == Place(file="work/tools.py", line=2)


def test_a_module_that_a_cell_writes_is_not_looked_for(choose: Choose) -> None:
    """%%writefile makes it when the script runs."""
    module = LocalModule(path="work/made.py", source="x = 1", written_by_cell=1)
    assert data(choose("import made", modules=(module,))) == []


def test_a_former_script_is_not_carried_along(choose: Choose, root: Path) -> None:
    """The new train.py takes the place of one that lies beside the notebook."""
    (root / "work/train.py").write_text("old")
    assert data(choose('open("train.py")')) == []


def test_include_adds_files_and_folders(choose: Choose) -> None:
    """--include is relative to the notebook's folder."""
    assert data(choose("1", include=("x.csv", "../data"))) == [
        "data/#z.csv",
        "data/y 1.csv",
        "work/x.csv",
    ]


@pytest.mark.parametrize(
    ("name", "code"), [("nothing", "include-missing"), ("../..", "include-outside")]
)
def test_include_of_what_is_not_there_is_an_error(choose: Choose, name: str, code: str) -> None:
    """A wish that cannot be met is no silence."""
    with pytest.raises(OptionError) as caught:
        choose("1", include=(name,))
    assert caught.value.code == code


def test_exclude_wins_but_over_the_notebook(choose: Choose) -> None:
    """--exclude takes globs over project-relative paths."""
    chosen = choose('listdir("sub")', include=("x.csv",), exclude=("deep", "x.*", "*.ipynb"))
    assert [f.path for f in chosen.files] == ["work/nb.ipynb", "work/sub/a.csv"]


def test_secrets_stay_behind_unless_named(choose: Choose, root: Path) -> None:
    """A key that the code reads is a finding; --include of the very file takes it."""
    (root / "work/sub/id_rsa").write_text("key")
    chosen = choose('open("sub/id_rsa")\nlistdir("sub")')
    assert "work/sub/id_rsa" not in data(chosen)
    assert {f.code for f in chosen.findings} == {"secret-not-taken"}
    assert "work/sub/id_rsa" not in data(choose("1", include=("sub",)))
    assert "work/sub/id_rsa" in data(choose("1", include=("sub/id_rsa",)))


def test_links_out_of_the_project_are_not_followed(choose: Choose, root: Path) -> None:
    """A link inside the project is taken at its own place, one that leaves it never."""
    (root.parent / "outside.csv").write_text("secret")
    (root / "work/out.csv").symlink_to(root.parent / "outside.csv")
    (root / "work/sub/out").symlink_to(root.parent)
    (root / "work/in.csv").symlink_to(root / "data/y 1.csv")
    (root / "work/sub/loop").symlink_to(root / "work/sub")
    chosen = choose('read_csv("out.csv")\nread_csv("in.csv")\nlistdir("sub")')
    assert data(chosen) == ["work/in.csv", "work/sub/a.csv", "work/sub/deep/b.csv"]
    assert [f.code for f in chosen.findings] == ["path-outside"]
    with pytest.raises(OptionError):
        choose("1", include=("out.csv",))


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ('read_csv("nothing.csv")', "file-missing"),
        ('read_csv("../../elsewhere.csv")', "path-outside"),
        ('read_csv("/home/me/x.csv")', "path-absolute"),
        ('read_csv("~/x.csv")', "path-absolute"),
        ('read_csv("sub\\\\a.csv")', "path-windows"),
    ],
)
def test_what_will_be_missing_is_said(choose: Choose, source: str, code: str) -> None:
    """A read that cannot succeed in the image is a finding with its cell and line."""
    (finding,) = choose("1", source).findings
    assert (finding.code, finding.place) == (code, Place(cell=2, line=1))


def test_another_case_is_named(choose: Choose) -> None:
    """A file that macOS and Windows would find is not found in the image."""
    (finding,) = choose('read_csv("X.CSV")').findings
    assert finding.code == "file-missing"
    assert finding.hint == "there is 'x.csv': in the image, upper and lower case differ"


@pytest.mark.parametrize(
    "source",
    [
        'df.to_csv("new.csv")\nread_csv("new.csv")',
        'if a:\n    read_csv("nothing.csv")',
        "read_csv(url)",
        'print("nothing.csv")',
        'version.parse("1.0.1")',
        'importlib.import_module("sklearn.svm")',
    ],
)
def test_no_alarm_where_nothing_is_wrong(choose: Choose, source: str) -> None:
    """What the script makes itself, may not reach, or does not read."""
    assert choose(source).findings == ()


def test_too_much_is_refused_before_it_is_read(choose: Choose, root: Path) -> None:
    """The error names the largest files and what to do."""
    with (root / "work/big.bin").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(PlanError) as caught:
        choose('open("big.bin")\nopen("x.csv")')
    assert caught.value.code == "context-too-large"
    assert "'work/big.bin' (1,000,000.0 MB)" in caught.value.message
    assert "--exclude" in caught.value.hint


def test_files_that_the_context_must_bring_for_the_lock_count(root: Path) -> None:
    """They are named as what they are."""
    script = Script(name="train.py", text="", lines=(), cells=())
    project = Project(root=root, notebook=PurePosixPath("work/nb.ipynb"))
    locked = (LockedPackage(name="a", version="1", vendored="a-1.whl", size=10**9),)
    with pytest.raises(PlanError) as caught:
        plan_files(NOTEBOOK, script, project, Options(), locked)
    assert caught.value.code == "context-too-large"
    assert "'wheels/a-1.whl' (1,000.0 MB)" in caught.value.message
    assert "only this host's package folders" in caught.value.hint


def test_what_tools_made_is_no_data(choose: Choose, root: Path) -> None:
    """Neither a context of ours nor a virtual environment below the notebook's folder."""
    for path in ("work/nb-image/.nb2image-files", "work/nb-image/data/x.csv", "work/v/pyvenv.cfg"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    (root / "work/v/x.csv").touch()
    assert data(choose('glob("**/x.csv")')) == ["work/x.csv"]


def test_a_broken_cell_is_passed_over(choose: Choose) -> None:
    """Code that does not parse names no files; the script's stage has already said so."""
    assert data(choose("1 +", 'read_csv("x.csv")')) == ["work/x.csv"]
