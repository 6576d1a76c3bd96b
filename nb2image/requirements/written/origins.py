"""Where a project's file says that a package comes from, when that is not an index.

What a project takes from a folder or a repository may have a namesake on the index that is another
project, or one that somebody put there for those who look it up by its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from packaging.utils import canonicalize_name

from nb2image.model import Finding, Place, Rule
from nb2image.requirements.target import Target
from nb2image.requirements.written.declared import (
    Declared,
    address_in,
    is_address,
    parse_requirement,
)

FOLDERS = ("directory", "editable", "path", "virtual")
REFERENCES = ("commit-id", "resolved_reference", "rev", "ref", "tag", "branch", "reference")
"""Keys of a revision, the exact ones first."""


def origin(source: object) -> str | None:
    """The address that a table names; empty for a folder, None for an index or what says nothing.

    The tables are those of uv, Poetry, Pipenv and of pylock.toml.
    """
    if isinstance(source, list):  # uv: one for each platform
        source = next((row for row in source if isinstance(row, Mapping)), None)
    if not isinstance(source, Mapping):
        return None
    for key in ("vcs", "archive"):  # pylock.toml
        if isinstance(source.get(key), Mapping):
            return origin({**source[key], "type": source[key].get("type", "url")}) or ""
    if source.get("workspace") is True or source.get("type") in ("directory", "file"):
        return ""
    if any(isinstance(source.get(key), str | Mapping) for key in FOLDERS):
        return ""
    url = source.get("git") or source.get("url") or source.get("file")
    if not isinstance(url, str) or source.get("type") == "legacy":
        return None  # Poetry calls an index of one's own "legacy"
    return git_address(url, source) if "git" in (source.get("type"), *source) else url


def git_address(url: str, source: Mapping[str, object]) -> str:
    """The address of a repository at a revision; uv.lock writes both into one."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url  # no address
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    table = {**source, **asked}
    found = (str(table[key]) for key in REFERENCES if table.get(key))
    revision = parts.fragment or next(found, "")
    folder = f"#subdirectory={table['subdirectory']}" if table.get("subdirectory") else ""
    tail = f"@{revision}" if revision else ""
    return (
        f"git+{parts._replace(query='', fragment='').geturl().removeprefix('git+')}{tail}{folder}"
    )


def placed(found: Declared, source: object) -> Declared:
    """A requirement as its source has it: at an address, in the project, or on an index."""
    address = origin(source)
    if address is None:
        return found
    if is_address(address):
        return replace(found, specifier="", url=address)
    return replace(found, specifier="", itself=True)


def refused(line: str, source: object, place: Place, target: Target) -> Finding | None:
    """What to say of a requirement at an address that is not followed; None for any other.

    ``source`` is the table that says where it comes from. The address may hold a secret.
    """
    address = origin(source) or address_in(line, target)
    if not address or is_address(address):
        return None
    return Finding(
        severity="warning",
        code="address-refused",
        message=f"{name_of(line) or 'a requirement'} is not taken from its address: only whole "
        "http, https, git and ssh addresses of other hosts are followed",
        place=place,
        hint="write the address out, or put the package on an index",
    )


def elsewhere(line: str, rule: Rule, place: Place) -> Declared | None:
    """A requirement at a refused address: what the index has under its name may be another's."""
    found = parse_requirement(name_of(line), rule=rule, place=place)
    written = f"{name_of(line)}, from an address that is not followed"
    return replace(found, written=written, itself=True) if found else None


def from_lock(package: object, place: Place, target: Target) -> Declared | None:
    """One package of a lock; None for what is none."""
    name = package.get("name") if isinstance(package, Mapping) else None
    if not isinstance(package, Mapping) or not isinstance(name, str):
        return None
    version = str(package.get("version") or "").removeprefix("==").partition("+")[0]
    line = f"{name}=={version}" if version else name
    found = parse_requirement(line, rule="lock", place=place, target=target)
    return placed(found, package.get("source", package)) if found else None


def uv_sources(table: Mapping[str, Any]) -> dict[str, object]:
    """``[tool.uv.sources]`` of a pyproject.toml or a PEP 723 block, by canonical name."""
    found: object = table
    for key in ("tool", "uv", "sources"):
        found = found.get(key) if isinstance(found, Mapping) else None
    rows = found if isinstance(found, Mapping) else {}
    return {canonicalize_name(name): source for name, source in rows.items()}


def name_of(line: str) -> str:
    """The canonical name that a requirement begins with; empty for an address alone."""
    named = re.match(r"([\w.-]+)(?![\w.+:/-]*://)", line.strip())
    return canonicalize_name(named[1]) if named else ""
