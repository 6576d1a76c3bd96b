"""Bases on disk: layouts and archives of docker save, hostile ones too."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from nb2image.archive.read import read_path
from nb2image.build.embedded.bases.archive import read_base, read_image
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.layers import tarhead
from nb2image.errors import ArchiveError, BuildError, Nb2ImageError, OptionError

PLATFORM = {"os": "linux", "architecture": "amd64"}
PYTHON = "usr/bin/python3.11"


def layer_bytes() -> bytes:
    """A layer with a Python."""
    return tarhead.header(PYTHON, mode=0o755) + tarhead.END_OF_ARCHIVE


def described(data: bytes, kind: str, **more: Any) -> dict[str, Any]:
    """A descriptor."""
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    media_type = f"application/vnd.oci.image.{kind}"
    return {"mediaType": media_type, "digest": digest, "size": len(data), **more}


def layout(*names: str, platform: dict[str, str] | None = None) -> dict[str, bytes]:
    """The files of a layout with an image for each name."""
    files: dict[str, bytes] = {}
    manifests = []
    layer = layer_bytes()
    for name in names:
        diff_id = described(layer, "")["digest"]
        config = {**PLATFORM, "config": {"Labels": {"n": name}}, "rootfs": {"diff_ids": [diff_id]}}
        packed = json.dumps(config).encode()
        manifest = json.dumps(
            {
                "config": described(packed, "config.v1+json"),
                "layers": [described(layer, "layer.v1.tar")],
            }
        ).encode()
        for data in (layer, packed, manifest):
            files[f"blobs/sha256/{hashlib.sha256(data).hexdigest()}"] = data
        more = {"platform": platform} if platform else {}
        manifests.append(described(manifest, "manifest.v1+json", **more))
    files["index.json"] = json.dumps({"manifests": manifests}).encode()
    return files


def saved(config: str = "config.json", layer: str = "layer.tar") -> dict[str, bytes]:
    """The files of docker save."""
    diff_id = described(layer_bytes(), "")["digest"]
    return {
        "config.json": json.dumps({**PLATFORM, "rootfs": {"diff_ids": [diff_id]}}).encode(),
        "layer.tar": layer_bytes(),
        "manifest.json": json.dumps(
            [{"Config": config, "Layers": [layer], "RepoTags": ["me/base:1"]}]
        ).encode(),
    }


def written(path: Path, files: dict[str, bytes], form: str = "tar") -> Path:
    """The files as a tar, a compressed one, or a folder."""
    if form == "folder":
        for name, data in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
        return path
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    path.write_bytes(gzip.compress(out.getvalue()) if form == "gzip" else out.getvalue())
    return path


def base(path: Path, folder: Path) -> Any:
    """The base at a path."""
    return read_base(path, BlobCache(root=folder / "cache"), architecture="amd64", python="3.11")


@pytest.mark.parametrize("form", ["tar", "gzip", "folder"])
@pytest.mark.parametrize("files", [layout("a"), layout("a", platform=PLATFORM), saved()])
def test_every_form_is_read(tmp_path: Path, files: dict[str, bytes], form: str) -> None:
    """By the embedded builder and by inspect, which share what finds the parts."""
    path = written(tmp_path / "base", files, form)
    assert base(path, tmp_path).facts.interpreter == f"/{PYTHON}"
    found = read_path(path, keep=lambda _: False)
    assert [entry.path for entry in found.layers[0].files.entries] == [PYTHON]


def test_an_image_is_taken_as_it_is(tmp_path: Path) -> None:
    """To be pushed: manifest and config keep their digests."""
    files = layout("a")
    cache = BlobCache(root=tmp_path / "cache")
    image = read_image(written(tmp_path / "image.tar", files), cache, "amd64")
    named = json.loads(files["index.json"])["manifests"][0]["digest"]
    assert image.manifest.digest == named
    assert cache.find(image.layers[0].digest) is not None


@pytest.mark.parametrize("platform", [None, PLATFORM])
def test_one_of_several_images_is_never_guessed(
    tmp_path: Path, platform: dict[str, str] | None
) -> None:
    """Save one alone."""
    path = written(tmp_path / "two.tar", layout("a", "b", platform=platform))
    with pytest.raises(OptionError, match="holds 2 images"):
        base(path, tmp_path)


@pytest.mark.parametrize("form", ["tar", "folder"])
@pytest.mark.parametrize("given", [{"config": "../secret.json"}, {"layer": "../secret.tar"}])
def test_parts_outside_the_archive_are_none(
    tmp_path: Path, form: str, given: dict[str, str]
) -> None:
    """A manifest cannot name files of this machine."""
    files = saved(**given)
    (tmp_path / "secret.json").write_bytes(files["config.json"])
    (tmp_path / "secret.tar").write_bytes(files["layer.tar"])
    with pytest.raises(BuildError, match="is damaged"):
        base(written(tmp_path / "base", files, form), tmp_path)


def pax_bomb() -> bytes:
    """A header that claims a gigabyte of names."""
    return tarhead.ustar(b"x", b"", b"x", 0o644, tarhead.ROOT, 1 << 30, 0, b"") + bytes(1 << 20)


@pytest.mark.parametrize(
    "data",
    [
        pax_bomb(),
        gzip.compress(pax_bomb()),
        gzip.compress(bytes(5000))[:-9],
        b"no archive",
        b"",
        tarhead.header("index.json", size=100) + b"cut",
        tarhead.header("index.json", size=5) + b"[[[[[" + bytes(507) + tarhead.END_OF_ARCHIVE,
    ],
)
def test_what_is_no_archive_is_told(tmp_path: Path, data: bytes) -> None:
    """Bombs, cut ones, none: an error of ours with a hint, and nothing in the cache."""
    path = tmp_path / "base.tar"
    path.write_bytes(data)
    with pytest.raises(Nb2ImageError) as caught:
        base(path, tmp_path)
    assert caught.value.hint
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file()]
    with pytest.raises(ArchiveError):
        read_path(path, keep=lambda _: False)


@pytest.mark.parametrize("blob", [0, 1, 2])
def test_a_part_with_another_hash_is_refused(tmp_path: Path, blob: int) -> None:
    """Layer, config, manifest: under its name the cache has the right bytes or none."""
    files = layout("a")
    name = list(files)[blob]
    files[name] = files[name][:-1] + b"?"
    with pytest.raises(BuildError, match="is damaged"):
        base(written(tmp_path / "base.tar", files), tmp_path)
    cache = BlobCache(root=tmp_path / "cache")
    assert cache.find(f"sha256:{name.rpartition('/')[2]}") is None
