"""Images that are kept unpacked: within a bound, and never taken from a run."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from nb2image.build.embedded.bases.archive import opened
from nb2image.errors import RunError
from nb2image.run.roots import held, prune, scratch, started, unpack_layers


def root(cache: Path, name: str, age: int, size: int = 1000) -> Path:
    """An unpacked image that was used so many seconds ago, with a folder that nobody may enter."""
    folder = cache / name
    (folder / "closed").mkdir(parents=True)
    (folder / "file").write_bytes(b"x" * size)
    (folder / "closed").chmod(0)
    os.utime(folder, (time.time() - age,) * 2)
    return folder


def names(cache: Path) -> list[str]:
    """What is in the cache."""
    return sorted(path.name for path in cache.iterdir())


def test_what_was_not_used_longest_goes_first(tmp_path: Path) -> None:
    """Until the rest is within the bound."""
    for name, age in (("old", 30), ("older", 60), ("new", 1)):
        root(tmp_path, name, age)
    prune(tmp_path, max_bytes=2500)
    assert names(tmp_path) == ["new", "old"]


def test_what_a_run_uses_stays(tmp_path: Path) -> None:
    """Whatever its age; being used makes it young."""
    old = root(tmp_path, "old", 1000)
    root(tmp_path, "new", 10)
    with held(old) as there:
        assert there
        prune(tmp_path, max_bytes=0)
        assert names(tmp_path) == ["old"]
    prune(tmp_path, max_bytes=0)
    assert names(tmp_path) == []
    with held(old) as there:
        assert not there


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    """And not what belongs to one that lives."""
    long_ago = (time.time() - 1000,) * 2
    left = root(tmp_path, ".run-left", 1000)
    with scratch(tmp_path) as mine:
        os.utime(mine, long_ago)
        prune(tmp_path)
        assert mine.is_dir()
    assert not left.exists()
    assert names(tmp_path) == []


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as a broken archive; nothing is left under the image's name."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    (tmp_path / "layout").mkdir()
    with (
        pytest.raises(RunError, match="No space left") as caught,
        opened(tmp_path / "layout") as files,
    ):
        unpack_layers(files, (), tmp_path / "roots/image", tmp_path / "layout")
    assert caught.value.code == "disk"
    assert names(tmp_path / "roots") == []


@pytest.mark.parametrize(
    "config",
    [
        {"Entrypoint": ["python"], "Env": ["touch"]},
        {"Entrypoint": ["python"], "Env": ["--split-string=touch /tmp/x"]},
        {"Entrypoint": ["python"], "Env": ["=x"]},
        {"Entrypoint": ["python\0"]},
        {"Entrypoint": ["python"], "WorkingDir": "/../etc"},
        {"Entrypoint": "python"},
        {"Entrypoint": [["python"]]},
        ["python"],
        {},
    ],
)
def test_a_config_that_is_none_starts_nothing(config: object, tmp_path: Path) -> None:
    """Above all no variable that a program of the host would take for an option or a command."""
    with pytest.raises(RunError):
        started(config, tmp_path)
    good = {"Entrypoint": ["python"], "Cmd": ["x"], "Env": ["A=-b=c", "npm.x="]}
    assert started(good, tmp_path).entrypoint == ("python", "x")
