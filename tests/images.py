"""Little images for tests: layers and archives written with the standard library's tarfile."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

Item = tuple[str, bytes] | tarfile.TarInfo
"""A file with its content, or any other member as tarfile describes it."""


def folder(path: str) -> tarfile.TarInfo:
    """A folder."""
    info = tarfile.TarInfo(path)
    info.type = tarfile.DIRTYPE
    info.mode = 0o755
    return info


def link(path: str, target: str, *, hard: bool = False) -> tarfile.TarInfo:
    """A symbolic or hard link."""
    info = tarfile.TarInfo(path)
    info.type = tarfile.LNKTYPE if hard else tarfile.SYMTYPE
    info.linkname = target
    return info


def device(path: str) -> tarfile.TarInfo:
    """A character device."""
    info = tarfile.TarInfo(path)
    info.type = tarfile.CHRTYPE
    return info


def layer(*items: Item) -> bytes:
    """A layer's tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for item in items:
            if isinstance(item, tarfile.TarInfo):
                tar.addfile(item)
            else:
                info = tarfile.TarInfo(item[0])
                info.size = len(item[1])
                tar.addfile(info, io.BytesIO(item[1]))
    return buffer.getvalue()


def config(layers: Sequence[bytes], **run: object) -> bytes:
    """An image config for uncompressed layers."""
    return json.dumps(
        {
            "os": "linux",
            "architecture": "amd64",
            "created": "2024-01-01T00:00:00Z",
            "config": run,
            "rootfs": {
                "type": "layers",
                "diff_ids": ["sha256:" + hashlib.sha256(data).hexdigest() for data in layers],
            },
            "history": [{"created_by": f"step {n}"} for n in range(1, len(layers) + 1)],
        }
    ).encode()


def docker_archive(layers: Sequence[bytes], tag: str = "test:1", **run: object) -> bytes:
    """What ``docker save`` writes (20.10): the manifest comes last."""
    made = config(layers, **run)
    name = hashlib.sha256(made).hexdigest() + ".json"
    paths = [f"{n:04x}/layer.tar" for n in range(len(layers))]
    manifest = json.dumps([{"Config": name, "RepoTags": [tag], "Layers": paths}]).encode()
    return layer(*zip(paths, layers, strict=True), (name, made), ("manifest.json", manifest))


def oci_blobs(
    layers: Sequence[bytes], *, compress: bool = True, platform: Mapping[str, str] | None = None
) -> tuple[dict[str, object], dict[str, bytes]]:
    """An OCI manifest's descriptor and the blobs that it needs, by path."""
    blobs: dict[str, bytes] = {}

    def add(data: bytes, media_type: str) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    oci = "application/vnd.oci.image."
    stored = [gzip.compress(data, mtime=0) if compress else data for data in layers]
    manifest = {
        "schemaVersion": 2,
        "config": add(config(layers), oci + "config.v1+json"),
        "layers": [add(data, oci + "layer.v1.tar" + "+gzip" * compress) for data in stored],
    }
    descriptor = add(json.dumps(manifest).encode(), oci + "manifest.v1+json")
    if platform:
        descriptor["platform"] = platform
    return descriptor, blobs


def oci_parts(
    images: Iterable[tuple[dict[str, object], dict[str, bytes]]],
) -> dict[str, bytes]:
    """All files of an OCI layout, by path."""
    descriptors, parts = [], {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}
    for descriptor, blobs in images:
        descriptors.append(descriptor)
        parts.update(blobs)
    parts["index.json"] = json.dumps({"schemaVersion": 2, "manifests": descriptors}).encode()
    return parts


def write_parts(parts: Mapping[str, bytes], root: Path) -> Path:
    """Write a layout's files below a folder."""
    for name, data in parts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root
