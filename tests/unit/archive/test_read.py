"""An image is read the same from every form that it is kept in."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from nb2image.archive.read import read_path, read_stream
from nb2image.archive.stream import from_chunks
from nb2image.errors import ArchiveError
from nb2image.model.layer import StoredImage
from tests import images

LOWER = images.layer(images.folder("etc"), ("etc/a", b"a" * 5000), ("etc/b", b"b" * 10))
UPPER = images.layer(("etc/.wh.a", b""), ("etc/c", b"c" * 20), images.link("etc/l", "c"))
ARCHIVE = images.docker_archive(
    [LOWER, UPPER], Labels={"io.nb2image.version": "1"}, WorkingDir="/app", User="10001"
)


def nothing(path: str) -> bool:
    return False


def read_bytes(data: bytes, tmp_path: Path, **options: str) -> StoredImage:
    path = tmp_path / "image.tar"
    path.write_bytes(data)
    return read_path(path, keep=nothing, **options)


def listing(image: StoredImage) -> list[list[tuple[str, str, int]]]:
    return [[(e.path, e.kind, e.size) for e in layer.files.entries] for layer in image.layers]


EXPECTED = [
    [("etc", "dir", 0), ("etc/a", "file", 5000), ("etc/b", "file", 10)],
    [("etc/a", "whiteout", 0), ("etc/c", "file", 20), ("etc/l", "symlink", 0)],
]


def in_chunks(data: bytes, size: int) -> StoredImage:
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    return read_stream(from_chunks(pieces, "stream"), keep=nothing)


@pytest.mark.parametrize(
    "wrap", [bytes, gzip.compress, zstd.compress], ids=["plain", "gzip", "zstd"]
)
def test_docker_archive(wrap: object, tmp_path: Path) -> None:
    """A docker save tar, compressed or not, tells layers, config and tag."""
    image = read_bytes(wrap(ARCHIVE), tmp_path)  # type: ignore[operator]
    assert listing(image) == EXPECTED
    assert image.reference == "test:1"
    assert (image.os, image.architecture) == ("linux", "amd64")
    assert (image.workdir, image.user) == ("/app", "10001")
    assert image.labels == (("io.nb2image.version", "1"),)
    assert [layer.command for layer in image.layers] == ["step 1", "step 2"]
    assert image.layers[0].compressed_size is None


@pytest.mark.parametrize("size", [1, 511, 513, 1 << 20])
def test_stream_in_any_chunks(size: int) -> None:
    """An export is read as it arrives, however it is cut."""
    assert listing(in_chunks(ARCHIVE, size)) == EXPECTED


@pytest.mark.parametrize("form", ["folder", "tar", "stream"])
def test_oci_layout(form: str, tmp_path: Path) -> None:
    """An OCI layout tells the compressed sizes, too."""
    descriptor, blobs = images.oci_blobs([LOWER, UPPER])
    parts = images.oci_parts([(descriptor, blobs)])
    if form == "folder":
        image = read_path(images.write_parts(parts, tmp_path), keep=nothing)
    elif form == "tar":
        image = read_bytes(images.layer(*parts.items()), tmp_path)
    else:
        image = in_chunks(images.layer(*parts.items()), 1000)
    assert listing(image) == EXPECTED
    assert [layer.compressed_size for layer in image.layers] == [
        len(gzip.compress(LOWER, mtime=0)),
        len(gzip.compress(UPPER, mtime=0)),
    ]


@pytest.mark.parametrize("compress", [zstd.compress, gzip.compress, bytes])
def test_layer_of_two_members(compress: object, tmp_path: Path) -> None:
    """A layer compressed as several gzip members or zstd frames is one tar."""
    layer = images.layer(("big", bytes(100_000)))
    wrap = compress  # type: ignore[assignment]
    stored = b"".join(wrap(layer[at : at + 7000]) for at in range(0, len(layer), 7000))
    name = "blob/layer.tar"
    config = images.config([layer])
    manifest = json.dumps([{"Config": "c.json", "Layers": [name]}]).encode()
    image = read_bytes(
        images.layer((name, stored), ("c.json", config), ("manifest.json", manifest)), tmp_path
    )
    assert listing(image) == [[("big", "file", 100_000)]]


def test_equal_layers_are_links(tmp_path: Path) -> None:
    """docker save writes a layer that occurs twice once, and a link to it."""
    config = images.config([LOWER, LOWER])
    manifest = json.dumps([{"Config": "c.json", "Layers": ["x/layer.tar", "y/layer.tar"]}]).encode()
    data = images.layer(
        ("x/layer.tar", LOWER),
        images.link("y/layer.tar", "../x/layer.tar"),
        ("c.json", config),
        ("manifest.json", manifest),
    )
    assert listing(read_bytes(data, tmp_path)) == [EXPECTED[0]] * 2
    assert listing(in_chunks(data, 4096)) == [EXPECTED[0]] * 2


def test_platform_of_an_index(tmp_path: Path) -> None:
    """Of several platforms the asked one is read; attestations are none."""
    arm = {"os": "linux", "architecture": "arm64"}
    amd = {"os": "linux", "architecture": "amd64"}
    unknown = {"os": "unknown", "architecture": "unknown"}
    parts = images.oci_parts(
        images.oci_blobs([data], platform=platform)
        for data, platform in ((LOWER, arm), (UPPER, amd), (b"", unknown))
    )
    root = images.write_parts(parts, tmp_path)
    assert listing(read_path(root, keep=nothing, platform="linux/arm64")) == EXPECTED[:1]
    assert listing(read_path(root, keep=nothing)) == EXPECTED[1:]
    with pytest.raises(ArchiveError, match=r"linux/arm64, linux/amd64") as caught:
        read_path(root, keep=nothing, platform="linux/s390x")
    assert caught.value.code == "archive-no-platform"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "archive-not-an-image"),
        (b"hello", "archive-not-an-image"),
        (images.layer(("a", b"b")), "archive-not-an-image"),
        (images.layer(("manifest.json", b"[]")), "archive-not-an-image"),
        (images.layer(("manifest.json", b"[{}]")), "archive-damaged"),
        (images.layer(("manifest.json", b"\xff")), "archive-damaged"),
        (images.layer(("manifest.json", b"[" * 5000)), "archive-damaged"),
        (
            images.layer(("manifest.json", b'[{"Config": "c", "Layers": []}]')),
            "archive-incomplete",
        ),
        (
            images.layer(("manifest.json", b'[{"Config": "c", "Layers": ["l"]}]'), ("c", b"{}")),
            "archive-incomplete",
        ),
        (
            images.layer(("index.json", b'{"manifests": [{"digest": "sha256:../../etc"}]}')),
            "archive-damaged",
        ),
        (ARCHIVE[:8000], "archive-truncated"),
        (gzip.compress(ARCHIVE)[:-20], "archive-truncated"),
        (zstd.compress(ARCHIVE)[:-20], "archive-truncated"),
        (gzip.compress(ARCHIVE)[:50] + bytes(50), "archive-damaged"),
    ],
)
def test_what_is_no_image_is_refused(data: bytes, code: str, tmp_path: Path) -> None:
    """Anything but a whole image archive is an error with a slug and a hint."""
    with pytest.raises(ArchiveError) as caught:
        read_bytes(data, tmp_path)
    assert caught.value.code == code
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_several_images_are_named(tmp_path: Path) -> None:
    """An archive of two images says which ones it holds."""
    entry = '{"Config": "c", "RepoTags": ["%s"], "Layers": []}'
    data = images.layer(("manifest.json", f"[{entry % 'x:1'}, {entry % 'y:2'}]".encode()))
    with pytest.raises(ArchiveError, match="x:1, y:2"):
        read_bytes(data, tmp_path)


def test_missing_file(tmp_path: Path) -> None:
    """A path that is not there is an error with the system's reason."""
    with pytest.raises(ArchiveError, match="No such file"):
        read_path(tmp_path / "none.tar", keep=nothing)


def test_layout_cannot_lead_outside(tmp_path: Path) -> None:
    """A blob that is a link out of the layout counts as missing."""
    parts = images.oci_parts([images.oci_blobs([LOWER])])
    root = images.write_parts(parts, tmp_path / "layout")
    secret = tmp_path / "secret"
    secret.write_bytes((root / "index.json").read_bytes())
    (root / "index.json").unlink()
    (root / "index.json").symlink_to(secret)
    with pytest.raises(ArchiveError):
        read_path(root, keep=nothing)


def test_kept_files() -> None:
    """The content of the chosen files is kept, of others only a digest."""
    data = images.docker_archive([images.layer(("keep", b"x" * 10), ("drop", b"y" * 9000))])
    image = read_stream(from_chunks(iter([data]), "stream"), keep=lambda path: path == "keep")
    assert image.layers[0].files.texts == (("keep", b"x" * 10),)
    assert [len(e.digest) for e in image.layers[0].files.entries] == [0, 16]
