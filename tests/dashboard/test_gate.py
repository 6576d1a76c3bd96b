"""Who has no token, or asks for another host, gets nothing."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from dashboard.gate import Gate, cookie_value, is_loopback, kept_token
from dashboard.server import free_port, known_names, options, shown_host
from nb2image.errors import OptionError

TOKEN = "t" * 43
COOKIE = {"cookie": f"nb2image-8501={cookie_value(TOKEN)}"}


async def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("inside")


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("inside")
    await websocket.close()


def client(names: tuple[str, ...] = ()) -> TestClient:
    """A visitor without a cookie."""
    app = Starlette(
        routes=[
            Route("/{path:path}", page, methods=["GET", "PUT", "DELETE"]),
            WebSocketRoute("/stream", socket),
        ],
        middleware=[Middleware(Gate, token=TOKEN, port=8501, names=names)],
    )
    return TestClient(app, base_url="http://127.0.0.1:8501", follow_redirects=False)


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/api/jobs/x/events", "/static/a.js"])
@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", f"?token={TOKEN}&token={TOKEN}"])
def test_without_the_token_nothing_is_shown(path: str, query: str) -> None:
    """Every path is behind the gate; two tokens are none."""
    answer = client().get(path + query)
    assert (answer.status_code, "inside" in answer.text) == (403, False)


def test_the_token_becomes_a_cookie() -> None:
    """The address loses the token, what else it says stays, and the cookie opens the rest."""
    visitor = client()
    answer = visitor.get(f"/watch?job=1&token={TOKEN}&x=")
    assert (answer.status_code, answer.headers["location"]) == (303, "/watch?job=1&x=")
    assert TOKEN not in answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax"} <= set(answer.headers["set-cookie"].split("; "))
    assert visitor.get("/watch").text == "inside"


@pytest.mark.parametrize("path", ["//evil.example/a", "/\\evil.example"])
def test_signing_in_leads_nowhere_else(path: str) -> None:
    """A path that a browser would take for another host does not become one."""
    answer = client().get(f"http://127.0.0.1:8501{path}?token={TOKEN}")
    assert answer.headers.get("location", "/").startswith("/evil") or answer.status_code == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
def test_a_token_in_the_address_changes_nothing(method: str) -> None:
    """Only reading turns the token into a cookie."""
    assert client().request(method, f"/?token={TOKEN}").status_code == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8501", 200),
        ("localhost", 200),
        ("[::1]:8501", 200),
        ("LOCALHOST:1", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("10.0.0.1", 421),
        ("[", 421),
        ("", 421),
    ],
)
def test_the_host_must_be_ours(host: str, status: int) -> None:
    """A name that somebody else points here is not answered, whatever it brings."""
    assert client().get("/", headers={**COOKIE, "host": host}).status_code == status


@pytest.mark.parametrize(
    ("host", "status"), [("10.0.0.1", 200), ("build.lan", 200), ("evil.example", 421)]
)
def test_a_server_for_others_knows_addresses_and_its_names(host: str, status: int) -> None:
    """An address cannot be pointed elsewhere; a name must be one that was given."""
    names = known_names("0.0.0.0", ("build.lan",))
    assert client(names).get("/", headers={**COOKIE, "host": host}).status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cookie": "nb2image-8501=wrong"},
        {"cookie": "nb2image-8501=\u00e9"},
        {**COOKIE, "origin": "http://evil.example"},
        {**COOKIE, "origin": "null"},
        {**COOKIE, "host": "evil.example"},
    ],
)
def test_a_websocket_is_refused(headers: dict[str, Any]) -> None:
    """Without the cookie, from another site, or for another host."""
    sent = {k: v.encode("latin-1") for k, v in headers.items()}
    with pytest.raises(WebSocketDisconnect), client().websocket_connect("/stream", headers=sent):
        pass


def test_a_websocket_of_our_own_page_is_let_in() -> None:
    """With the cookie, from this very server."""
    headers = {**COOKIE, "origin": "http://127.0.0.1:8501", "host": "127.0.0.1:8501"}
    with client().websocket_connect("/stream", headers=headers) as channel:
        assert channel.receive_text() == "inside"


def test_every_answer_forbids_other_hosts() -> None:
    """Whatever a notebook's text asks for, the browser fetches nothing from elsewhere."""
    for headers in ({}, COOKIE):
        policy = client().get("/", headers=headers).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy


def test_the_token_is_kept_for_its_user_alone(tmp_path: Path) -> None:
    """A page that is open survives a restart; nobody else reads the file."""
    token = kept_token(tmp_path / "state")
    path = tmp_path / "state" / "token"
    assert len(token) >= 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_token(tmp_path / "state") == token
    path.write_text("cut")
    assert len(kept_token(tmp_path / "state")) >= 43


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("192.168.1.5", False), ("example.org", False)],
)  # fmt: skip
def test_what_counts_as_this_machine_alone(host: str, own: bool) -> None:
    """All else is reached by others."""
    assert is_loopback(host) is own


def test_the_servers_options_keep_to_themselves() -> None:
    """No telemetry, no watching of files, no tracebacks for visitors, uploads within limits."""
    set_to = options("127.0.0.1", 1)
    assert set_to["browser.gatherUsageStats"] is False
    assert set_to["server.fileWatcherType"] == "none"
    assert set_to["client.showErrorDetails"] == "type"
    assert set_to["server.maxUploadSize"] == 50
    assert set_to["server.address"] == "127.0.0.1"


def test_a_port_in_use_is_said() -> None:
    """The port that was asked for, or none; an address with colons is bracketed."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OptionError, match="cannot listen"):
            free_port("127.0.0.1", taken.getsockname()[1])
    assert free_port("127.0.0.1", 0) > 0
    assert shown_host("::1") == "[::1]"
