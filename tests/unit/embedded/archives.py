"""Wheels and layers for the tests."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

from nb2image.build.embedded.wheels.venv import Wheel
from nb2image.model import LockedPackage

WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def wheel_bytes(
    files: dict[str, bytes], name: str = "demo", compression: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """A wheel of ``files`` with the .dist-info that the format demands."""
    info = f"{name}-1.0.dist-info"
    given = {
        **files,
        f"{info}/WHEEL": WHEEL,
        f"{info}/METADATA": f"Name: {name}\nVersion: 1.0\n".encode(),
    }
    record = "".join(f"{path},,\n" for path in (*given, f"{info}/RECORD"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for path, data in {**given, f"{info}/RECORD": record.encode()}.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), data, compression)
    return out.getvalue()


def wheel_file(
    folder: Path, files: dict[str, bytes], name: str = "demo", data: bytes | None = None
) -> Wheel:
    """The same on disk."""
    content = wheel_bytes(files, name) if data is None else data
    path = folder / f"{name}-1.0-py3-none-any.whl"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    package = LockedPackage(
        name=name,
        version="1.0",
        hashes=(f"sha256:{digest}",),
        wheel=path.name,
        size=len(content),
    )
    return Wheel(package=package, path=path, sha256=digest, size=len(content))
