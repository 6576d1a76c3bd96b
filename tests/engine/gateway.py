"""A package index and forward proxy on this host's loopback that wants credentials.

The index has no package at all, so that pip and uv go on to the next one; the proxy passes TLS
connections through. Both remember who came with the right name and password.
"""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BUFFER = 1 << 16


class Gateway(ThreadingHTTPServer):
    """The server, with what it has seen."""

    daemon_threads = True

    def __init__(self, login: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.basic = "Basic " + base64.b64encode(login.encode()).decode()
        self.asked_index: list[str] = []
        """Paths that were asked for with the right credentials."""
        self.asked_proxy: list[str] = []
        """Hosts that were connected to with the right credentials."""

    @property
    def address(self) -> str:
        """``127.0.0.1:PORT``"""
        return f"127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Gateway

    def do_GET(self) -> None:
        """The index: nothing here."""
        if self.headers.get("Authorization") != self.server.basic:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="test"')
        else:
            self.server.asked_index.append(self.path)
            self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def do_CONNECT(self) -> None:
        """The proxy: pass bytes through in both directions."""
        if self.headers.get("Proxy-Authorization") != self.server.basic:
            self.send_error(407)
            return
        self.server.asked_proxy.append(self.path)
        host, _, port = self.path.rpartition(":")
        with contextlib.suppress(OSError), socket.create_connection((host, int(port))) as there:
            self.send_response(200)
            self.end_headers()
            relay(self.connection, there)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def relay(one: socket.socket, other: socket.socket) -> None:
    """Copy between two sockets until one of them ends."""
    peers = {one: other, other: one}
    while True:
        for readable in select.select(list(peers), [], [], 60)[0]:
            data = readable.recv(BUFFER)
            if not data:
                return
            peers[readable].sendall(data)


@contextlib.contextmanager
def gateway(login: str) -> Iterator[Gateway]:
    """A running gateway for ``name:password``."""
    with Gateway(login) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
