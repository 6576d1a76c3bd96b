"""Where packages come from on this host: the index, proxy and CA that pip and uv are set to.

One record for everybody who reaches an index: the client that reads it, uv while it resolves,
and the build. uv's own settings win over pip's, an environment variable over a file. Values may
hold passwords: they never go into an event, an error, a plan or a command line.
"""

from __future__ import annotations

import configparser
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from nb2image.errors import OptionError

PROXY_SCHEMES = ("http", "https", "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """The host's package sources; an empty field leaves the tool's own default."""

    index_url: str = field(default="", repr=False)
    """The main index (PEP 503 root), credentials included; empty for the public one."""
    extra_index_urls: tuple[str, ...] = field(default=(), repr=False)
    """Further indexes, in order; local ones as ``file://`` addresses."""
    find_links: tuple[str, ...] = field(default=(), repr=False)
    """Folders or pages of distribution files."""
    no_index: bool = False
    """Only ``find_links`` are used."""
    strategy: Literal["first-index", "unsafe-best-match"] = "first-index"
    """``unsafe-best-match`` where pip's settings name the indexes: pip takes the best version
    of all of them, and a lock that differs from what pip installs there would surprise."""
    ca_file: str = ""
    """A PEM bundle that replaces the system's."""
    proxies: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """(``http``, ``https`` or ``all``; address), credentials included."""
    no_proxy: str = ""
    """Comma-separated hosts that are reached without a proxy."""
    trusted_hosts: tuple[str, ...] = ()
    """Hosts whose certificate is not checked, ``name`` or ``name:port``."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every user name and password in the addresses: what must not leave the host."""
        addresses = (self.index_url, *self.extra_index_urls, *self.find_links)
        parts = [urlsplit(a) for a in (*addresses, *(p for _, p in self.proxies))]
        return tuple(sorted({s for p in parts for s in (p.password, p.username) if s}))


def redact(address: str) -> str:
    """The address without user name, password and query."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def read_network(
    environ: Mapping[str, str],
    read: Callable[[Path], str | None] | None = None,
    *,
    prefix: str = sys.prefix,
) -> NetworkConfig:
    """The configuration of this host.

    ``read`` gives a file's text or None; ``prefix`` is the Python environment whose pip.conf
    counts as pip's "site" level. Files that cannot be parsed count as absent: pip and uv tell
    their user about them, and nothing here depends on them. Raises OptionError for an address
    that nobody can read.
    """
    read = read or read_text
    pip = pip_settings(environ, read, prefix)
    uv = uv_settings(environ, read)
    named_by_uv = bool(uv["index_url"] or uv["extra"] or uv["no_index"])
    chosen = uv if named_by_uv else pip
    find_links = uv["find_links"] or pip["find_links"]
    check_addresses([chosen["index_url"], *chosen["extra"], *find_links])
    several = bool(chosen["extra"] or find_links)
    return NetworkConfig(
        index_url=chosen["index_url"],
        extra_index_urls=tuple(chosen["extra"]),
        find_links=tuple(find_links),
        no_index=bool(chosen["no_index"]),
        strategy=uv["strategy"]
        or ("unsafe-best-match" if several and not named_by_uv else "first-index"),
        ca_file=environ.get("SSL_CERT_FILE", "") or pip["cert"] or first_ca(environ),
        proxies=tuple(proxies(environ, pip["proxy"])),
        no_proxy=environ.get("no_proxy", "") or environ.get("NO_PROXY", ""),
        trusted_hosts=tuple(dict.fromkeys([*uv["trusted"], *pip["trusted"]])),
    )


def check_addresses(addresses: Iterable[str]) -> None:
    """Raise OptionError for one that is no address; what may be a password is not shown."""
    for address in addresses:
        try:
            urlsplit(address)
        except ValueError as error:
            raise OptionError(
                f"pip or uv is configured with what is no address: {address.rpartition('@')[2]}",
                code="network-unusable",
                hint="write index and find-links as https://HOST/PATH",
            ) from error


def read_text(path: Path) -> str | None:
    """A small configuration file's text; None when it is not there or not readable."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def first_ca(environ: Mapping[str, str]) -> str:
    """The bundle that requests or curl is set to, for hosts that set only those."""
    return environ.get("REQUESTS_CA_BUNDLE", "") or environ.get("CURL_CA_BUNDLE", "")


def proxies(environ: Mapping[str, str], pip_proxy: str) -> list[tuple[str, str]]:
    """The proxies by scheme; lower case wins over upper case, as in curl, both over pip's."""
    found = []
    for scheme in PROXY_SCHEMES:
        names = [f"{scheme}_proxy", f"{scheme}_proxy".upper()]
        # upper-case HTTP_PROXY is a request header in CGI: nobody runs us there
        value = next((environ[n] for n in names if environ.get(n)), "")
        if value:
            found.append((scheme, with_scheme(value)))
    if not found and pip_proxy:
        found = [("http", with_scheme(pip_proxy)), ("https", with_scheme(pip_proxy))]
    return found


def with_scheme(proxy: str) -> str:
    """pip and curl take ``host:port`` as a proxy: an address needs its scheme."""
    return proxy if "://" in proxy else f"http://{proxy}"


def pip_config_files(environ: Mapping[str, str], prefix: str) -> list[Path]:
    """pip's configuration files, later ones override (pip's documentation, "Configuration")."""
    named = environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    home = Path(environ.get("HOME", "") or "~").expanduser()
    config = Path(environ.get("XDG_CONFIG_HOME", "") or home / ".config")
    shared = environ.get("XDG_CONFIG_DIRS", "") or "/etc/xdg"
    files = [Path(folder) / "pip/pip.conf" for folder in shared.split(":") if folder]
    files.append(Path("/etc/pip.conf"))
    if sys.platform == "darwin":
        files.insert(0, Path("/Library/Application Support/pip/pip.conf"))
        files.append(home / "Library/Application Support/pip/pip.conf")
    files += [home / ".pip/pip.conf", config / "pip/pip.conf", Path(prefix) / "pip.conf"]
    return [*files, Path(named)] if named else files


def pip_settings(
    environ: Mapping[str, str], read: Callable[[Path], str | None], prefix: str
) -> dict[str, Any]:
    """What pip would use for ``pip install``."""
    values: dict[str, str] = {}
    for path in pip_config_files(environ, prefix):
        text = read(path)
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(text or "")
        except configparser.Error:
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                values |= {k.replace("_", "-"): v for k, v in parser.items(section)}
    for key, value in environ.items():
        if key.startswith("PIP_"):
            values[key[4:].lower().replace("_", "-")] = value
    return {
        "index_url": values.get("index-url", "").strip(),
        "extra": values.get("extra-index-url", "").split(),
        "find_links": [as_address(v) for v in values.get("find-links", "").split()],
        "no_index": values.get("no-index", "").lower() in {"1", "true", "yes", "on"},
        "cert": values.get("cert", "").strip(),
        "proxy": values.get("proxy", "").strip(),
        "trusted": values.get("trusted-host", "").split(),
    }


def as_address(value: str) -> str:
    """A find-links entry with its ``~`` expanded; addresses pass unchanged."""
    return value if "://" in value else str(Path(value).expanduser())


def uv_settings(environ: Mapping[str, str], read: Callable[[Path], str | None]) -> dict[str, Any]:
    """What uv would use, from its user and system files and ``UV_*``.

    A project's own uv.toml is not read: it comes with the notebook.
    """
    table: dict[str, Any] = {}
    for path in uv_config_files(environ):
        try:
            loaded = tomllib.loads(read(path) or "")
        except tomllib.TOMLDecodeError:
            continue
        pip_table = loaded.get("pip")
        table |= loaded | (pip_table if isinstance(pip_table, dict) else {})
    named = [i for i in listed(table.get("index")) if isinstance(i, dict) and i.get("url")]
    default = next((with_credentials(i, environ) for i in named if i.get("default")), "")
    extra = [with_credentials(i, environ) for i in named if not i.get("default")]
    extra += [str(u) for u in listed(table.get("extra-index-url"))]
    from_env = [re.sub(r"^[A-Za-z0-9_.-]+=", "", u) for u in environ.get("UV_INDEX", "").split()]
    from_env += environ.get("UV_EXTRA_INDEX_URL", "").split()
    links = re.split(r"[\s,]+", environ.get("UV_FIND_LINKS", "").strip())
    strategy = environ.get("UV_INDEX_STRATEGY", "") or str(table.get("index-strategy", ""))
    return {
        "index_url": environ.get("UV_DEFAULT_INDEX", "")
        or environ.get("UV_INDEX_URL", "")
        or default
        or str(table.get("index-url", "")),
        "extra": from_env or extra,
        "find_links": [as_address(v) for v in links if v]
        or [as_address(str(v)) for v in listed(table.get("find-links"))],
        "no_index": environ.get("UV_NO_INDEX", "").lower() in {"1", "true"}
        or table.get("no-index") is True,
        # uv's third strategy, unsafe-first-match, differs from the second only in speed
        "strategy": {"unsafe-first-match": "unsafe-best-match"}.get(strategy, strategy)
        if strategy in {"first-index", "unsafe-best-match", "unsafe-first-match"}
        else "",
        "trusted": environ.get("UV_INSECURE_HOST", "").split()
        or [str(h) for h in listed(table.get("allow-insecure-host"))],
    }


def uv_config_files(environ: Mapping[str, str]) -> list[Path]:
    """uv's system and user files, later ones override (uv's documentation, "Configuration")."""
    if environ.get("UV_NO_CONFIG", "").lower() in {"1", "true"}:
        return []
    if environ.get("UV_CONFIG_FILE"):
        return [Path(environ["UV_CONFIG_FILE"])]
    home = Path(environ.get("HOME", "") or "~").expanduser()
    shared = environ.get("XDG_CONFIG_DIRS", "") or "/etc/xdg"
    system = [Path(folder) / "uv/uv.toml" for folder in shared.split(":") if folder]
    user = Path(environ.get("XDG_CONFIG_HOME", "") or home / ".config") / "uv/uv.toml"
    return [Path("/etc/uv/uv.toml"), *system, user]


def listed(value: object) -> list[Any]:
    """A TOML value that may be absent, one item or a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def with_credentials(index: dict[str, Any], environ: Mapping[str, str]) -> str:
    """A named index's address with what ``UV_INDEX_<NAME>_USERNAME`` and ``_PASSWORD`` say."""
    url = str(index["url"])
    slug = re.sub(r"[^A-Z0-9]", "_", str(index.get("name", "")).upper())
    user = environ.get(f"UV_INDEX_{slug}_USERNAME", "") if slug else ""
    password = environ.get(f"UV_INDEX_{slug}_PASSWORD", "") if slug else ""
    parts = urlsplit(url)
    if not (user or password) or "@" in parts.netloc:
        return url
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))
