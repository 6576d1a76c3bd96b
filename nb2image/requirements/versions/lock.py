"""Reads uv's lock (PEP 751) into locked packages: only files that fit the image count."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from nb2image.model import LockedPackage
from nb2image.requirements.target import Target

VIA = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==\S+\s+# via (?P<via>.+)$")
PROJECT = "nb2image-notebook"
"""What the notebook is called where uv wants a project."""
INPUTS = {"-r requirements.in", f"{PROJECT} (pyproject.toml)"}


def parse_pylock(text: str, target: Target) -> tuple[LockedPackage, ...]:
    """The packages of a pylock.toml that uv wrote for ``target``, by name."""
    found = [locked_package(entry, target) for entry in tomllib.loads(text).get("packages", [])]
    return tuple(sorted(found, key=lambda p: p.name))


def locked_package(entry: Mapping[str, Any], target: Target) -> LockedPackage:
    """One ``[[packages]]`` table; its best wheel by the target's own order of tags."""
    name = canonicalize_name(str(entry["name"]))
    version = str(entry.get("version", ""))
    if vcs := entry.get("vcs"):
        address = f"{vcs.get('type', 'git')}+{vcs.get('url', '')}@{vcs.get('commit-id', '')}"
        return LockedPackage(name=name, version=version, url=address + below(vcs))
    if archive := entry.get("archive"):
        address = str(archive.get("url", "")) + below(archive)
        return LockedPackage(name=name, version=version, url=address, hashes=hashes([archive]))
    order = {tag: rank for rank, tag in enumerate(target.tags())}

    def rank(wheel: Mapping[str, Any]) -> int:
        try:
            tags = parse_wheel_filename(file_name(wheel))[3]
        except InvalidWheelFilename:
            return len(order)
        return min((order[tag] for tag in tags if tag in order), default=len(order))

    wheels = sorted(
        (w for w in entry.get("wheels", []) if rank(w) < len(order)),
        key=lambda w: (rank(w), on_this_host(w)),
    )
    files = wheels or [entry["sdist"]] if wheels or "sdist" in entry else []
    here = bool(files) and on_this_host(files[0])
    return LockedPackage(
        name=name,
        version=version,
        # beside a file of this host no other of its release is there in the build
        hashes=hashes(files[:1] if here else files),
        wheel=file_name(wheels[0]) if wheels else "",
        size=files[0].get("size") if files else None,
        vendored=file_name(files[0]) if here else "",
    )


def below(source: Mapping[str, Any]) -> str:
    """The end of an address that says in which folder of it the project lies."""
    folder = source.get("subdirectory")
    return f"#subdirectory={folder}" if folder else ""


def on_this_host(file: Mapping[str, Any]) -> bool:
    """Whether uv found the file on this host: in a folder or an index that ``file:`` names."""
    return "path" in file or urlsplit(str(file.get("url", ""))).scheme == "file"


def hashes(files: list[Mapping[str, Any]]) -> tuple[str, ...]:
    """``sha256:…`` of each file, sorted."""
    return tuple(
        sorted({f"sha256:{f['hashes']['sha256']}" for f in files if "sha256" in f["hashes"]})
    )


def file_name(file: Mapping[str, Any]) -> str:
    """The file's name; uv leaves it out when the address ends with it."""
    named = file.get("name") or str(file.get("url") or file.get("path") or "")
    return unquote(urlsplit(str(named)).path).rpartition("/")[2]


def with_reasons(packages: tuple[LockedPackage, ...], listing: str) -> tuple[LockedPackage, ...]:
    """The packages with who asks for them, read from uv's requirements.txt of the same set."""
    asked = parse_reasons(listing)
    return tuple(
        replace(
            p,
            direct=not INPUTS.isdisjoint(asked.get(p.name, ())),
            via=tuple(sorted(set(asked.get(p.name, ())) - INPUTS)),
        )
        for p in packages
    )


def parse_reasons(listing: str) -> dict[str, tuple[str, ...]]:
    """``{name: who asks for it}`` from lines such as ``six==1.16.0  # via python-dateutil``."""
    found: dict[str, tuple[str, ...]] = {}
    for line in listing.splitlines():
        if match := VIA.match(line):
            via = tuple(part.strip() for part in match["via"].split(","))
            found[canonicalize_name(match["name"])] = tuple(
                v if v in INPUTS else str(canonicalize_name(v)) for v in via if v[:3] != "-c "
            )
    return found
