"""Install lines become requirements."""

from __future__ import annotations

import pytest

from tests.unit.notebook.build import body, script


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%pip install numpy", ["numpy"]),
        ("!pip install -q -U numpy pandas==2.1", ["numpy", "pandas==2.1"]),
        ("!pip3 install 'numpy>=1.2,<2'", ["numpy>=1.2,<2"]),
        ("!pip install numpy>=1.2", ["numpy>=1.2"]),
        ("!{sys.executable} -m pip install numpy", ["numpy"]),
        ("!python3.8 -m pip install numpy", ["numpy"]),
        ("!sudo -H pip install numpy", ["numpy"]),
        ("!uv pip install numpy", ["numpy"]),
        ("!pip install -r requirements.txt", ["-r requirements.txt"]),
        ("!pip install -e .", ["-e ."]),
        ("!pip install a==1 !pip install b", ["a==1", "b"]),
        ("%pip install pip install a", ["a"]),
        ("!pip install git+https://host/x.git#egg=x", ["git+https://host/x.git#egg=x"]),
        ("!pip install numpy > /dev/null 2>&1", ["numpy"]),
        ("!pip install numpy 2>&1 | tail -n 1", ["numpy"]),
        ("!yes | pip install numpy", ["numpy"]),
        ("!pip install numpy  # for arrays", ["numpy"]),
        ("!pip install a && pip install b; pip install c", ["a", "b", "c"]),
        ("!pip install --upgrade pip numpy", ["numpy"]),
        ("!pip list", []),
        ("%conda install -y -c conda-forge numpy=1.2", ["numpy=1.2"]),
        ("!apt-get update && apt-get install -y graphviz > /dev/null", ["graphviz"]),
        ("!apt -qq install -y libgl1 ffmpeg", ["libgl1", "ffmpeg"]),
    ],
)
def test_install_lines(line: str, expected: list[str]) -> None:
    """Every form in use; the line stays as a comment."""
    made = script(line, "import sys")
    assert [i.requirement for i in made.installs] == expected
    assert body(made).startswith("# ")
    assert all(i.place.cell == 1 for i in made.installs)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('subprocess.run([sys.executable, "-m", "pip", "install", "-q", "a>=1"])', ["a>=1"]),
        ('subprocess.check_call([sys.executable, "-m", "pip", "install", "a b"], x=1)', ["a b"]),
        ('subprocess.check_call(("pip", "install", "a"))', ["a"]),
        ('check_call(f"{sys.executable} -m pip install a b", shell=True)', ["a", "b"]),
        ('subprocess.run("pip install a".split())', ["a"]),
        ("subprocess.run(shlex.split('pip install \"a<2\"'))", ["a<2"]),
        ('os.system("pip install a && pip install b > /dev/null")', ["a", "b"]),
        ('os.system("apt-get install -y graphviz")', ["graphviz"]),
        ('get_ipython().system("pip install a")', ["a"]),
        ('pip.main(["install", "a"])', ["a"]),
    ],
)
def test_install_lines_in_plain_python(line: str, expected: list[str]) -> None:
    """What is written out is one, wherever it stands; the statement stays as a comment."""
    made = script(f"import os, shlex, subprocess, sys\nif True:\n    {line}\n")
    assert [i.requirement for i in made.installs] == expected
    assert [i.place.line for i in made.installs] == [3] * len(expected)
    assert body(made).rstrip().endswith("(the image holds what it installs)\n    pass")


@pytest.mark.parametrize(
    "line",
    [
        'subprocess.run([sys.executable, "-m", "pip", "install", package])',
        'done = subprocess.run(["pip", "install", "a"])',
        'os.system("pip install " + package)',
        'os.system("pip install a && python train.py")',
        "subprocess.run(shlex.split('pip install \"a'))",
        'subprocess.run(["echo", "pip install a"])',
        'shell.run("pip install a")',
        "os.system()",
    ],
)
def test_what_plain_python_does_beside_installing_stays(line: str) -> None:
    """A call whose words or whose result matter is the notebook's own."""
    made = script(f"package = choose()\nif True:\n    {line}\n")
    assert not made.installs
    assert line in body(made)


def test_options_that_matter_are_kept() -> None:
    """An index or --pre changes what is found."""
    made = script("!pip install --pre --index-url https://host/simple torch -q")
    assert made.installs[0].options == ("--pre", "--index-url https://host/simple")


def test_names_that_the_notebook_knows_are_expanded() -> None:
    """``{name}`` and ``$name`` stand for text assigned once."""
    made = script("V = '1.2'", "!pip install a=={V} b==$V")
    assert [i.requirement for i in made.installs] == ["a==1.2", "b==1.2"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("!wget https://host/a.zip && unzip -q a.zip", ["wget", "unzip"]),
        ("!dot -Tpng a.dot | convert - a.gif", ["dot", "convert"]),
        ("x = !git log", ["git"]),
        ("!cd a; sudo A=1 /usr/bin/make all", ["make"]),
        ("!./run.sh && $TOOL x && export A=1", []),
        ("%%bash\nif true; then\n  jq . a\nfi", ["jq", "bash"]),
        ("%%script awk x\n", ["awk"]),
        ("%%time\n!curl x", ["curl"]),
        ("!pip install wget", []),
        ("%load_ext Cython\n", []),
    ],
)
def test_programs_that_shell_lines_call(source: str, expected: list[str]) -> None:
    """The image must hold them: each is named with its place."""
    found = script(source, "print(1)").programs
    assert sorted(name for name, _ in found) == sorted(expected)
    assert all(place.cell == 1 for _, place in found)


def test_cython_needs_a_compiler() -> None:
    """A ``%%cython`` cell is compiled when it runs."""
    assert [name for name, _ in script("%load_ext Cython", "%%cython\nx = 1").programs] == ["gcc"]


def test_what_only_a_run_knows_is_a_finding() -> None:
    """A version that is computed cannot become a requirement."""
    made = script("!pip install torch=={version()}")
    assert made.installs == ()
    assert [f.code for f in made.findings] == ["install-unknown"]
