"""The host's index, CA and proxies for a build, leaving no trace in the image.

Files become BuildKit secrets: they are mounted for one RUN and are in no layer. Proxies become
the predefined build args (``HTTP_PROXY`` and so on), which BuildKit keeps out of the history and
the cache key; their values go by the environment, so that no process list shows them.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from nb2image.errors import OptionError
from nb2image.network import NetworkConfig

MAX_SECRET = 500 * 1024
"""BuildKit's limit for one secret (session/secrets, MaxSecretSize)."""
CA_IN_BUILD = "/run/secrets/ca"
"""Where a secret with the id ``ca`` is mounted by default."""
CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\s.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildNetwork:
    """What of the host's network settings a build is given."""

    arguments: tuple[str, ...] = ()
    """For the build command; hold no secret themselves."""
    environ: dict[str, str] = field(default_factory=dict, repr=False)
    """For the build command's environment."""


@contextmanager
def build_network(network: NetworkConfig) -> Iterator[BuildNetwork]:
    """Lay out the secrets as files for as long as the build runs.

    Raises OptionError when the CA bundle cannot be read or is too large for a secret.
    """
    with tempfile.TemporaryDirectory(prefix="nb2image-") as folder:  # made with mode 700
        arguments = []
        for name, content in secrets(network).items():
            path = Path(folder, name)
            path.touch(mode=0o600)
            path.write_bytes(content)
            arguments += ["--secret", f"id={name},src={path}"]
        environ = proxy_environ(network)
        for name in environ:
            arguments += ["--build-arg", name]
        if any(is_loopback(url) for url in (*index_addresses(network), *environ.values())):
            # an index or a proxy on this host's loopback is not there in a container's network
            arguments += ["--network", "host"]
        yield BuildNetwork(arguments=tuple(arguments), environ=environ)


def secrets(network: NetworkConfig) -> dict[str, bytes]:
    """The content of each secret by its id; only those that say something."""
    made = {"uv_toml": uv_toml(network).encode(), "pip_conf": pip_conf(network).encode()}
    if network.ca_file:
        made["ca"] = ca_bundle(network.ca_file)
    return {name: content for name, content in made.items() if content}


def uv_toml(network: NetworkConfig) -> str:
    """uv's configuration; empty when its defaults will do."""
    links = [link for link in network.find_links if is_remote(link)]
    extra = [url for url in network.extra_index_urls if is_remote(url)]
    settings: dict[str, object] = {}
    if is_remote(network.index_url):
        settings["index-url"] = network.index_url
    if extra:
        settings["extra-index-url"] = extra
    if links:
        settings["find-links"] = links
    if network.no_index and links:
        settings["no-index"] = True
    if settings and network.strategy != "first-index":
        settings["index-strategy"] = network.strategy
    if network.trusted_hosts:
        settings["allow-insecure-host"] = list(network.trusted_hosts)
    # a JSON string or list of strings is TOML too
    return "".join(f"{key} = {msgspec.json.encode(v).decode()}\n" for key, v in settings.items())


def pip_conf(network: NetworkConfig) -> str:
    """pip's configuration; empty when its defaults will do."""
    links = [link for link in network.find_links if is_remote(link)]
    extra = [url for url in network.extra_index_urls if is_remote(url)]
    lines = []
    if is_remote(network.index_url):
        lines.append(f"index-url = {network.index_url}")
    if extra:
        lines.append("extra-index-url = " + " ".join(extra))
    if links:
        lines.append("find-links = " + " ".join(links))
    if network.no_index and links:
        lines.append("no-index = true")
    if network.trusted_hosts:
        lines.append("trusted-host = " + " ".join(network.trusted_hosts))
    if network.ca_file:
        lines.append(f"cert = {CA_IN_BUILD}")
    return "\n".join(["[global]", *lines, ""]) if lines else ""


def ca_bundle(path: str) -> bytes:
    """The certificates of a PEM file, without the comments that often surround them."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise OptionError(
            f"cannot read the CA bundle {path}: {error.strerror}",
            code="ca-unreadable",
            hint="correct SSL_CERT_FILE or PIP_CERT",
        ) from error
    found = b"\n".join(CERTIFICATE.findall(data)) + b"\n"
    if len(found) > MAX_SECRET:
        raise OptionError(
            f"the CA bundle {path} is larger than a build secret may be (500 KiB)",
            code="ca-too-large",
            hint="point SSL_CERT_FILE at a file with only the certificates that you need",
        )
    return found


def proxy_environ(network: NetworkConfig) -> dict[str, str]:
    """The predefined proxy build args; only lower case is read by curl, only upper by some."""
    found = {f"{scheme}_proxy": address for scheme, address in network.proxies}
    if found and network.no_proxy:
        found["no_proxy"] = network.no_proxy
    return {spelled: v for k, v in found.items() for spelled in (k, k.upper())}


def index_addresses(network: NetworkConfig) -> tuple[str, ...]:
    """Every address that packages come from."""
    return (network.index_url, *network.extra_index_urls, *network.find_links)


def is_remote(address: str) -> bool:
    """Whether a build can reach the address: not a folder of this host."""
    return address.startswith(("http://", "https://"))


def is_loopback(address: str) -> bool:
    """Whether the address names this host itself."""
    host = urlsplit(address).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
