"""Packs a wheel again of what an image has installed of it.

A wheel that came along in a build context is on no index, and an image keeps what is installed
and no wheel. Packed again it holds the same files but not the same bytes: it has another hash.
"""

from __future__ import annotations

import base64
import configparser
import csv
import hashlib
import posixpath
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

from nb2image.image.contract import VENV
from nb2image.model import LockedPackage

EPOCH = (1980, 1, 1, 0, 0, 0)
INSTALLERS_OWN = {"INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json"}
"""Files of a .dist-info folder that installing adds, and the list that is made anew."""
SHEBANG = re.compile(rb"\A#![^\n]*\bpython[^\n]*")
MAX_LIST = 64_000_000
"""Bytes of a RECORD or of entry points."""

Fetch = Callable[[str], Path | None]
"""Brings a file or folder of an image here, by its absolute path there; None for nothing."""


def repack(package: LockedPackage, python: str, fetch: Fetch, folder: Path) -> Path | None:
    """The vendored wheel, made in ``folder``; None for a source, or when the image has no list.

    What was left out of the image is left out of the wheel. The same image gives the same bytes.
    """
    if not package.vendored.endswith(".whl"):
        return None
    stem = "-".join(package.vendored.split("-")[:2])
    site = f"{VENV}/lib/python{python}/site-packages"
    info = fetch(f"{site}/{stem}.dist-info")
    record = text_of(info, "RECORD")
    if info is None or not record:
        return None
    launchers = entry_points(text_of(info, "entry_points.txt"))
    files = dict(installed(record, site, stem, launchers, fetch))
    made = folder / package.vendored
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        listed = StringIO()
        lines = csv.writer(listed, lineterminator="\n")
        for name in sorted(files):
            data = files[name].read_bytes()
            if name.startswith(f"{stem}.data/scripts/"):
                data = SHEBANG.sub(b"#!python", data)
            lines.writerow((name, *hashed(data)))
            archive.writestr(entry(name, files[name].stat().st_mode), data)
        lines.writerow((f"{stem}.dist-info/RECORD", "", ""))
        archive.writestr(entry(f"{stem}.dist-info/RECORD", 0), listed.getvalue())
    return made


def installed(
    record: str, site: str, stem: str, launchers: set[str], fetch: Fetch
) -> Iterator[tuple[str, Path]]:
    """(name in the wheel, the file here) of what a RECORD lists and the image has.

    The list comes from the image: what it places outside the virtual environment is left alone.
    """
    brought: dict[str, Path | None] = {}
    for row in csv.reader(StringIO(record)):
        whole = posixpath.normpath(posixpath.join(site, row[0])) if row else ""
        name = name_in_wheel(whole, site, stem)
        if not name or name.removeprefix(f"{stem}.data/scripts/") in launchers:
            continue
        below = posixpath.relpath(whole, site).partition("/")
        top = whole if below[0] == ".." else f"{site}/{below[0]}"
        if top not in brought:
            brought[top] = fetch(top)
        here = brought[top]
        if here is not None and whole != top:
            here = here / below[2]
        if here is not None and is_plain(here, brought[top]):
            yield name, here


def name_in_wheel(whole: str, site: str, stem: str) -> str:
    """What a wheel calls an installed file; empty for one that installing made."""
    if whole.endswith(".pyc"):
        return ""
    if whole.startswith(f"{site}/"):
        name = whole.removeprefix(f"{site}/")
        own = name.startswith(f"{stem}.dist-info/") and name.count("/") == 1
        return "" if own and posixpath.basename(name) in INSTALLERS_OWN else name
    if whole.startswith(f"{VENV}/bin/"):
        return f"{stem}.data/scripts/{whole.removeprefix(f'{VENV}/bin/')}"
    inside = whole.startswith(f"{VENV}/")
    return f"{stem}.data/data/{whole.removeprefix(f'{VENV}/')}" if inside else ""


def is_plain(path: Path, top: Path | None) -> bool:
    """Whether a path is a file, and no link leads to it from elsewhere."""
    inside = top is not None and path.resolve().is_relative_to(top.resolve())
    return inside and path.is_file() and not path.is_symlink()


def text_of(folder: Path | None, name: str) -> str:
    """A small text file of a folder; empty when there is none."""
    path = folder / name if folder is not None else None
    if path is None or not is_plain(path, folder) or path.stat().st_size > MAX_LIST:
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


def entry_points(text: str) -> set[str]:
    """The programs that an installer makes by itself."""
    parser = configparser.RawConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error:
        return set()
    sections = ("console_scripts", "gui_scripts")
    return {name for s in sections if parser.has_section(s) for name in parser.options(s)}


def hashed(data: bytes) -> tuple[str, str]:
    """Hash and size as a RECORD has them."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest}", str(len(data))


def entry(name: str, mode: int) -> zipfile.ZipInfo:
    """A member that depends on nothing but its name and whether it is a program."""
    made = zipfile.ZipInfo(name, EPOCH)
    made.compress_type = zipfile.ZIP_DEFLATED
    made.external_attr = (stat.S_IFREG | (0o755 if mode & 0o100 else 0o644)) << 16
    return made
