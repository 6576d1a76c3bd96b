"""Limits from pyproject.toml, nb2image.toml and the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from nb2image.configuration import find_gates, gates_for
from nb2image.errors import OptionError
from nb2image.model.analysis import Gates


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nb2image.toml", '[gates]\nmax-size = "800MB"\nmin-efficiency = 0.95'),
        (
            "pyproject.toml",
            '[tool.nb2image.gates]\nmax-size = 800_000_000\nmin-efficiency = "95%"',
        ),
    ],
)
def test_both_files(name: str, text: str, tmp_path: Path) -> None:
    """Sizes and shares are read from either file, as numbers or as text."""
    write(tmp_path / name, text)
    (tmp_path / "sub").mkdir()
    wanted = Gates(max_size=800_000_000, min_efficiency=0.95)
    assert find_gates(tmp_path / "sub") == wanted


def test_own_file_wins(tmp_path: Path) -> None:
    """nb2image.toml wins over pyproject.toml beside it, the nearest folder over those above."""
    write(tmp_path / "nb2image.toml", "[gates]\nmax-size = 1")
    write(tmp_path / "a/pyproject.toml", "[tool.nb2image.gates]\nmax-size = 2")
    write(tmp_path / "a/b/pyproject.toml", "[tool.other]\nx = 2")
    assert find_gates(tmp_path / "a/b") == Gates(max_size=2)
    write(tmp_path / "a/nb2image.toml", "[gates]\nmax-size = 3")
    assert find_gates(tmp_path / "a/b") == Gates(max_size=3)


def test_search_ends_at_the_git_root(tmp_path: Path) -> None:
    """A file above the project is somebody else's."""
    write(tmp_path / "nb2image.toml", "[gates]\nmax-size = 1")
    (tmp_path / "project/.git").mkdir(parents=True)
    assert find_gates(tmp_path / "project") == Gates()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[gates", "cannot be read"),
        ("gates = 5", "no table"),
        ("[gates]\nmax-sise = 5", "'max-sise', which does not exist"),
        ("[gates]\nmax-size = -5", "no size"),
        ("[gates]\nmax-size = true", "no size"),
        ('[gates]\nmax-size = "much"', "no size"),
        ("[gates]\nmin-efficiency = 95", "no share"),
        ('[gates]\nmin-efficiency = "high"', "no share"),
    ],
)
def test_mistakes(text: str, message: str, tmp_path: Path) -> None:
    """A mistake is an error that says what would be right."""
    write(tmp_path / "nb2image.toml", text)
    with pytest.raises(OptionError, match=message) as caught:
        find_gates(tmp_path)
    assert caught.value.hint


def test_command_line_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option replaces the file's limit of that name and leaves the others."""
    write(tmp_path / "nb2image.toml", "[gates]\nmax-size = 1\nmax-layer = 2")
    monkeypatch.chdir(tmp_path)
    given = {"max_size": "1.5GiB", "min_efficiency": "90%", "max_wasted": "", "image": "x"}
    assert gates_for(given) == Gates(max_size=1610612736, max_layer=2, min_efficiency=0.9)
    with pytest.raises(OptionError, match="max-wasted"):
        gates_for({"max_wasted": "lots"})
