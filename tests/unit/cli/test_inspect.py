"""``nb2image inspect`` as a user sees it, on tars made here; no engine is asked."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nb2image.cli import main
from tests import images

SITE = "opt/venv/lib/python3.11/site-packages"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker save tar of two layers, in a folder without a configuration."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    lower = images.layer(images.folder("etc"), ("etc/a", b"a" * 6000), ("etc/b\x1b[2J", b"b" * 500))
    upper = images.layer(
        ("etc/.wh.a", b""),
        (f"{SITE}/numpy/__init__.py", b"n" * 3000),
        (f"{SITE}/numpy-2.0.dist-info/RECORD", b"numpy/__init__.py,,\n"),
    )
    path = tmp_path / "image.tar"
    path.write_bytes(images.docker_archive([lower, upper]))
    return path


def test_for_people(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sizes of image, layers and packages, and what is wasted."""
    assert main(["inspect", str(archive)]) == 0
    shown = capsys.readouterr().out
    assert "test:1: 9.5 kB" in shown
    assert "step 1 [6.0 kB hidden by later layers]" in shown
    assert "3.0 kB  32 %  numpy 2.0" in shown
    assert "/etc/a in layers 1, 2" in shown
    assert "\x1b" not in shown


def test_as_json(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole record, on stdout alone."""
    assert main(["inspect", str(archive), "--json", "--max-size", "1MB"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["size"] == 9520
    assert found["efficiency"]["wasted_bytes"] == 6000
    assert [gate["ok"] for gate in found["gates"]] == [True]


def test_gates(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A limit that is not kept ends with 9, after the whole result was printed."""
    limits = ["--max-size", "9kB", "--min-efficiency", "0.9", "--max-layer", "1MB"]
    assert main(["inspect", str(archive), *limits]) == 9
    shown = capsys.readouterr()
    assert "FAIL  max-size" in shown.out
    assert "FAIL  min-efficiency" in shown.out
    assert "ok    max-layer" in shown.out
    assert "2 of 3 limits" in shown.err


def test_gates_of_the_project(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Limits in nb2image.toml hold without an option; JUnit goes to stdout."""
    Path("nb2image.toml").write_text('[gates]\nmax-size = "1kB"\n')
    assert main(["inspect", str(archive), "--format", "junit"]) == 9
    suite = ElementTree.fromstring(capsys.readouterr().out)
    assert suite.get("failures") == "1"


def test_sarif(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SARIF, too, is printed before the status says that a limit was not kept."""
    assert main(["inspect", str(archive), "--format", "sarif", "--max-size", "1"]) == 9
    assert json.loads(capsys.readouterr().out)["runs"][0]["results"]


def test_wrong_limit(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A limit that is no size is an error of the options."""
    assert main(["inspect", str(archive), "--max-size", "big"]) == 2
    assert "no size" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "why"),
    [("gone.tar", "No such file"), ("./gone", "No such file"), ("./folder", "no image archive")],
)
def test_no_such_file(
    name: str, why: str, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What can only be a path is looked for on disk, and no engine is asked."""
    Path("folder").mkdir()
    assert main(["inspect", name]) == 2
    assert why in capsys.readouterr().err


def test_no_image(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no image is refused with a reason."""
    archive.write_bytes(b"hello")
    assert main(["inspect", str(archive)]) == 2
    assert "is no image archive" in capsys.readouterr().err
