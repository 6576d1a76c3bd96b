"""Tiny real wheels and sdists, made in memory."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence


def metadata(
    name: str, version: str, requires: Sequence[str] = (), requires_python: str = ""
) -> str:
    """A METADATA or PKG-INFO."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {requires_python}"] if requires_python else []
    lines += [f"Requires-Dist: {r}" for r in requires]
    return "\n".join(lines) + "\n"


def wheel(
    name: str,
    version: str,
    *,
    files: Mapping[str, str | bytes] | None = None,
    requires: Sequence[str] = (),
    requires_python: str = "",
    tag: str = "py3-none-any",
    raw_metadata: bytes | None = None,
) -> tuple[str, bytes]:
    """(file name, bytes) of a wheel; one module of the same name when no files are given."""
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    text = metadata(name, version, requires, requires_python).encode()
    members = {k: v.encode() if isinstance(v, str) else v for k, v in (files or {}).items()}
    if files is None:
        members = {f"{name.replace('-', '_')}/__init__.py": f'__version__ = "{version}"\n'.encode()}
    members[f"{info}/METADATA"] = text if raw_metadata is None else raw_metadata
    members[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    record = ""
    for path, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(data)}\n"
    members[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in members.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), data)
    return f"{stem}-{tag}.whl", buffer.getvalue()


def sdist(
    name: str,
    version: str,
    *,
    files: Mapping[str, str] | None = None,
    requires: Sequence[str] = (),
    requires_python: str = "",
) -> tuple[str, bytes]:
    """(file name, bytes) of an sdist as old setuptools makes it: requirements in egg-info only."""
    stem = f"{name}-{version}"
    egg = f"{name.replace('-', '_')}.egg-info"
    members = {
        "PKG-INFO": metadata(name, version, (), requires_python),
        "setup.py": "raise SystemExit('an sdist was built on the host')\n",
        f"{egg}/PKG-INFO": metadata(name, version, (), requires_python),
        f"{egg}/requires.txt": "".join(f"{r}\n" for r in requires),
        **(files if files is not None else {f"{name.replace('-', '_')}.py": ""}),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in members.items():
            data = text.encode()
            entry = tarfile.TarInfo(f"{stem}/{path}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return f"{stem}.tar.gz", buffer.getvalue()
