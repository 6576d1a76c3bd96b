"""A layer from a stranger is read safely: clear errors, bounded memory, nothing written."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import tracemalloc
from collections.abc import Iterator

import pytest

from nb2image.archive.layer import Limits, read_layer
from nb2image.archive.stream import from_chunks
from nb2image.archive.tar import TarReader
from nb2image.errors import ArchiveError
from nb2image.model.layer import Entry, LayerFiles
from tests import images


def read(data: bytes | Iterator[bytes], limits: Limits | None = None) -> LayerFiles:
    chunks = iter([data]) if isinstance(data, bytes) else data
    return read_layer(from_chunks(chunks, "layer 1"), lambda path: False, limits or Limits())


def patched(data: bytes, at: int, value: bytes) -> bytes:
    """The tar with a field of its first header overwritten and the check sum mended."""
    header = bytearray(data[:512])
    header[at : at + len(value)] = value
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + data[512:]


def extended(content: bytes) -> bytes:
    """A pax header with this content, without the member that should follow."""
    return patched(images.layer(("a", content)), 156, b"x")[: 512 if not content else 1024]


def entry(data: bytes) -> Entry:
    (only,) = read(data).entries
    return only


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/b", "a/b"),
        ("./a/b", "a/b"),
        ("/a/b", "a/b"),
        ("a//b/", "a/b"),
        ("a/./b", "a/b"),
        ("a/x/../b", "a/b"),
        ("..a/b.", "..a/b."),
    ],
)
def test_paths_are_cleaned(name: str, path: str) -> None:
    """However a path is written, it stands below the root."""
    assert entry(images.layer(images.folder(name))).path == path


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/..", "./../etc/passwd"])
def test_paths_that_climb_out_are_refused(name: str) -> None:
    """A path outside the image is an error, as it is for an engine."""
    with pytest.raises(ArchiveError, match="outside the image"):
        read(images.layer((name, b"")))


def test_hard_link_out_of_the_image_is_refused() -> None:
    """A hard link's target is held to the same rule; a symbolic link is only text."""
    with pytest.raises(ArchiveError, match="outside the image"):
        read(images.layer(images.link("a", "../../etc/shadow", hard=True)))
    assert entry(images.layer(images.link("a", "../../etc/shadow"))).target == "../../etc/shadow"


@pytest.mark.parametrize(
    ("name", "path", "kind"),
    [
        ("a/.wh.b", "a/b", "whiteout"),
        (".wh.b", "b", "whiteout"),
        ("a/.wh..wh..opq", "a", "opaque"),
        (".wh..wh..opq", "", "opaque"),
    ],
)
def test_markers(name: str, path: str, kind: str) -> None:
    """Deletions and opaque folders are told from files."""
    found = entry(images.layer((name, b"")))
    assert (found.path, found.kind) == (path, kind)


@pytest.mark.parametrize("name", [".wh..wh.plnk/7.8", ".wh..wh.aufs", "./"])
def test_what_is_no_file(name: str) -> None:
    """A storage driver's own files and the root itself are no entries."""
    assert read(images.layer((name, b""))).entries == ()


@pytest.mark.parametrize("name", [".wh.", ".wh..", "a/.wh..."])
def test_deletion_of_nothing_is_refused(name: str) -> None:
    """A whiteout must name a file."""
    with pytest.raises(ArchiveError, match="deletes no file"):
        read(images.layer((name, b"")))


def test_kinds_and_ownership() -> None:
    """Every kind of member keeps what matters about it."""
    info = tarfile.TarInfo("f")
    info.mode, info.uid, info.gid = 0o4755, 10001, 3_000_000
    found = read(
        images.layer(
            info, images.link("l", "f"), images.link("h", "f", hard=True), images.device("d")
        )
    ).entries
    assert [(e.kind, e.target) for e in found] == [
        ("file", ""),
        ("symlink", "f"),
        ("hardlink", "f"),
        ("device", ""),
    ]
    assert (found[0].mode, found[0].uid, found[0].gid) == (0o4755, 10001, 3_000_000)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_long_names(form: int) -> None:
    """Long names are read in each of the three ways that tars write them."""
    name = "/".join(["d" * 9] * (24 if form == tarfile.USTAR_FORMAT else 200)) + "/f"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        tar.addfile(tarfile.TarInfo(name))
    assert entry(buffer.getvalue()).path == name


def test_gnu_base_256_and_pax_numbers() -> None:
    """Sizes that octal cannot hold are read; the content may then be missing."""
    big = tarfile.TarInfo("big")
    big.size = 9 << 33
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        header = big.tobuf(form)
        (member,) = [next(iter(TarReader(from_chunks(iter([header]), "t"))))]
        assert member.size == 9 << 33
        with pytest.raises(ArchiveError) as caught:
            read(header)
        assert caught.value.code == "archive-truncated"


def test_last_of_two_entries_counts() -> None:
    """Of two entries with one path the later one is on disk."""
    assert entry(images.layer(("a", b"1"), ("a", b"22"))).size == 2


def test_folder_deleted_and_made_again() -> None:
    """A deletion, a folder and an opaque marker of one path are three entries."""
    data = images.layer((".wh.d", b""), images.folder("d"), ("d/.wh..wh..opq", b""))
    assert [e.kind for e in read(data).entries] == ["whiteout", "dir", "opaque"]


def test_name_that_is_not_utf8() -> None:
    """Any bytes may be a name; JSON can hold what we make of them."""
    data = patched(images.layer(("abc", b"")), 0, b"a\xff\n")
    assert entry(data).path == "a\\xff\n"


def test_old_sparse_file_counts_what_is_stored() -> None:
    """A sparse file's claimed size is no bytes of the image."""
    data = images.layer(("s", b"x" * 512))
    data = patched(patched(data, 156, b"S"), 483, b"77777777777\0")
    assert entry(data).size == 512


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (images.layer(("a", b"x" * 2000))[:1000], "archive-truncated"),
        (images.layer(("a", b"x" * 2000))[:100], "archive-truncated"),
        (gzip.compress(images.layer(("a", b"x" * 2000)))[:-9], "archive-truncated"),
        (b"no tar at all" * 100, "archive-damaged"),
        (patched(images.layer(("a", b"")), 124, b"notanumber"), "archive-damaged"),
        (patched(images.layer(("a", b"")), 124, b"\xff" * 12), "archive-damaged"),
        (patched(images.layer(("a", b"")), 124, b"\x80" + b"\xff" * 11), "archive-damaged"),
        (extended(b"junk"), "archive-damaged"),
        (extended(b"12 path=x\n"), "archive-damaged"),
        (extended(b"99999 path=x\n"), "archive-damaged"),
        (extended(b"11 size=-1\n") + images.layer(("a", b"")), "archive-damaged"),
        (images.layer(("a" * 5000, b"")), "archive-damaged"),
        (
            patched(extended(b""), 124, b"77777777777\0"),
            "archive-damaged",
        ),
        (images.layer(("a", b""))[:1024] + bytes(1 << 20) * 65, "archive-damaged"),
    ],
)
def test_damage_is_an_error(data: bytes, code: str) -> None:
    """Truncation and damage are told apart, and both name the layer."""
    with pytest.raises(ArchiveError, match="layer 1") as caught:
        read(data)
    assert caught.value.code == code


def flood(count: int, header: bytes) -> Iterator[bytes]:
    """``count`` members of different names, made as they are read."""
    for at in range(0, count, 1000):
        block = bytearray()
        for number in range(at, at + 1000):
            block += patched(header, 0, b"%09d" % number)
        yield bytes(block)


def test_flood_of_files_is_refused_in_bounded_memory() -> None:
    """An image of too many files is an error before it fills the memory."""
    limits = Limits(held=3_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError) as caught:
            read(flood(1_000_000, tarfile.TarInfo("0").tobuf()), limits)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code == "archive-too-many-files"
    assert peak < 6_000_000


def test_decompression_bomb_is_refused() -> None:
    """A layer that unpacks to more than any image holds is an error."""
    with pytest.raises(ArchiveError) as caught:
        read(gzip.compress(images.layer(("a", bytes(50_000)))), Limits(unpacked=40_000))
    assert caught.value.code == "archive-too-large"


@pytest.mark.parametrize("megabytes", [1, 12])
def test_compressed_size_is_estimated(megabytes: int) -> None:
    """Of a layer that is not compressed samples tell how small it would be."""
    noise = random.Random(0)
    blocks = [noise.randbytes(50_000) + b"text " * 10_000 for _ in range(megabytes * 10)]
    layer = images.layer(*((f"file{n}", block) for n, block in enumerate(blocks)))
    estimate = read(layer).compressed_estimate
    assert estimate == pytest.approx(len(gzip.compress(layer, 6)), rel=0.05)
    assert read(gzip.compress(layer, 1)).compressed_estimate is None


def test_large_file_is_read_in_pieces() -> None:
    """A file of 64 MB passes through without being held."""

    def chunks() -> Iterator[bytes]:
        info = tarfile.TarInfo("big")
        info.size = 64 << 20
        yield info.tobuf()
        for _ in range(64):
            yield bytes(1 << 20)
        yield bytes(1024)

    tracemalloc.start()
    try:
        files = read(chunks())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert files.size == 64 << 20
    assert peak < 8_000_000
