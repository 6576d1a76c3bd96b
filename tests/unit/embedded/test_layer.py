"""Layers of wheels."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile
import zipfile
from pathlib import Path
from random import Random

import pytest

from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.layers.layer import Compression, Layer
from nb2image.build.embedded.wheels.members import Archive
from nb2image.build.embedded.wheels.venv import VenvOptions, Wheel, groups, wheel_layer
from nb2image.errors import BuildError
from nb2image.image.trim import Trimmed
from tests.unit.embedded.archives import wheel_bytes, wheel_file

SITE = "opt/venv/lib/python3.11/site-packages"
FILES = {
    "demo/__init__.py": b"x = 1\n" * 500,
    "demo/empty": b"",
    "demo/data.bin": bytes(70_000),
    "demo/large.bin": Random(5).randbytes(600_000),
}


def made(folder: Path, wheels: tuple[Wheel, ...], compression: Compression = "gzip") -> Layer:
    """The layer of some wheels, in the cache below ``folder``."""
    options = VenvOptions(python="3.11", compression=compression)
    return wheel_layer(BlobCache(root=folder / "cache"), wheels, options)


def content(folder: Path, layer: Layer) -> tarfile.TarFile:
    """The layer as an archive, its digests checked."""
    packed = BlobCache(root=folder / "cache").path(layer.digest).read_bytes()
    plain = gzip.decompress(packed)
    assert layer.digest == f"sha256:{hashlib.sha256(packed).hexdigest()}"
    assert layer.diff_id == f"sha256:{hashlib.sha256(plain).hexdigest()}"
    assert (layer.size, layer.unpacked) == (len(packed), len(plain))
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        assert layer.content == sum(member.size for member in tar)
    return tarfile.open(fileobj=io.BytesIO(plain))


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_members_come_through_unchanged(tmp_path: Path, compression: int) -> None:
    """Deflated or stored in the wheel, the layer holds the same files."""
    data = wheel_bytes(FILES, compression=compression)
    tar = content(tmp_path, made(tmp_path, (wheel_file(tmp_path, {}, data=data),)))
    for path, expected in FILES.items():
        file = tar.extractfile(f"{SITE}/{path}")
        assert file is not None
        assert file.read() == expected
    names = tar.getnames()
    assert names[:4] == ["opt", "opt/venv", "opt/venv/lib", "opt/venv/lib/python3.11"]
    assert all((m.uid, m.mtime) == (0, 315619200) for m in tar)


def test_deflated_members_are_copied(tmp_path: Path) -> None:
    """Their compressed bytes stand in the layer as they stood in the wheel."""
    wheel = wheel_file(tmp_path, FILES)
    packed = BlobCache(root=tmp_path / "cache").path(made(tmp_path, (wheel,)).digest).read_bytes()
    with zipfile.ZipFile(wheel.path) as archive:
        info = archive.getinfo("demo/__init__.py")
    start = info.header_offset + 30 + len(info.filename)
    assert wheel.path.read_bytes()[start : start + info.compress_size] in packed


def test_zstd_holds_the_same_archive(tmp_path: Path) -> None:
    """The digest of the plain archive does not depend on the compression."""
    wheel = wheel_file(tmp_path, FILES)
    assert made(tmp_path, (wheel,), "zstd").diff_id == made(tmp_path, (wheel,)).diff_id


def test_scripts_and_record(tmp_path: Path) -> None:
    """Launchers name the image's interpreter and RECORD names every file, with its hash."""
    files = {
        "demo/__init__.py": b"",
        "demo-1.0.dist-info/entry_points.txt": b"[console_scripts]\ndemo = demo.cli:main.run [x]\n",
        "demo-1.0.data/scripts/tool": b"#!python\nprint(1)\n",
        "demo-1.0.data/data/share/demo.txt": b"hello",
    }
    tar = content(tmp_path, made(tmp_path, (wheel_file(tmp_path, files),)))

    def text(path: str) -> str:
        file = tar.extractfile(path)
        assert file is not None
        return file.read().decode()

    assert text("opt/venv/bin/tool") == "#!/opt/venv/bin/python\nprint(1)\n"
    assert text("opt/venv/bin/demo").startswith("#!/opt/venv/bin/python\n")
    assert "sys.exit(main.run())" in text("opt/venv/bin/demo")
    assert text("opt/venv/share/demo.txt") == "hello"
    rows = {line.split(",")[0] for line in text(f"{SITE}/demo-1.0.dist-info/RECORD").splitlines()}
    there = {
        name[len(SITE) + 1 :] if name.startswith(SITE) else f"../../../{name[len('opt/venv/') :]}"
        for name in tar.getnames()
        if tar.getmember(name).isfile()
    }
    assert rows == there
    assert all(tar.getmember(f"opt/venv/bin/{name}").mode == 0o755 for name in ("demo", "tool"))


@pytest.mark.parametrize(
    "name",
    ["../evil", "demo/../../evil", "/etc/passwd", "a//b", "a\\..\\b", "demo-1.0.data/nowhere/x"],
)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    """A wheel writes below its environment or not at all."""
    with pytest.raises(BuildError) as caught:
        made(tmp_path, (wheel_file(tmp_path, {name: b"x"}),))
    assert caught.value.code == "wheel-broken"
    assert not list((tmp_path / "cache" / "blobs").glob("*/*"))


@pytest.mark.parametrize(
    "entry",
    ["../x = demo:main", "x = demo:main; import os", "x = os.system('true')", "x\n = y", "[["],
)
def test_entry_points_that_are_none_are_refused(tmp_path: Path, entry: str) -> None:
    """An entry point becomes a program: it is a name and a dotted object."""
    files = {"demo-1.0.dist-info/entry_points.txt": f"[console_scripts]\n{entry}\n".encode()}
    with pytest.raises(BuildError):
        made(tmp_path, (wheel_file(tmp_path, files),))


def damaged(change: str) -> bytes:
    """A wheel with one fault."""
    data = bytearray(wheel_bytes(FILES))
    central = data.find(b"PK\x01\x02")
    if change == "crc":
        data[central + 16] ^= 1
    elif change == "size":
        struct.pack_into("<I", data, central + 24, 10)
    elif change == "larger":
        struct.pack_into("<I", data, central + 24, 10_000)
    elif change == "bytes":
        data[60] ^= 0xFF
    elif change == "encrypted":
        data[central + 8] |= 1
    elif change == "method":
        data[central + 10] = 12
    elif change == "offset":
        struct.pack_into("<I", data, central + 42, 7)
    else:
        del data[len(data) // 2 :]
    return bytes(data)


@pytest.mark.parametrize(
    "change", ["crc", "size", "larger", "bytes", "encrypted", "method", "offset", "cut"]
)
def test_damaged_wheels_are_refused(tmp_path: Path, change: str) -> None:
    """Nothing that the archive says of itself is believed, and nothing half-made is kept."""
    with pytest.raises(BuildError) as caught:
        made(tmp_path, (wheel_file(tmp_path, {}, data=damaged(change)),))
    assert caught.value.code == "wheel-broken"
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]


def test_a_small_member_that_unpacks_to_much_is_stopped(tmp_path: Path) -> None:
    """It is refused at its declared size, not when the memory is full."""
    data = bytearray(wheel_bytes({"bomb": bytes(50_000_000)}))
    struct.pack_into("<I", data, data.find(b"PK\x01\x02") + 24, 100)
    path = tmp_path / "bomb.whl"
    path.write_bytes(bytes(data))
    seen = []
    with Archive(path, "bomb") as archive:
        pieces = (len(plain) for _, plain in archive.pieces(archive.members[0]))
        with pytest.raises(BuildError):
            seen.extend(pieces)
        assert max(seen, default=0) <= 1 << 18


def test_tests_are_left_out_when_asked(tmp_path: Path) -> None:
    """Of the packages that are named, at any depth; RECORD stays true."""
    files = {
        **dict.fromkeys(("demo/tests/a.py", "demo/b/tests/c/d.so", "demo/tests.py"), b"x"),
        "demo/include/test.h": b"x",
        **dict.fromkeys(("other/tests/a.py", "demo/mytests/a.py"), b"x"),
    }
    wheel = wheel_file(tmp_path, files)
    options = VenvOptions(python="3.11", trimmed=Trimmed(tested=("demo",), paths=("demo/include",)))
    layer = wheel_layer(BlobCache(root=tmp_path / "cache"), (wheel,), options)
    with content(tmp_path, layer) as tar:
        names = [name.removeprefix(f"{SITE}/") for name in tar.getnames()]
        record = tar.extractfile(f"{SITE}/demo-1.0.dist-info/RECORD")
        assert record is not None
        listed = [line.partition(",")[0] for line in record.read().decode().splitlines()]
    kept = {"demo/tests.py", "other/tests/a.py", "demo/mytests/a.py"}
    assert kept == {name for name in names if "test" in name and "." in name}
    assert kept == {name for name in listed if "test" in name}


def test_large_wheels_have_layers_of_their_own(tmp_path: Path) -> None:
    """The rest share one; the order depends on nothing but the wheels."""

    def wheel(name: str, size: int) -> Wheel:
        one = wheel_file(tmp_path, {}, name=name)
        return Wheel(package=one.package, path=one.path, sha256=one.sha256, size=size)

    wheels = [wheel("a", 10), wheel("b", 5 << 20), wheel("c", 20), wheel("d", 2 << 20)]
    found = [[w.package.name for w in group] for group in groups(wheels)]
    assert found == [["b"], ["d"], ["a", "c"]]
    assert groups(wheels[::-1]) == groups(wheels)
