"""Unpacking hostile layers, and the sandboxes that run them."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import IO

import pytest

from nb2image.errors import RunError
from nb2image.run.request import Bind, Limits
from nb2image.run.sandbox import Sandbox, bundle_config, command
from nb2image.run.unpack import apply


def layer(*entries: tuple[str, bytes, str]) -> list[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Members of (name, kind, data or link)."""
    found: list[tuple[tarfile.TarInfo, IO[bytes] | None]] = []
    for name, kind, text in entries:
        info = tarfile.TarInfo(name)
        info.type, info.mode = kind, 0o4755
        if kind == tarfile.REGTYPE:
            info.size = len(text)
            found.append((info, io.BytesIO(text.encode())))
        else:
            info.linkname = text
            found.append((info, None))
    return found


FILE, LINK, HARD, FOLDER = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE


def test_links_are_followed_inside_the_root(tmp_path: Path) -> None:
    """An absolute link of the image means the image's root, and /bin may be one."""
    root, outside = tmp_path / "root", tmp_path / "etc"
    root.mkdir()
    outside.mkdir()
    apply(
        root,
        layer(
            ("usr/bin", FOLDER, ""),
            ("bin", LINK, "usr/bin"),
            ("bin/tool", FILE, "x"),
            ("etc", LINK, str(outside)),
            ("up", LINK, "../../.."),
            ("up/evil", FILE, "y"),
            ("etc/passwd", FILE, "z"),
        ),
    )
    assert (root / "usr/bin/tool").read_text() == "x"
    assert (root / "usr/bin/tool").stat().st_mode & 0o7000 == 0
    assert (root / "evil").read_text() == "y"
    assert not list(outside.iterdir())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["etc", "root"]


@pytest.mark.parametrize(
    "entries",
    [
        [("../evil", FILE, "x")],
        [("a/../../evil", FILE, "x")],
        [("a", LINK, "b"), ("b", LINK, "a"), ("a/x", FILE, "x")],
        [("a", HARD, "../outside")],
        [("link", LINK, "/outside"), ("a", HARD, "link")],
    ],
)
def test_what_leads_out_is_refused(tmp_path: Path, entries: list[tuple[str, bytes, str]]) -> None:
    """Names above the root, circles of links, hard links to what is no file of the image."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").write_text("secret")
    with pytest.raises(RunError):
        apply(root, layer(*entries))
    assert (tmp_path / "outside").stat().st_nlink == 1
    assert not (tmp_path / "evil").exists()


def test_whiteouts_remove_what_lies_below(tmp_path: Path) -> None:
    """A file, and everything in a folder; never the folder above."""
    apply(tmp_path, layer(("a/x", FILE, ""), ("a/y", FILE, ""), ("b/z", FILE, "")))
    apply(tmp_path, layer(("a/.wh.x", FILE, ""), ("b/.wh..wh..opq", FILE, ""), ("b/n", FILE, "")))
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")) == [
        "a",
        "a/y",
        "b",
        "b/n",
    ]
    apply(tmp_path, layer(("a/.wh...", FILE, "")))
    assert (tmp_path / "a").is_dir()


def box(user: int) -> Sandbox:
    """A sandbox with every feature."""
    return Sandbox(
        root=Path("/r o"),
        arguments=("python", "a b"),
        env=("X=$(id)",),
        workdir="/app",
        binds=(
            Bind(source=Path("/h"), target="/app", writable=True),
            Bind(source=Path("/i"), target="/i"),
        ),
        name="n",
        user=user,
        limits=Limits(memory=100, processes=5, file_size=9),
    )


@pytest.mark.parametrize("user", [0, 1000])
def test_a_bundle_gives_no_privilege(user: int) -> None:
    """The image's user, no capability, no network, a root that cannot be written."""
    config = json.loads(bundle_config(box(user)))
    process, linux = config["process"], config["linux"]
    assert process["user"] == {"uid": 10001, "gid": 10001}
    assert process["noNewPrivileges"]
    assert not process["capabilities"]
    assert config["root"]["readonly"]
    assert {"type": "network"} in linux["namespaces"]
    assert ("uidMappings" in linux) == bool(user)
    assert user or linux["resources"]["memory"]["limit"] == 100


def test_command_lines_are_quoted() -> None:
    """Names and values of the image are words, whatever they hold."""
    argv = command("bwrap", box(1000), Path("/b"))
    assert argv[:2] == ["prlimit", "--fsize=9"]
    assert "--unshare-all" in argv
    assert "--share-net" not in argv
    assert argv[-2:] == ["python", "a b"]
    script = command("unshare", box(1000), Path("/b"))[-1]
    assert "'X=$(id)'" in script
    assert "mount --bind /h '/r o/app'" in script
