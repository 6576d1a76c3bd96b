"""Indexes and folders of packages on this host, as pip and uv read them."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from nb2image.errors import RequirementsError
from nb2image.requirements.index.listing import IndexFile, file_version, is_distribution, read_html


def read_local(link: str, name: str) -> tuple[IndexFile, ...] | None:
    """A project's files in a find-links folder or page of this host; None for another address.

    Raises RequirementsError.
    """
    path = local_path(link) if "://" in link else Path(link)
    if path is None:
        return None
    if not path.is_dir():
        return local_page(path, name)
    found = (
        IndexFile(name=file.name, url=file.resolve().as_uri(), size=file.stat().st_size)
        for file in sorted(path.iterdir())
        if is_distribution(file.name)
    )
    return tuple(f for f in found if belongs(f, name))


def present(links: tuple[str, ...]) -> tuple[str, ...]:
    """The find-links without folders of this host that are not there: pip passes over them too."""
    return tuple(link for link in links if "://" in link or Path(link).exists())


def belongs(file: IndexFile, name: str) -> bool:
    """Whether a file is one of a project's, by its name."""
    if file.is_wheel:
        return canonicalize_name(file.name.partition("-")[0]) == name
    return bool(file_version(file, name))


def local_path(url: str) -> Path | None:
    """The path of a ``file:`` address, None for another."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def local_stamp(url: str) -> str:
    """Address, size and time of a file of this host: they change with it. Empty for another."""
    path = local_path(url)
    try:
        status = path.stat() if path else None
    except OSError:
        return ""
    return f"{url} {status.st_size} {status.st_mtime_ns}" if status else ""


def open_local(path: Path) -> io.BufferedReader:
    """A file of a local index. Raises RequirementsError."""
    try:
        return path.open("rb")
    except OSError as error:
        raise unreadable(path.as_uri(), error) from error


def local_page(path: Path, name: str) -> tuple[IndexFile, ...]:
    """The files that a page on disk lists; none when there is no such page."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise unreadable(path.as_uri(), error) from error
    return tuple(f for f in read_html(text, path.resolve().as_uri()) if belongs(f, name))


def unreadable(url: str, error: OSError) -> RequirementsError:
    """The error for a local file of an index that cannot be read."""
    return RequirementsError(
        f"{url} cannot be read: {error.strerror or error}", code="index-file-missing"
    )
