"""The paths that a script names, read without running it."""

from __future__ import annotations

import pytest

from nb2image.image.constants import Env
from nb2image.image.paths import NamedPath, named_paths
from nb2image.image.pattern import UNKNOWN, excluded, fits, literal_folder


def names(source: str, env: Env | None = None) -> list[NamedPath]:
    return list(named_paths(source, {} if env is None else env))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('pd.read_csv("x.csv")', {"x.csv"}),
        ('pd.read_csv(filepath_or_buffer="x.csv")', {"x.csv"}),
        ('DATA = "data/"\npd.read_csv(DATA + "x.csv")', {"data/x.csv"}),
        ('DATA = Path("data")\nopen(DATA / "a" / "x.csv")', {"data/a/x.csv"}),
        ('open(os.path.join("data", "a", "x.csv"))', {"data/a/x.csv"}),
        ('open(Path("data").joinpath("x.csv"))', {"data/x.csv"}),
        ('n = 3\nopen(f"data/part{n}.csv")', {f"data/part{UNKNOWN}.csv"}),
        ('open("data/%02d.csv" % n)', {f"data/{UNKNOWN}.csv"}),
        ('open("data/{}-{:02}.csv".format(a, b))', {f"data/{UNKNOWN}-{UNKNOWN}.csv"}),
        ('open(os.path.join("data", name))', {f"data/{UNKNOWN}"}),
        ('for f in ["a.csv", "b.csv"]:\n    open("d/" + f)', {"d/a.csv", "d/b.csv"}),
        ('[open(f"d/{f}") for f in ("a", "b")]', {"d/a", "d/b"}),
        ('ROOT = Path.cwd().parent\nopen(ROOT / "x.csv")', {"../x.csv"}),
        ('ROOT = Path().absolute().parents[1] / "d"\nopen(ROOT / "x.csv")', {"../../d/x.csv"}),
        ('open(Path("a/b/c").parents[0] / "x.csv")', {"a/b/x.csv"}),
        ('open(os.path.join(os.pardir, "x.csv"))', {"../x.csv"}),
        ('ROOT = os.path.dirname(os.getcwd())\nopen(f"{ROOT}/x.csv")', {"../x.csv"}),
        ('glob.glob("data/*.csv")', {"data/*.csv"}),
        ('Path("data").rglob("*.csv")', {"data/**/*.csv"}),
        ('def load(path="x.csv"):\n    return open(path)', {"x.csv"}),
        ('BIG = False\np = "big.csv" if BIG else "small.csv"\nopen(p)', {"big.csv", "small.csv"}),
        ('p = "a.csv"\nif full:\n    p = "b.csv"\nopen(p)', {"a.csv", "b.csv"}),
        ('p = "a"\np += ".csv"\nopen(p)', {"a.csv"}),
        ('self.path = "x.csv"\nopen(self.path)', {"x.csv"}),
        ('with open("x.csv") as f:\n    f.read()', {"x.csv"}),
        ('requests.get("https://example.org/x.csv")', set()),
        ('open("a\\nb")', set()),
    ],
)
def test_paths_are_put_together_from_literals(source: str, expected: set[str]) -> None:
    """Joins, formats, loops, defaults and parents are followed; the rest is unknown."""
    found = {n.text for n in names(source) if n.use in ("open", "read")}
    assert found - {"data", "data/", "r"} == expected


@pytest.mark.parametrize(
    ("source", "use", "text"),
    [
        ('df.to_csv("out.csv")', "write", "out.csv"),
        ('plt.savefig("a.png")', "write", "a.png"),
        ('open("a.txt", "w")', "write", "a.txt"),
        ('open("a.txt", mode="wb")', "write", "a.txt"),
        ('open("a.txt", "rb")', "open", "a.txt"),
        ('np.load("a.npy")', "open", "a.npy"),
        ('pd.read_csv("a.csv")', "open", "a.csv"),
        ('pd.read_sql("a.b")', "read", "a.b"),
        ('import_module("a.b")', "read", "a.b"),
        ('joblib.dump(model, "m.joblib")', "write", "m.joblib"),
        ('Path("a.txt").write_text("b.csv")', "write", "a.txt"),
        ('Path("a.txt").write_text("b.csv")', "mention", "b.csv"),
        ('handle.write("b.csv")', "mention", "b.csv"),
        ('Path("a.txt").read_text()', "open", "a.txt"),
        ('shutil.copy("a.csv", "b.csv")', "read", "a.csv"),
        ('shutil.copy("a.csv", "b.csv")', "write", "b.csv"),
        ('urlretrieve(url, "a.csv")', "write", "a.csv"),
        ('x = {"train": "a.csv"}', "mention", "a.csv"),
    ],
)
def test_the_use_is_read_from_the_function(source: str, use: str, text: str) -> None:
    """What is written is told from what is read."""
    assert [n.use for n in names(source) if n.text == text] == [use]


@pytest.mark.parametrize(
    ("source", "folder"),
    [
        ('os.listdir("images")', True),
        ('load_images("images")', True),
        ('train(data_dir="images")', True),
        ('{"data_dir": "images"}', True),
        ('DATA_DIR = "images"\ntrain(DATA_DIR)', True),
        ('show("a/images")', True),
        ('DATA_DIR = "images"', False),
        ('print("images")', False),
        ('df["images"].plot()', False),
        ('df.drop(columns="images")', False),
        ('os.makedirs("images")', False),
    ],
)
def test_a_folder_is_meant_only_where_the_context_says_so(source: str, folder: bool) -> None:
    """A word that is spelt like a folder does not bring the folder along."""
    assert any(n.folder for n in names(source) if n.text.endswith("images")) is folder


@pytest.mark.parametrize(
    ("source", "sure"),
    [
        ('df.to_csv("x")', True),
        ('with a:\n    df.to_csv("x")', True),
        ('if a:\n    df.to_csv("x")', False),
        ('try:\n    df.to_csv("x")\nexcept E:\n    pass', False),
        ('def f():\n    df.to_csv("x")', False),
        ('for i in range(n):\n    df.to_csv("x")', False),
        ('for i in ["a"]:\n    df.to_csv("x")', True),
    ],
)
def test_what_may_not_be_reached_is_not_sure(source: str, sure: bool) -> None:
    """Only what every run executes counts as done."""
    (named,) = [n for n in names(source) if n.text == "x"]
    assert named.sure is sure


def test_names_bound_in_one_cell_are_known_in_the_next() -> None:
    """Cells share their names."""
    env: Env = {}
    named_paths('DATA = "data"', env)
    assert [n.text for n in names('open(DATA + "/x")', env)] == ["data/x"]


@pytest.mark.parametrize(
    "source",
    [
        "x = 'a'\n" + "x = x + x\n" * 80,
        "".join(f"v{n} = 'a' if c else 'b'\n" for n in range(40))
        + "open("
        + " + ".join(f"v{n}" for n in range(40))
        + ")",
        "open(f'" + "{x}" * 400 + "')",
        "x = 'a'\n" + "x = Path(x, x)\nx = os.path.join(x, x)\n" * 40,
    ],
)
def test_code_cannot_make_the_search_endless(source: str) -> None:
    """Strings that double and choices that multiply are cut short."""
    assert len(names(source)) <= 200


@pytest.mark.parametrize(
    ("pattern", "path", "glob", "matched"),
    [
        ("a/*.csv", "a/x.csv", True, True),
        ("a/*.csv", "a/b/x.csv", True, False),
        ("a/**/*.csv", "a/x.csv", True, True),
        ("a/**/*.csv", "a/b/c/x.csv", True, True),
        ("a/**", "a/b/x.csv", True, True),
        ("a/**", "a", True, False),
        ("**/*.csv", "x.csv", True, True),
        ("**/b/**/*.csv", "a/b/c/d/x.csv", True, True),
        ("**/" * 200 + "y", "a/" * 200 + "x", True, False),
        ("*a" * 100 + "b", "a" * 250, True, False),
        ("a/x?.csv", "a/x1.csv", True, True),
        ("a/x[0-3].csv", "a/x2.csv", True, True),
        ("a/x[!0-3].csv", "a/x2.csv", True, False),
        ("a/x[z-a].csv", "a/x2.csv", True, False),
        ("a/[].csv", "a/[].csv", True, True),
        ("a/*.csv", "a/*.csv", False, True),
        ("a/*.csv", "a/x.csv", False, False),
        (f"a/{UNKNOWN}.csv", "a/x.csv", False, True),
        (f"a/{UNKNOWN}.csv", "a/b/x.csv", False, False),
        (f"a/{UNKNOWN}", "a/b/x.csv", False, True),
        (f"a/b{UNKNOWN}", "a/b/x.csv", False, False),
    ],
)
def test_patterns(pattern: str, path: str, glob: bool, matched: bool) -> None:
    """Globs as the shell's, unknown parts inside one folder unless they end the path."""
    assert fits(path, pattern, glob=glob) is matched


@pytest.mark.parametrize(
    ("path", "pattern", "out"),
    [
        ("data/raw/x.csv", "data", True),
        ("data/raw/x.csv", "raw", True),
        ("data/raw/x.csv", "data/raw", True),
        ("data/raw/x.csv", "./data/", True),
        ("data/raw/x.csv", "*.csv", True),
        ("data/raw/x.csv", "raw/*.csv", False),
        ("data/raw/x.csv", "**/*.csv", True),
        ("database/x.csv", "data", False),
    ],
)
def test_excluded(path: str, pattern: str, out: bool) -> None:
    """A glob leaves out a file or all below a folder, as in .gitignore."""
    assert excluded(path, (pattern,)) is out


@pytest.mark.parametrize(
    ("pattern", "folder"), [("a/b/*.csv", "a/b"), ("*.csv", ""), (f"a/{UNKNOWN}/b", "a")]
)
def test_literal_folder(pattern: str, folder: str) -> None:
    """The search for a pattern begins where it stops being literal."""
    assert literal_folder(pattern) == folder
