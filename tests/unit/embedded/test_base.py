"""Bases are hostile: their layers and their configs."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from nb2image.build.embedded.bases.base import entries, of_facts
from nb2image.build.embedded.bases.resolve import Descriptor, Resolved, make_base
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.layers import tarhead
from nb2image.build.embedded.layers.layer import Layer
from nb2image.errors import BuildError

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
END = bytes(1024)


def layer(cache: BlobCache, data: bytes) -> Layer:
    """A layer of a tar's bytes, in the cache."""
    packed = gzip.compress(data, mtime=0)
    return Layer(
        digest=cache.put(packed),
        diff_id=f"sha256:{hashlib.sha256(data).hexdigest()}",
        size=len(packed),
        unpacked=0,
        media_type=GZIP,
    )


def header(kind: bytes, size: int) -> bytes:
    """The header of an extended header that claims a size."""
    return tarhead.ustar(b"x", b"", kind, 0o644, tarhead.ROOT, size, 0, b"")


def extended(kind: bytes, record: bytes) -> bytes:
    """An extended header."""
    return header(kind, len(record)) + record + tarhead.padding(len(record))


@pytest.mark.parametrize(
    "data",
    [
        tarhead.header("../evil") + END,
        tarhead.header("a/../../evil") + END,
        tarhead.header("a", kind=tarfile.LNKTYPE, target="../../etc/shadow") + END,
        header(b"x", 1 << 30) + bytes(1 << 21),
        header(b"L", 1 << 30) + bytes(1 << 21),
        extended(b"x", tarhead.pax_record("a", b"b")) * 3000 + tarhead.header("a") + END,
        b"".join(
            extended(b"g", tarhead.pax_record(str(n), b"x" * 500_000)) + tarhead.header("a")
            for n in range(4)
        )
        + END,
        tarhead.header("a", size=1000) + b"short",
        b"no tar at all" * 100,
    ],
)
def test_hostile_layers_are_refused(tmp_path: Path, data: bytes) -> None:
    """Names and links that lead out, headers that fill the memory, headers for headers, no tar."""
    cache = BlobCache(root=tmp_path)
    with pytest.raises(BuildError):
        entries(cache, [layer(cache, data)], of_facts)


@pytest.mark.parametrize(
    "settings",
    [
        {"Env": 5},
        {"Env": [5]},
        {"Labels": ["a"]},
        {"Labels": {"a": 1}},
        {"Volumes": "x"},
        {"ExposedPorts": [1]},
        [],
        5,
    ],
)
def test_configs_that_are_none_are_refused(tmp_path: Path, settings: Any) -> None:
    """What is taken over into the image has the types that it must have."""
    cache = BlobCache(root=tmp_path)
    one = layer(cache, END)
    config = json.dumps(
        {
            "os": "linux",
            "architecture": "amd64",
            "config": settings or "none",
            "rootfs": {"diff_ids": [one.diff_id]},
        }
    ).encode()
    resolved = Resolved(
        digest="",
        config=Descriptor(digest="", size=0),
        layers=(Descriptor(digest=one.digest, size=one.size, media_type=GZIP),),
    )
    with pytest.raises(BuildError) as caught:
        make_base(resolved, config, cache, name="b", architecture="amd64", python="3.11")
    assert caught.value.code == "manifest-invalid"


def test_a_layer_that_is_whole_is_read(tmp_path: Path) -> None:
    """Extended headers of usual size are none of the trouble."""
    cache = BlobCache(root=tmp_path)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("etc/passwd")
        info.pax_headers = {"comment": "x" * 1000}
        info.size = 4
        archive.addfile(info, io.BytesIO(b"root"))
    found, size = entries(cache, [layer(cache, out.getvalue())], of_facts)
    assert (found["etc/passwd"].data, size) == (b"root", 4)
