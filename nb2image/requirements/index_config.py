"""Where packages come from: as pip and uv are configured for this user and machine.

Only the user's and the machine's own configuration counts. A uv.toml or pip.conf inside the
notebook's project is untrusted and is not read: it could send us to an index of its author's.
"""

from __future__ import annotations

import configparser
import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nb2image.errors import OptionError

DEFAULT_INDEX = "https://pypi.org/simple"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexConfig:
    """Indexes, folders of files, and how to trust them."""

    index_url: str = DEFAULT_INDEX
    """Empty when packages may come from ``find_links`` alone (``no-index``)."""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    """Folders, or addresses of pages, that list files."""
    ca_file: str = ""
    """A file of certificate authorities in PEM; empty for the system's."""

    @property
    def indexes(self) -> tuple[str, ...]:
        """The default index and the others, without a slash at the end."""
        urls = (self.index_url, *self.extra_index_urls)
        return tuple(dict.fromkeys(url.rstrip("/") for url in urls if url))


def read_index_config(environ: Mapping[str, str]) -> IndexConfig:
    """What pip and uv would use: their variables, then their files; uv's word before pip's.

    Raises OptionError when a configuration file is broken.
    """
    uv, pip = read_uv(environ), read_pip(environ)
    no_index = is_true(environ.get("UV_NO_INDEX", "")) or is_true(pip.get("no-index", ""))
    index_url = uv.index_url or pip.get("index-url", "").strip() or DEFAULT_INDEX
    extra = (*uv.extra_index_urls, *pip.get("extra-index-url", "").split())
    links = (*uv.find_links, *pip.get("find-links", "").split())
    authorities = (
        environ.get("SSL_CERT_FILE"),
        pip.get("cert"),
        environ.get("REQUESTS_CA_BUNDLE"),
        environ.get("CURL_CA_BUNDLE"),
    )
    return IndexConfig(
        index_url="" if no_index else index_url,
        extra_index_urls=() if no_index else tuple(dict.fromkeys(extra)),
        find_links=tuple(dict.fromkeys(links)),
        ca_file=next((a for a in authorities if a and Path(a).is_file()), ""),
    )


def is_true(value: str) -> bool:
    """pip's and uv's idea of a switch that is on."""
    return value.strip().lower() in {"1", "true", "yes", "on"}


def read_pip(environ: Mapping[str, str]) -> dict[str, str]:
    """pip's options: its variables over its files' [install] over their [global]."""
    found: dict[str, str] = {}
    for path in pip_files(environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            raise OptionError(
                f"pip's configuration {path} cannot be read: {error}",
                code="pip-config",
                hint="mend the file, or set PIP_CONFIG_FILE=/dev/null to go without it",
            ) from error
        for section in ("global", "install"):
            if parser.has_section(section):
                found.update({k.replace("_", "-"): v for k, v in parser.items(section)})
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            found[name.removeprefix("PIP_").lower().replace("_", "-")] = value
    return found


def pip_files(environ: Mapping[str, str]) -> list[Path]:
    """pip's configuration files that exist, the weakest first (pip's user guide)."""
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    home = Path(environ.get("HOME") or Path.home())
    user = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    machine = [Path(d) for d in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":") if d]
    paths = [
        *(folder / "pip" / "pip.conf" for folder in machine),
        Path("/Library/Application Support/pip/pip.conf"),
        Path("/etc/pip.conf"),
        home / "Library/Application Support/pip/pip.conf",
        home / ".pip" / "pip.conf",
        user / "pip" / "pip.conf",
        Path(environ.get("VIRTUAL_ENV") or sys.prefix) / "pip.conf",
    ]
    if named:
        paths.append(Path(named))
    return [path for path in paths if path.is_file()]


def read_uv(environ: Mapping[str, str]) -> IndexConfig:
    """uv's options: its variables over the user's uv.toml over the machine's; no default."""
    home = Path(environ.get("HOME") or Path.home())
    user = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "uv" / "uv.toml"
    machine = [
        Path(folder) / "uv" / "uv.toml"
        for folder in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")
        if folder
    ]
    named = environ.get("UV_CONFIG_FILE", "")
    candidates = [Path(named)] if named else [user, *machine, Path("/etc/uv/uv.toml")]
    default, extra, links = "", [], []
    if not is_true(environ.get("UV_NO_CONFIG", "")):
        for path in candidates:
            if path.is_file():
                table = read_toml(path)
                for part in (table, table.get("pip", {})):
                    default = default or str(part.get("index-url", ""))
                    extra += [str(url) for url in part.get("extra-index-url", ())]
                    links += [str(link) for link in part.get("find-links", ())]
                for index in table.get("index", ()):
                    url = str(index.get("url", ""))
                    if index.get("default"):
                        default = default or url
                    elif not index.get("explicit"):
                        extra.append(url)
    variables = [
        *environ.get("UV_INDEX", "").split(),
        *environ.get("UV_EXTRA_INDEX_URL", "").split(),
    ]
    return IndexConfig(
        index_url=without_name(
            environ.get("UV_DEFAULT_INDEX", "") or environ.get("UV_INDEX_URL", "") or default
        ),
        extra_index_urls=tuple(without_name(url) for url in [*variables, *extra] if url),
        find_links=(*environ.get("UV_FIND_LINKS", "").replace(",", " ").split(), *links),
    )


def without_name(index: str) -> str:
    """The address of uv's ``name=https://…``."""
    name, equals, url = index.partition("=")
    return url if equals and "://" not in name else index


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file of the user's. Raises OptionError when it is broken."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(
            f"uv's configuration {path} cannot be read: {error}",
            code="uv-config",
            hint="mend the file, or set UV_NO_CONFIG=1 to go without it",
        ) from error
