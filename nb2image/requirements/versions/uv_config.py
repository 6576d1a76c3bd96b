"""What uv is told of the host: a uv.toml with its package sources, and a bare environment.

uv puts environment variables in the place of ``${NAME}`` in every address that it reads, those in
the metadata of a stranger's wheel too: a variable that it has is one that a stranger can be sent.
So it gets what it needs to reach the network and no more, and passwords stand in the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nb2image.network import NetworkConfig

KEPT = frozenset(
    (
        *("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "TMPDIR", "USER"),
        *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"),
        # how uv reaches the network and where it keeps its cache
        *("UV_CACHE_DIR", "UV_CONCURRENT_DOWNLOADS", "UV_HTTP_CONNECT_TIMEOUT"),
        *("UV_HTTP_RETRIES", "UV_HTTP_TIMEOUT", "UV_KEYRING_PROVIDER", "UV_NATIVE_TLS"),
        "UV_SYSTEM_CERTS",
        *("NETRC", "SSL_CERT_DIR", "SSL_CERT_FILE", "SSL_CLIENT_CERT"),
        # where git and keyring, which uv runs, find a login
        *("DBUS_SESSION_BUS_ADDRESS", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_SSH"),
        *("GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "SSH_ASKPASS", "SSH_AUTH_SOCK"),
    )
)
"""Variables that uv gets as they are: names, folders and numbers, nothing secret."""

FOR_EVER = "max-age=365000000, immutable"
"""What the public index says of its files, and a proxy before it may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedMetadata:
    """What a release requires, in place of its own metadata that uv cannot read."""

    name: str
    version: str
    requires: tuple[str, ...]
    requires_python: str = ""


def uv_environment(network: NetworkConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """uv's environment. git, which uv runs, knows proxies from there: those without a password."""
    env = {name: value for name, value in environ.items() if name in KEPT}
    env |= {"UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    if network.ca_file:
        env["SSL_CERT_FILE"] = network.ca_file
    for scheme, address in network.proxies:
        if "@" not in address:
            env[f"{scheme.upper()}_PROXY"] = env[f"{scheme}_proxy"] = address
    if network.no_proxy:
        env["NO_PROXY"] = env["no_proxy"] = network.no_proxy
    return env


def uv_toml(
    network: NetworkConfig,
    *,
    default_index: str = "",
    extra_indexes: Sequence[str] = (),
    find_links: Sequence[str] = (),
    metadata: Sequence[StatedMetadata] = (),
    fresh_seconds: int = 0,
) -> str:
    """The host's package sources in uv's terms.

    ``default_index`` is the address that an empty ``network.index_url`` stands for,
    ``find_links`` are folders beside the host's own. What an index said is not asked for again
    within ``fresh_seconds``, whatever it says of caching itself; 0 leaves that to the index.
    """
    main = network.index_url or default_index
    # the main index comes first, as in pip: of two equal files the remote one is taken
    indexes = [i for i in (*extra_indexes, main, *network.extra_index_urls) if i]
    proxies = dict(network.proxies)
    settings: dict[str, object] = {
        "index-strategy": network.strategy,
        "no-index": network.no_index,
        "find-links": [*network.find_links, *find_links],
        "allow-insecure-host": list(network.trusted_hosts),
    }
    for scheme in ("http", "https"):
        address = proxies.get(scheme) or proxies.get("all", "")
        if "@" in address:  # the environment has the others
            settings[f"{scheme}-proxy"] = address
    tables: list[tuple[str, dict[str, object]]] = []
    for number, index in enumerate(indexes, start=1):
        # uv asks the default index last
        row: dict[str, object] = {"url": index, "default": bool(main) and number == len(indexes)}
        if fresh_seconds:
            age = f"max-age={fresh_seconds}"
            files = FOR_EVER if index == default_index else age
            row["cache-control"] = {"api": age, "files": files}
        tables.append(("index", row))
    tables += [("dependency-metadata", stated(entry)) for entry in metadata]
    return "\n".join(
        [*lines(settings), *(x for name, row in tables for x in (f"[[{name}]]", *lines(row))), ""]
    )


def stated(entry: StatedMetadata) -> dict[str, object]:
    """uv's ``[[dependency-metadata]]``."""
    row: dict[str, object] = {
        "name": entry.name,
        "version": entry.version,
        "requires-dist": list(entry.requires),
    }
    return row | ({"requires-python": entry.requires_python} if entry.requires_python else {})


def lines(table: Mapping[str, object]) -> list[str]:
    """A table's values."""
    return [f"{key} = {toml(value)}" for key, value in table.items()]


def toml(value: object) -> str:
    """A value. JSON's texts, lists and truth values are TOML's too."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(lines(value))} }}"
    return json.dumps(value)
