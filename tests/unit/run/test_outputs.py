"""A container's tar is hostile: only plain files inside the folder come out of it."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nb2image.errors import RunError
from nb2image.run.outputs import Outputs, bad_name, owner

Member = tuple[str, bytes | str | int]
"""Content of a file, target of a symbolic link, or the type of something else."""


def tar(*members: Member, mode: int = 0o644) -> bytes:
    """A tar stream as an engine might send it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.mode = mode
            if isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.type = bytes([content])
                info.linkname = "out/a"
                archive.addfile(info)
    return stream.getvalue()


def below_out(name: str) -> str:
    """Where members go: ``out/x`` to ``x``."""
    return name.removeprefix("out/") if name.startswith("out/") else ""


def take(
    folder: Path,
    data: bytes,
    *,
    max_bytes: int = 10**9,
    place: Callable[[str], str] = below_out,
    chunk: int = 7000,
) -> tuple[Outputs, list[tuple[str, str]]]:
    """Unpack a stream in small chunks; what was skipped and why."""
    skipped: list[tuple[str, str]] = []
    outputs = Outputs(
        folder=folder,
        owner=None,
        skipped=lambda name, reason: skipped.append((name, reason)),
        max_bytes=max_bytes,
    )
    outputs.take((data[i : i + chunk] for i in range(0, len(data), chunk)), place)
    outputs.finish()
    return outputs, skipped


def found(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_files_arrive(tmp_path: Path) -> None:
    """Files with their folders, whole, with size and hash; folders alone are not outputs."""
    big = os.urandom(3_000_000)
    data = tar(("out", 53), ("out/empty", 53), ("out/a", b"one"), ("out/s/t/b", big))
    outputs, skipped = take(tmp_path / "o", data)
    assert found(tmp_path / "o") == {"a": b"one", "s/t/b": big}
    assert not skipped
    first = outputs.finish()[0]
    assert (first.path, first.size, first.sha256[:6]) == ("a", 3, "7692c3")
    assert not (tmp_path / "o/empty").exists()


@pytest.mark.parametrize(
    "name",
    ["../evil", "out/../../evil", "/etc/evil", "out/x/../../../evil", "out/a\nb", "out/\x1b[2J"],
)
def test_bad_names_stay_behind(tmp_path: Path, name: str) -> None:
    """Paths that lead out and names that no terminal should see."""
    _, skipped = take(tmp_path / "o", tar((name, b"x"), ("out/good", b"y")))
    assert found(tmp_path) == {"o/good": b"y"}
    assert len(skipped) == 1


@pytest.mark.parametrize(
    "kind",
    [tarfile.LNKTYPE[0], tarfile.CHRTYPE[0], tarfile.BLKTYPE[0], tarfile.FIFOTYPE[0]],
)
def test_special_files_stay_behind(tmp_path: Path, kind: int) -> None:
    """Devices, pipes and hard links are no outputs."""
    _, skipped = take(tmp_path / "o", tar(("out/special", kind), ("out/good", b"y")))
    assert found(tmp_path) == {"o/good": b"y"}
    assert [name for name, _ in skipped] == ["special"]


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("good", True),
        ("s/b", True),
        ("s/../good", True),
        ("/etc/passwd", False),
        ("../outside", False),
        ("s/../../outside", False),
        ("nowhere", False),
    ],
)
def test_links_that_stay_inside(tmp_path: Path, target: str, kept: bool) -> None:
    """A link to another output is kept, any other is left behind."""
    (tmp_path / "outside").write_text("x")
    data = tar(("out/link", target), ("out/good", b"y"), ("out/s/b", b"z"))
    _, skipped = take(tmp_path / "o", data)
    assert (tmp_path / "o/link").is_symlink() is kept
    assert bool(skipped) is not kept


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """A link first and a file below it after: links are made last, so the file finds a folder."""
    outside = tmp_path / "outside"
    outside.mkdir()
    data = tar(("out/d", "../outside"), ("out/d/evil", b"x"))
    take(tmp_path / "o", data)
    assert not list(outside.iterdir())


def test_links_of_the_user_are_not_followed(tmp_path: Path) -> None:
    """A link that lies in the outputs folder already: replaced where it is a file's name."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("mine")
    (tmp_path / "o").mkdir()
    (tmp_path / "o/d").symlink_to(outside)
    (tmp_path / "o/f").symlink_to(outside / "file")
    _, skipped = take(tmp_path / "o", tar(("out/d/x", b"x"), ("out/f", b"new")))
    assert found(outside) == {"file": b"mine"}
    assert (tmp_path / "o/f").read_bytes() == b"new"
    assert [name for name, _ in skipped] == ["d/x"]


def test_outputs_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    """A user may keep the outputs on another disk."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "o").symlink_to(tmp_path / "disk")
    take(tmp_path / "o", tar(("out/a", b"x")))
    assert found(tmp_path / "disk") == {"a": b"x"}


def test_limit(tmp_path: Path) -> None:
    """More than the limit is an error; nothing half-written is left."""
    data = tar(("out/a", b"x" * 600), ("out/b", b"x" * 600))
    with pytest.raises(RunError) as caught:
        take(tmp_path / "o", data, max_bytes=1000)
    assert caught.value.code == "outputs-too-large"
    assert found(tmp_path / "o") == {"a": b"x" * 600}


def test_a_stream_that_breaks_off(tmp_path: Path) -> None:
    """The engine dies in the middle of a file: an error, and no half file."""
    data = tar(("out/a", b"x" * 100_000))[:50_000]
    with pytest.raises(RunError) as caught:
        take(tmp_path / "o", data)
    assert caught.value.code == "outputs-cut"
    assert not found(tmp_path)


def test_rights(tmp_path: Path) -> None:
    """Whether a file can be run is kept; set-user-id and the rest are not."""
    take(tmp_path, tar(("out/tool", b"x"), mode=0o6755))
    assert (tmp_path / "tool").stat().st_mode & 0o7111 == 0o111
    take(tmp_path, tar(("out/data", b"x"), mode=0o777 & ~0o100))
    assert (tmp_path / "data").stat().st_mode & 0o7111 == 0


def test_same_name_twice(tmp_path: Path) -> None:
    """The first of two outputs with one name is kept."""
    _, skipped = take(tmp_path, tar(("out/a", b"1"), ("out/a", b"2"), ("out/./a", b"3")))
    assert found(tmp_path) == {"a": b"1"}
    assert len(skipped) == 2


def test_folder_of_the_users_in_the_way(tmp_path: Path) -> None:
    """A folder where a file should go is left alone."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/mine").write_text("x")
    _, skipped = take(tmp_path, tar(("out/a", b"1")))
    assert found(tmp_path) == {"a/mine": b"x"}
    assert skipped == [("a", "a folder of that name is there")]


def test_file_of_the_users_where_a_folder_must_be(tmp_path: Path) -> None:
    """A file where a folder should be is an error in words."""
    (tmp_path / "s").write_text("mine")
    with pytest.raises(RunError) as caught:
        take(tmp_path, tar(("out/s/a", b"1")))
    assert caught.value.code == "outputs-unwritable"
    assert found(tmp_path) == {"s": b"mine"}


@pytest.mark.parametrize(
    ("name", "good"),
    [("a/b c.txt", True), ("ünï", True), ("a" * 256, False), ("\udcff", False), ("a\x7f", False)],
)
def test_names(name: str, good: bool) -> None:
    """Any readable name is taken."""
    assert (bad_name(name) == "") is good


@pytest.mark.parametrize(
    ("euid", "sudo", "expected"),
    [(0, "1000", (1000, 1001)), (0, "", None), (0, "x", None), (1000, "1000", None)],
)
def test_owner(
    monkeypatch: pytest.MonkeyPatch, euid: int, sudo: str, expected: tuple[int, int] | None
) -> None:
    """Only root behind sudo gives files away."""
    monkeypatch.setattr(os, "geteuid", lambda: euid)
    monkeypatch.setenv("SUDO_UID", sudo)
    monkeypatch.setenv("SUDO_GID", "1001")
    assert owner() == expected
