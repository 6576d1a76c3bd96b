"""Conventions of Colab and Kaggle: mapped to an equivalent, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from nb2image.errors import NotebookError
from nb2image.requirements.code.imports import find_needs
from tests.unit.notebook.build import body, script
from tests.unit.notebook.run import output_of

COLAB = {"colab": {"provenance": []}}


@pytest.mark.parametrize(
    "source",
    [
        "from google.colab import userdata\nuserdata.get('TOKEN')",
        "from google.colab import userdata as u\nu.get('TOKEN')",
        "from kaggle_secrets import UserSecretsClient\nUserSecretsClient().get_secret('TOKEN')",
    ],
)
def test_secrets_are_variables(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service's secrets are environment variables of the container."""
    monkeypatch.setenv("TOKEN", "abc")
    made = script(source)
    assert output_of(made) == "'abc'\n"
    assert [f.code for f in made.findings] == ["service"]
    assert "docker run -e" in made.findings[0].hint


@pytest.mark.parametrize("name", ["condacolab", "cc"])
def test_conda_of_colab_has_nothing_to_do(name: str) -> None:
    """What its lines install is in the image; it is no package that the image needs."""
    alias = "" if name == "condacolab" else f" as {name}"
    made = script(f"import condacolab{alias}\n{name}.install()\n{name}.check()\nprint('on')")
    assert output_of(made) == "on\n"
    assert [(f.code, f.message.partition(" ")[0]) for f in made.findings] == [
        ("service", "condacolab")
    ]
    assert find_needs(made)[0] == ()


def test_drive_is_a_mount(tmp_path: Path) -> None:
    """``drive.mount`` finds what is mounted, and says so where nothing is."""
    source = "from google.colab import drive\ndrive.mount({!r}, force_remount=True)"
    assert output_of(script(source.format(str(tmp_path)))) == ""
    with pytest.raises(FileNotFoundError, match="docker run -v"):
        output_of(script(source.format(str(tmp_path / "missing"))))


def test_a_download_is_an_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``files.download`` puts the file into the outputs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    (tmp_path / "a.txt").write_text("x")
    output_of(script("from google.colab import files\nfiles.download('a.txt')"))
    assert (tmp_path / "outputs" / "a.txt").read_text() == "x"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["p = '/content/data/a.csv'"], 'p = "./data/a.csv"'),
        (["!unzip /content/a.zip -d /content"], 'subprocess.run("unzip ./a.zip -d .", shell=True)'),
        (["%cd /content/repo"], 'cd("./repo")'),
        (["p = '/content/drive/MyDrive/a.csv'"], "p = '/content/drive/MyDrive/a.csv'"),
        (["p = '/contents/a.csv'"], "p = '/contents/a.csv'"),
        (["p = 'https://host/content/a.csv'"], "p = 'https://host/content/a.csv'"),
        (["df.to_csv('/kaggle/working/a.csv')"], 'df.to_csv("/outputs/a.csv")'),
    ],
)
def test_paths_of_the_services(cells: list[str], expected: str) -> None:
    """Colab's working directory is the notebook's, Kaggle's results are outputs."""
    assert expected in body(script(*cells, **COLAB))


def test_a_path_outside_colab_is_left_alone() -> None:
    """Only a notebook of Colab's means Colab's folder."""
    assert body(script("p = '/content/a.csv'")) == "p = '/content/a.csv'\n"


@pytest.mark.parametrize("folder", ["/kaggle/input", "/content/drive"])
def test_data_of_the_services_must_be_mounted(folder: str) -> None:
    """A finding says what to mount."""
    made = script(f"open('{folder}/set/a.csv')", **COLAB)
    assert [f.code for f in made.findings] == ["service-data"]
    assert f"docker run -v DIR:{folder}" in made.findings[0].hint


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    from google.colab import auth\nexcept ImportError:\n    pass",
        "if IN_COLAB:\n    from google.colab import files\n    files.upload()",
        "import sys\nIN_COLAB = 'google.colab' in sys.modules",
    ],
)
def test_guarded_code_is_left_alone(source: str) -> None:
    """Code that asks first whether it runs in the service stays as it is."""
    made = script("IN_COLAB = False", source)
    assert body(made, 2) == source + "\n"


def test_asking_the_shell_for_colab_needs_no_shell() -> None:
    """The usual question is answered without IPython."""
    made = script("print('google.colab' in str(get_ipython()))")
    assert output_of(made) == "False\n"
    assert made.extra_requirements == ()


@pytest.mark.parametrize(
    "source",
    [
        "from google.colab import files\nfiles.upload()",
        "from google.colab import auth\nauth.authenticate_user()",
        "from google.colab import output",
        "import google.colab",
        "from kaggle_datasets import KaggleDatasets",
    ],
)
def test_refused(source: str) -> None:
    """What needs the service or a person is named and refused."""
    with pytest.raises(NotebookError) as caught:
        script("x = 1", source)
    assert [(f.code, f.place and f.place.cell) for f in caught.value.findings] == [("service", 2)]
