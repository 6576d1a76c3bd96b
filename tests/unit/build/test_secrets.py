"""The host's network settings as BuildKit secrets and build args."""

from __future__ import annotations

import configparser
import tomllib
from pathlib import Path

import pytest

from nb2image.build.secrets import (
    build_network,
    ca_bundle,
    is_loopback,
    pip_conf,
    proxy_environ,
    uv_toml,
)
from nb2image.errors import OptionError
from nb2image.network import NetworkConfig

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"
FULL = NetworkConfig(
    index_url='https://me:p%40ss"word@index.example/simple',
    extra_index_urls=("https://two.example/simple", "file:///srv/index"),
    find_links=("https://links.example/wheels", "/srv/wheels"),
    strategy="unsafe-best-match",
    proxies=(("https", "http://me:pw@proxy.example:3128"),),
    no_proxy="localhost,.example",
    trusted_hosts=("index.example",),
)


def test_uv_toml() -> None:
    """uv gets what a build can reach; folders of this host are left out."""
    assert tomllib.loads(uv_toml(FULL)) == {
        "index-url": 'https://me:p%40ss"word@index.example/simple',
        "extra-index-url": ["https://two.example/simple"],
        "find-links": ["https://links.example/wheels"],
        "index-strategy": "unsafe-best-match",
        "allow-insecure-host": ["index.example"],
    }


def test_pip_conf(tmp_path: Path) -> None:
    """pip gets the same, and its certificates where the CA secret is mounted."""
    ca = tmp_path / "ca.pem"
    ca.write_text(CERTIFICATE)
    parser = configparser.RawConfigParser()
    network = NetworkConfig(index_url=FULL.index_url, ca_file=str(ca))
    parser.read_string(pip_conf(network))
    assert dict(parser["global"]) == {"index-url": FULL.index_url, "cert": "/run/secrets/ca"}


@pytest.mark.parametrize("make", [uv_toml, pip_conf])
def test_defaults_need_no_file(make: object) -> None:
    """A host without settings gives no secret, nor do folders that a build cannot reach."""
    assert callable(make)
    assert make(NetworkConfig()) == ""
    assert make(NetworkConfig(find_links=("/srv/wheels",), no_index=True)) == ""


def test_files_are_private_and_short_lived(tmp_path: Path) -> None:
    """Secrets lie in files that only their owner can read, and are gone afterwards."""
    with build_network(FULL) as made:
        options = [a for a in made.arguments if a.startswith("id=")]
        paths = [Path(option.partition("src=")[2]) for option in options]
        assert [p.name for p in paths] == ["uv_toml", "pip_conf"]
        for path in paths:
            assert path.stat().st_mode & 0o777 == 0o600
            assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not any(path.parent.exists() for path in paths)


def test_no_secret_in_the_arguments() -> None:
    """Addresses with credentials go by file and environment, never by the command line."""
    with build_network(FULL) as made:
        shown = " ".join(made.arguments) + repr(made)
        assert made.arguments[-2:] != ("--network", "host")
    assert "pw" not in shown
    assert "word" not in shown
    assert "--build-arg https_proxy" in shown
    assert made.environ["HTTPS_PROXY"] == "http://me:pw@proxy.example:3128"


def test_proxies_in_both_spellings() -> None:
    """curl reads lower case, others upper; no_proxy only matters with a proxy."""
    assert proxy_environ(FULL).keys() == {"https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"}
    assert proxy_environ(NetworkConfig(no_proxy="localhost")) == {}


@pytest.mark.parametrize(
    "network",
    [
        NetworkConfig(index_url="http://localhost:3141/simple"),
        NetworkConfig(extra_index_urls=("http://127.0.0.1:80/",)),
        NetworkConfig(proxies=(("http", "http://[::1]:3128"),)),
    ],
)
def test_loopback_needs_the_hosts_network(network: NetworkConfig) -> None:
    """An index or proxy on this host's loopback is only there in the host's own network."""
    with build_network(network) as made:
        assert made.arguments[-2:] == ("--network", "host")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.1.2.3/", True),
        ("http://dev.localhost/", True),
        ("https://10.0.0.1/", False),
        ("https://index.example/localhost", False),
        ("", False),
    ],
)
def test_is_loopback(address: str, expected: bool) -> None:
    """By name or address of the host alone."""
    assert is_loopback(address) is expected


def test_bundle_without_comments(tmp_path: Path) -> None:
    """Only the certificates of a bundle count: the rest may be large."""
    path = tmp_path / "ca.pem"
    path.write_text(f"# Issuer: a name\n{CERTIFICATE}\n\n# another\n{CERTIFICATE}\n")
    assert ca_bundle(str(path)).decode() == f"{CERTIFICATE}\n{CERTIFICATE}\n"


@pytest.mark.parametrize(
    ("content", "code"), [(None, "ca-unreadable"), (CERTIFICATE * 10_000, "ca-too-large")]
)
def test_bundle_that_cannot_be_used(tmp_path: Path, content: str | None, code: str) -> None:
    """A bundle that is not there or too large for BuildKit is an error before the build."""
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    with pytest.raises(OptionError) as caught:
        ca_bundle(str(path))
    assert caught.value.code == code
