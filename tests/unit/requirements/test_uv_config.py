"""What uv is told of the host."""

from __future__ import annotations

import tomllib

from nb2image.network import NetworkConfig
from nb2image.requirements.versions.uv_config import StatedMetadata, uv_environment, uv_toml


def test_the_hosts_sources_in_uvs_terms() -> None:
    """The main index comes before the others; uv asks the last one, its default, last."""
    network = NetworkConfig(
        index_url="https://ann:s3cret@index.test/simple",
        extra_index_urls=("https://more.test/simple",),
        find_links=("/wheels",),
        strategy="unsafe-best-match",
        trusted_hosts=("more.test",),
    )
    metadata = (StatedMetadata(name="old", version="1", requires=("six",), requires_python=">=3"),)
    text = uv_toml(
        network, extra_indexes=["file:///first"], find_links=["/stubs"], metadata=metadata
    )
    assert tomllib.loads(text) == {
        "index-strategy": "unsafe-best-match",
        "no-index": False,
        "find-links": ["/wheels", "/stubs"],
        "allow-insecure-host": ["more.test"],
        "index": [
            {"url": "file:///first", "default": False},
            {"url": "https://ann:s3cret@index.test/simple", "default": False},
            {"url": "https://more.test/simple", "default": True},
        ],
        "dependency-metadata": [
            {"name": "old", "version": "1", "requires-dist": ["six"], "requires-python": ">=3"}
        ],
    }


def test_without_a_main_index_uvs_own_stays() -> None:
    """What an empty address stands for is uv's to know, when it could not be asked."""
    read = tomllib.loads(uv_toml(NetworkConfig(extra_index_urls=("https://more.test",))))
    assert read["index"] == [{"url": "https://more.test", "default": False}]


def test_an_answer_is_not_asked_for_twice_whatever_the_index_says_of_caching() -> None:
    """A lock takes many questions: pages hold for a while, the public index's files for ever."""
    network = NetworkConfig(extra_index_urls=("https://more.test",))
    read = tomllib.loads(uv_toml(network, default_index="https://public.test", fresh_seconds=60))
    assert [row["cache-control"] for row in read["index"]] == [
        {"api": "max-age=60", "files": "max-age=365000000, immutable"},
        {"api": "max-age=60", "files": "max-age=60"},
    ]


def test_passwords_and_strangers_variables_are_not_in_the_environment() -> None:
    """A proxy with a password stands in the file; the other one git needs too."""
    network = NetworkConfig(
        proxies=(("https", "http://ann:s3cret@proxy.test"), ("http", "http://proxy.test")),
        ca_file="/ca.pem",
    )
    host = {"PATH": "/bin", "UV_CACHE_DIR": "/c", "UV_INDEX": "x", "TOKEN": "s3cret"}
    found = uv_environment(network, {**host, "https_proxy": "http://ann:s3cret@proxy.test"})
    assert found == {
        "PATH": "/bin",
        "UV_CACHE_DIR": "/c",
        "UV_NO_PROGRESS": "1",
        "NO_COLOR": "1",
        "SSL_CERT_FILE": "/ca.pem",
        "HTTP_PROXY": "http://proxy.test",
        "http_proxy": "http://proxy.test",
    }
    read = tomllib.loads(uv_toml(network))
    assert read["https-proxy"] == "http://ann:s3cret@proxy.test"
    assert "http-proxy" not in read
