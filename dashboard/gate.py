"""The gate before the server: who has no token, or asks for another host, gets nothing.

Whoever reaches the server can run code through the container engine. So every request and
every WebSocket must carry a cookie made from the server's token, and must be addressed to a name
of this server: a page elsewhere that has its own name point here (DNS rebinding) stays outside.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import secrets
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
REFUSED = "This needs the address with its token, as nb2image dashboard printed it.\n"
STRANGER = "This server does not answer to that name.\n"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    # nothing is fetched from anywhere else, whatever a notebook's text asks for; Vega compiles
    # its expressions (unsafe-eval), Streamlit sets styles and loads components as blobs
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self' data: blob:; worker-src 'self' blob:; media-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
}


class Gate:
    """ASGI middleware: passes on what carries the token and names this server."""

    def __init__(self, app: ASGIApp, *, token: str, port: int, names: Iterable[str] = ()) -> None:
        self.app = app
        self.token = token
        self.names = LOOPBACK | {name.lower() for name in names}
        # cookies do not know ports: without it two servers would sign each other's visitors out
        self.cookie = f"nb2image-{port}"
        self.value = cookie_value(token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        answer = self.examine(scope)
        if answer is None:
            await self.app(scope, receive, with_headers(send))
        elif scope["type"] == "websocket":
            await receive()  # websocket.connect
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, with_headers(send))

    def examine(self, scope: Scope) -> Response | None:
        """What to answer instead of passing it on; None passes it on."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self.known(host) or len(headers.getlist("host")) > 1:
            return PlainTextResponse(STRANGER, 421)
        origin = headers.get("origin")
        if scope["type"] == "websocket" and origin and urlsplit(origin).netloc != host:
            return PlainTextResponse(STRANGER, 403)
        if same(cookie_in(headers, self.cookie), self.value):
            return None
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            return self.sign_in(scope)
        return PlainTextResponse(REFUSED, 403)

    def sign_in(self, scope: Scope) -> Response:
        """Turn a right token in the address into a cookie, and take it out of the address."""
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == "token"]
        if not (len(given) == 1 and same(given[0], self.token)):
            return PlainTextResponse(REFUSED, 403)
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        # one slash: with two the browser would take what follows for another host
        path = "/" + scope["path"].lstrip("/\\")
        answer = RedirectResponse(f"{path}?{rest}" if rest else path, 303)
        answer.headers["Cache-Control"] = "no-store"
        answer.set_cookie(self.cookie, self.value, httponly=True, samesite="lax", path="/")
        return answer

    def known(self, host: str) -> bool:
        """Whether a Host header names this server. An address cannot be rebound: it is known
        where the server listens for others at all."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self.names:
            return True
        return "*" in self.names and is_address(name)


def with_headers(send: Send) -> Send:
    """Add the headers that every answer carries."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return sending


def cookie_value(token: str) -> str:
    """What the cookie holds: made from the token, which cannot be had from it."""
    return hmac.new(token.encode(), b"nb2image cookie", hashlib.sha256).hexdigest()


def cookie_in(headers: Headers, name: str) -> str:
    """The value of a cookie, or an empty text."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def same(given: str, wanted: str) -> bool:
    """Whether two texts are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def is_address(name: str) -> bool:
    """Whether a host is named by its IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches a server that listens there."""
    return host.lower() == "localhost" or (
        is_address(host) and ipaddress.ip_address(host).is_loopback
    )


def kept_token(folder: Path) -> str:
    """The user's token, made at first use: pages that are open survive a restart of the server.

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "token"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        token = path.read_text("ascii").strip()
        if len(token) >= 32:
            return token
        path.unlink()  # cut short when it was written
        return kept_token(folder)
    token = secrets.token_urlsafe(32)
    with os.fdopen(descriptor, "w") as file:
        file.write(token)
    return token
