"""The gate before a real server."""

from __future__ import annotations

import http.client
import urllib.parse
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.running import Server


def ask(server: Server, path: str, **headers: str) -> int:
    """The status of a request with these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    return connection.getresponse().status


@pytest.mark.parametrize("query", ["", "?token=wrong"])
def test_a_visitor_without_the_token_sees_nothing(
    query: str, server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    """Neither the page nor a file of it."""
    page = new_context().new_page()
    answer = page.goto(f"{server.base}/{query}")
    assert answer is not None
    assert answer.status == 403
    assert "address with its token" in page.inner_text("body")


def test_a_websocket_without_the_cookie_is_refused(server: Server) -> None:
    """What a page speaks over is behind the gate too."""
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    assert ask(server, "/_stcore/stream", **upgrade) == 403


def test_another_host_is_refused(server: Server) -> None:
    """Also with the right token: a name that somebody points here is not ours."""
    token = urllib.parse.urlsplit(server.address).query
    assert ask(server, f"/?{token}", Host="evil.example") == 421
    assert ask(server, f"/?{token}", Host=f"127.0.0.1:{server.port}") == 303
