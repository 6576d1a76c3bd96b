"""Entries of a layer that no package brings. Pure."""

from __future__ import annotations

import tarfile

from nb2image.build.embedded.debian.deb import Unpacked

BUNDLE = "etc/ssl/certs/ca-certificates.crt"
"""The certificates of all authorities."""


def plain(path: str, data: bytes) -> Unpacked:
    """A file made here."""
    return Unpacked(path=path, kind=tarfile.REGTYPE, mode=0o644, data=data)


def folder(path: str, mode: int = 0o755) -> Unpacked:
    """A folder made here."""
    return Unpacked(path=path, kind=tarfile.DIRTYPE, mode=mode)


def symlink(path: str, target: str) -> Unpacked:
    """A link made here."""
    return Unpacked(path=path, kind=tarfile.SYMTYPE, mode=0o777, target=target)


def whiteout(path: str) -> Unpacked:
    """What hides a path of the layers below (OCI image specification, layer.md)."""
    above, slash, name = path.rpartition("/")
    return plain(f"{above}{slash}.wh.{name}", b"")
