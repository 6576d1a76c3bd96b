"""Who owns each file of an image: Python packages, apt packages, Python itself, the project.

Sources: the wheels' RECORD (PyPA binary distribution format and recording installed projects),
dpkg's ``info/*.list``, the ``status.d`` of images made without dpkg (``*.md5sums`` beside each
control file), conda's ``conda-meta/*.json``.
"""

from __future__ import annotations

import csv
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
from packaging.utils import canonicalize_name

from nb2image.model.analysis import OwnerKind
from nb2image.model.layer import Entry

PLAN_PATH = "opt/nb2image/plan.json"
DPKG_INFO = "var/lib/dpkg/info/"
DPKG_STATUS = "var/lib/dpkg/status"
STATUS_D = "var/lib/dpkg/status.d/"

WANTED = re.compile(
    r"(.*/)?[^/]+\.dist-info/RECORD"
    r"|var/lib/dpkg/(status|info/[^/]+\.list|status\.d/[^/]+)"
    r"|(.*/)?conda-meta/[^/]+\.json"
    rf"|{re.escape(PLAN_PATH)}"
)
PYTHON_PACKAGE = re.compile(r"(lib)?python3?(\.\d+)?(-minimal|-stdlib|-dev|-distutils|-venv)?")
PYTHON_FILES = re.compile(
    r"(usr/local|opt/python[^/]*|usr)/"
    r"(lib/(libpython3.*|python3[^/]*/(?!site-packages/|dist-packages/).*|pkgconfig/python.*)"
    r"|include/python3.*|bin/(python3?|pydoc3?|idle3?|2to3|pip3?)(\.\d+|-\d.*|-config)*"
    r"|share/man/man1/python3.*)"
)
VENV = "opt/venv/"
MAX_LINKS = 40


@dataclass(frozen=True, slots=True)
class Owner:
    """What a file belongs to."""

    kind: OwnerKind
    name: str
    version: str = ""


PYTHON = Owner("python", "python")
PROJECT = Owner("project", "project")
PACKAGE_LISTS = Owner("other", "package lists")


def wanted(path: str) -> bool:
    """Whether a file's content tells who owns what."""
    return WANTED.fullmatch(path) is not None


def owners(
    visible: Mapping[str, tuple[int, Entry]], texts: Mapping[str, bytes], workdir: str
) -> dict[str, Owner]:
    """The owner of each visible path that has one; ``texts`` are the visible wanted files."""
    apt = dict(apt_files(texts, Links(visible)))
    owned: dict[str, Owner] = {}
    for files, owner in conda_records(texts):
        owned.update(dict.fromkeys(files, owner))
    for record in sorted(path for path in texts if path.endswith(".dist-info/RECORD")):
        if record in apt:
            continue  # a Debian package of a Python distribution is Debian's
        owner, files = python_record(record, texts[record])
        owned.update(dict.fromkeys(files, owner))
    for path, owner in apt.items():
        owned.setdefault(path, owner)
    found = {}
    for path in visible:
        place = owned.get(path) or by_source(path, owned) or by_place(path, workdir)
        if place is not None:
            found[path] = place
    return found


def by_source(path: str, owned: Mapping[str, Owner]) -> Owner | None:
    """The owner of the module that a bytecode file was compiled from (PEP 3147)."""
    folder, _, name = path.rpartition("/")
    if not folder.endswith("__pycache__") or not name.endswith(".pyc"):
        return None
    return owned.get(f"{folder.removesuffix('__pycache__')}{name.partition('.')[0]}.py")


def by_place(path: str, workdir: str) -> Owner | None:
    """The owner by where a file stands: Python itself, the project."""
    if path.startswith(("app/", "opt/nb2image/")):
        return PROJECT
    if path.startswith("var/lib/dpkg/"):
        return PACKAGE_LISTS
    if PYTHON_FILES.fullmatch(path):
        return PYTHON
    if path.startswith(VENV) and "/site-packages/" not in path:
        return PYTHON
    if len(workdir) > 1 and path.startswith(workdir.strip("/") + "/"):
        return PROJECT
    return None


def python_record(path: str, data: bytes) -> tuple[Owner, list[str]]:
    """The distribution of a RECORD and the paths that it lists, relative to the image's root."""
    info = posixpath.dirname(path)
    site = posixpath.dirname(info)
    name, _, version = posixpath.basename(info).removesuffix(".dist-info").partition("-")
    owner = Owner("python-package", canonicalize_name(name), version)
    files = [path]
    try:
        for row in csv.reader(data.decode("utf-8", "replace").splitlines()):
            if row and row[0]:
                files.append(posixpath.normpath(posixpath.join("/", site, row[0])).lstrip("/"))
    except csv.Error:
        pass  # what could be read of a damaged RECORD still counts
    return owner, files


def apt_files(texts: Mapping[str, bytes], links: Links) -> Iterator[tuple[str, Owner]]:
    """(path, owner) of every file that an apt package lists, folder links followed."""
    versions = dict(dpkg_versions(texts.get(DPKG_STATUS, b"")))
    for path, data in texts.items():
        if path.startswith(DPKG_INFO):
            name = path.removeprefix(DPKG_INFO).removesuffix(".list").partition(":")[0]
            owner = apt_owner(name, versions.get(name, ""))
            listed = [line.strip(b"/") for line in data.splitlines()]
        elif path.startswith(STATUS_D) and path.endswith(".md5sums"):
            control = texts.get(path.removesuffix(".md5sums"), b"")
            name, version = next(
                iter(dpkg_versions(control)),
                (path.removeprefix(STATUS_D).removesuffix(".md5sums"), ""),
            )
            owner = apt_owner(name, version)
            listed = [line.partition(b"  ")[2].strip() for line in data.splitlines()]
        else:
            continue
        for raw in listed:
            yield links.follow(raw.decode("utf-8", "backslashreplace").lstrip("./")), owner


def apt_owner(name: str, version: str) -> Owner:
    """The owner record of an apt package; Debian's Python is Python itself."""
    kind: OwnerKind = "python" if PYTHON_PACKAGE.fullmatch(name) else "apt"
    return Owner(kind, name, version)


def dpkg_versions(status: bytes) -> Iterator[tuple[str, str]]:
    """(package, version) of each stanza of a dpkg status file."""
    name = version = ""
    for line in [*status.decode("utf-8", "replace").splitlines(), ""]:
        if not line:
            if name:
                yield name, version
            name = version = ""
        elif line.startswith("Package:"):
            name = line.partition(":")[2].strip()
        elif line.startswith("Version:"):
            version = line.partition(":")[2].strip()


class CondaRecord(msgspec.Struct):
    """The part of a conda-meta file that is read."""

    name: str
    version: str = ""
    files: list[str] = []


def conda_records(texts: Mapping[str, bytes]) -> Iterator[tuple[list[str], Owner]]:
    """(paths, owner) of each conda package."""
    for path, data in texts.items():
        prefix, found, _ = path.partition("conda-meta/")
        if not found:
            continue
        try:
            record = msgspec.json.decode(data, type=CondaRecord)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        kind: OwnerKind = "python" if record.name == "python" else "conda"
        yield [prefix + file for file in record.files], Owner(kind, record.name, record.version)


class Links:
    """Follows the symbolic links among folders: dpkg lists /lib/x for what lies in /usr/lib."""

    def __init__(self, visible: Mapping[str, tuple[int, Entry]]) -> None:
        self._targets = {
            path: entry.target for path, (_, entry) in visible.items() if entry.kind == "symlink"
        }
        self._known: dict[str, str] = {"": ""}

    def follow(self, path: str) -> str:
        """The path with the links among its folders resolved, not the last part itself."""
        folder, _, name = path.rpartition("/")
        if folder not in self._known:
            self._known[folder] = self._resolve(folder)
        resolved = self._known[folder]
        return f"{resolved}/{name}" if resolved else name

    def _resolve(self, folder: str) -> str:
        """Walk down the parts as the kernel does, with its limit of 40 links."""
        waiting = folder.split("/")[::-1]
        resolved: list[str] = []
        hops = 0
        while waiting:
            part = waiting.pop()
            if part == "..":
                resolved = resolved[:-1]
            elif part not in ("", "."):
                target = self._targets.get("/".join([*resolved, part]))
                if target is None or hops == MAX_LINKS:
                    resolved.append(part)
                    continue
                hops += 1
                if target.startswith("/"):
                    resolved = []
                waiting.extend(target.split("/")[::-1])
        return "/".join(resolved)
