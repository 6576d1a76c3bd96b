"""Stands in for packages that have no wheel, so that uv can resolve without building anything.

uv is forbidden to build: an sdist's setup.py is foreign code, and it would run on this host. So
uv is given an empty wheel with the sdist's own metadata; in the lock the sdist takes its place,
and it is built where all foreign code runs, in the build stage of the image.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement

from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.index.listing import IndexFile
from nb2image.requirements.index.local import local_path
from nb2image.requirements.index.release import releases
from nb2image.requirements.target import Target

COMPILED = re.compile(
    r"^(?!.*(?:^|/)(?:docs?|examples?|tests?)/).*\.(?:c|cc|cpp|cu|cxx|f|f77|f90|pyx|rs)$"
)
"""A source for a compiler, outside of documentation and tests."""
FIXED_TIME = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stub:
    """An sdist as uv shall see it."""

    name: str
    """Canonical."""
    version: str
    requires: tuple[str, ...]
    """PEP 508 lines."""
    requires_python: str = ""
    compiled: bool = False
    """It holds sources that need a compiler."""
    sdist: IndexFile

    @property
    def file_name(self) -> str:
        """The stand-in's name."""
        return f"{self.name.replace('-', '_')}-{self.version}-py3-none-any.whl"


def stubs_of(
    name: str,
    index: PackageIndex,
    target: Target,
    *,
    specifier: str = "",
    as_of: str = "",
    pure: bool = False,
) -> Iterator[Stub]:
    """The newest sdists of a project that the target's Python may install.

    With ``pure`` none from the first on that needs a compiler: releases with wheels for single
    platforms do, and are not even read. Raises RequirementsError when the index does not answer.
    """
    project = index.project(name)
    if project is None:
        return
    for version, files in releases(project, specifier, as_of):
        sdists = [f for f in files if not f.is_wheel and target.accepts(f.requires_python)]
        # a .tar.gz before a .zip: it is what is made today, and read as a stream
        sdists.sort(key=lambda f: not f.name.endswith(".tar.gz"))
        if not sdists:
            continue
        if pure and any(is_compiled(f) for f in files):
            return
        contents = index.contents(sdists[0])
        compiled = any(COMPILED.search(m) for m in contents.members)
        if pure and compiled:
            return
        raw, _ = parse_email(contents.metadata)
        requires = [r for r in map(repaired, raw.get("requires_dist", [])) if r]
        yield Stub(
            name=project.name,
            version=str(version),
            requires=tuple(requires),
            requires_python=sdists[0].requires_python,
            compiled=compiled,
            sdist=sdists[0],
        )


def is_compiled(file: IndexFile) -> bool:
    """Whether a file is a wheel for one platform."""
    return file.is_wheel and not file.name.endswith("-any.whl")


LEGACY = re.compile(
    r"^\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?P<extras>\[[^\]]*\])?\s*"
    r"\(?(?P<bounds>[^;()]*)\)?\s*(?:;(?P<marker>.*))?$"
)


def repaired(text: str) -> str:
    """A requirement as PEP 508 knows it; bounds and markers that nobody can read are left out.

    ``pytz (>=2011k)``, in every pandas before 0.25, becomes ``pytz``. Empty when not even a name
    can be read.
    """
    try:
        return str(Requirement(text))
    except InvalidRequirement:
        pass
    match = LEGACY.match(text)
    if match is None:
        return ""
    head = f"{match['name']}{match['extras'] or ''}"
    kept: list[str] = []
    for bound in match["bounds"].split(","):
        if bound.strip() and is_requirement(f"{head}{bound}"):
            kept.append(bound.strip())
    line = f"{head}{','.join(kept)}"
    marker = (match["marker"] or "").strip()
    if marker and is_requirement(f"{head}; {marker}"):
        line = f"{line}; {marker}"
    elif marker:
        return ""  # for a platform or an extra that cannot be told
    return str(Requirement(line)) if is_requirement(line) else ""


def is_requirement(text: str) -> bool:
    """Whether a line is valid PEP 508."""
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


def write_stub(stub: Stub, folder: Path) -> Path:
    """Write the stand-in wheel. The same stub gives the same bytes."""
    info = f"{stub.file_name.split('-')[0]}-{stub.version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {stub.name}", f"Version: {stub.version}"]
    lines += [f"Requires-Python: {stub.requires_python}"] if stub.requires_python else []
    lines += [f"Requires-Dist: {r}" for r in stub.requires]
    members = {
        f"{info}/METADATA": "\n".join(lines) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member, text in members.items():
            archive.writestr(zipfile.ZipInfo(member, FIXED_TIME), text)
    path = folder / stub.file_name
    path.write_bytes(buffer.getvalue())
    return path


def sha256_of(file: IndexFile) -> str:
    """A file's hash as its index says it; a file in a folder tells its own."""
    path = None if file.sha256 else local_path(file.url)
    if path is None or not path.is_file():
        return file.sha256
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def with_sdists(pylock: str, stubs: tuple[Stub, ...], folder: Path) -> str:
    """uv's lock with the sdists in place of their stand-ins."""
    for stub in stubs:
        path = folder / stub.file_name
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        at = rf'wheels = \[\{{ (?:url|path) = "[^"]*{re.escape(stub.file_name)}"'
        entry = rf"{at},[^\n]*{digest}[^\n]*\]"
        url, sha256 = json.dumps(stub.sdist.url), sha256_of(stub.sdist)
        hashes = f"sha256 = {json.dumps(sha256)}" if sha256 else ""
        sdist = f"sdist = {{ url = {url}, hashes = {{ {hashes} }} }}"
        pylock = re.sub(entry, sdist.replace("\\", "\\\\"), pylock)
    return pylock
