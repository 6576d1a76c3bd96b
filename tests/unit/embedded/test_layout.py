"""A layout takes its place whole, or leaves what was there."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from nb2image.build.embedded.layout import replacing


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def write(target: Path, text: str, failure: OSError | None = None) -> None:
    """Replace a layout, or fail in the middle."""
    with replacing(target) as new:
        (new / "index.json" if new.is_dir() else new).write_text(text)
        if failure:
            raise failure


@pytest.mark.parametrize("name", ["image.tar", "layout"])
def test_a_failure_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    """And nothing beside it."""
    target = tmp_path / name
    write(target, "first")
    write(target, "second")
    with pytest.raises(OSError, match="full"):
        write(target, "half", OSError("full"))
    assert names(tmp_path) == [name]
    assert (target / "index.json" if target.is_dir() else target).read_text() == "second"


def test_a_layout_that_cannot_take_its_place_gives_it_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The former one had been moved away."""
    target = tmp_path / "layout"
    target.mkdir()
    (target / "index.json").write_text("former")
    rename = Path.rename

    def refused(self: Path, to: Path) -> Path:
        if to == target and not self.name.endswith(".old"):
            raise PermissionError("refused")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(PermissionError), replacing(target):
        pass
    assert (target / "index.json").read_text() == "former"
    assert names(tmp_path) == ["layout"]


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    """Not what another build writes now, and nothing of anybody else."""
    for name, age in ((".a.tar.0123abcd", 90_000), (".a.tar.0123abce", 5), (".a.tar.mine", 90_000)):
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    write(tmp_path / "a.tar", "whole")
    assert names(tmp_path) == [".a.tar.0123abce", ".a.tar.mine", "a.tar"]
