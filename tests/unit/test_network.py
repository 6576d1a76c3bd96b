"""The host's package sources, as pip and uv are set to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nb2image.errors import OptionError
from nb2image.network import read_network, redact

HOME = {"HOME": "/home/ann"}


def files(contents: dict[str, str]):
    """A reader over files that exist only in the test."""
    return lambda path: contents.get(str(path))


def network(environ: dict[str, str], contents: dict[str, str] | None = None):
    return read_network(HOME | environ, files(contents or {}), prefix="/venv")


def test_nothing_set_leaves_the_tools_own_defaults() -> None:
    """A host without configuration gives an empty record."""
    found = network({})
    assert (found.index_url, found.extra_index_urls, found.find_links) == ("", (), ())
    assert found.strategy == "first-index"


def test_pip_files_override_each_other_and_the_environment_overrides_them() -> None:
    """User over global, site over user, PIP_* over all; [install] over [global]."""
    contents = {
        "/etc/pip.conf": "[global]\nindex-url = https://global.test/simple\ncert = /ca.pem\n",
        "/home/ann/.config/pip/pip.conf": "[global]\nindex-url = https://user.test/simple\n"
        "[install]\nextra-index-url = https://a.test/simple\n  https://b.test/simple\n",
        "/venv/pip.conf": "[global]\nfind_links = ~/wheels\n",
    }
    found = network({}, contents)
    assert found.index_url == "https://user.test/simple"
    assert found.extra_index_urls == ("https://a.test/simple", "https://b.test/simple")
    assert found.find_links == (str(Path("~/wheels").expanduser()),)
    assert found.ca_file == "/ca.pem"
    assert found.strategy == "unsafe-best-match"
    assert network({"PIP_INDEX_URL": "https://env.test/simple"}, contents).index_url == (
        "https://env.test/simple"
    )


def test_uv_settings_win_over_pips_and_keep_uvs_strategy() -> None:
    """A host where uv is configured resolves as uv does there."""
    contents = {
        "/home/ann/.config/uv/uv.toml": '[[index]]\nname = "own"\nurl = "https://own.test/s"\n'
        '[[index]]\nurl = "https://main.test/s"\ndefault = true\n'
    }
    environ = {
        "PIP_EXTRA_INDEX_URL": "https://pip.test/simple",
        "UV_INDEX_OWN_USERNAME": "ann",
        "UV_INDEX_OWN_PASSWORD": "p@ss",
    }
    found = network(environ, contents)
    assert found.index_url == "https://main.test/s"
    assert found.extra_index_urls == ("https://ann:p%40ss@own.test/s",)
    assert found.strategy == "first-index"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            {"https_proxy": "http://low:1", "HTTPS_PROXY": "http://up:1"},
            (("https", "http://low:1"),),
        ),
        (
            {"PIP_PROXY": "proxy:3128"},
            (("http", "http://proxy:3128"), ("https", "http://proxy:3128")),
        ),
        ({"ALL_PROXY": "socks5://s:1"}, (("all", "socks5://s:1"),)),
    ],
)
def test_proxies(environ: dict[str, str], expected: tuple[tuple[str, str], ...]) -> None:
    """Lower case wins as in curl; pip's own proxy counts when no variable is set."""
    assert network(environ).proxies == expected


def test_a_broken_file_counts_as_absent() -> None:
    """pip and uv complain about their own files; nb2image works without them."""
    contents = {"/etc/pip.conf": "no section", "/etc/uv/uv.toml": "= ="}
    assert network({}, contents).index_url == ""


def test_an_empty_pip_config_file_turns_all_pip_files_off() -> None:
    """PIP_CONFIG_FILE=/dev/null is pip's own switch."""
    contents = {"/etc/pip.conf": "[global]\nindex-url = https://global.test/simple\n"}
    assert network({"PIP_CONFIG_FILE": "/dev/null"}, contents).index_url == ""


def test_secrets_are_known_and_never_shown() -> None:
    """The record lists its secrets for whoever must keep them, and its repr has none."""
    found = network({"PIP_INDEX_URL": "https://ann:s3cret@index.test/simple"})
    assert found.secrets == ("ann", "s3cret")
    assert "s3cret" not in repr(found)
    assert redact(found.index_url) == "https://index.test/simple"


def test_what_is_no_address_is_told_without_its_password() -> None:
    """A slip in pip's configuration is no traceback."""
    with pytest.raises(OptionError, match=r"no address: \[index\.test/simple") as caught:
        read_network({"PIP_INDEX_URL": "https://ann:s3cret@[index.test/simple"}, lambda _: None)
    assert "s3cret" not in str(caught.value)
