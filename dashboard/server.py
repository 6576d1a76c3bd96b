"""Starts the server: Streamlit with our gate in front of it and our routes beside it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from starlette.middleware import Middleware

from dashboard import gate, routes, state, theme
from nb2image.errors import OptionError
from nb2image.jobs import JobManager
from nb2image.jobs.store import state_folder

MAX_UPLOAD_MB = 50
PLANS_AT_ONCE = 3
SCRIPT = Path(__file__).with_name("app.py")
DEFAULT_PORT = 8501
TRIED_PORTS = 20


def serve(
    *,
    start: Path,
    host: str,
    port: int | None,
    names: tuple[str, ...] = (),
    ready: Callable[[str], None],
) -> None:
    """Run the server until it is interrupted; ``ready`` gets its address, token included.

    Jobs that still run are cancelled at the end. Raises OptionError when it cannot listen there.
    """
    chosen = free_port(host, port)
    folder = state_folder(os.environ)
    token = gate.kept_token(folder)
    jobs = JobManager(folder / "jobs")
    plans = JobManager(folder / "plans", at_once=PLANS_AT_ONCE)
    state.configure(jobs, plans=plans, start=start, uploads=folder / "uploads")
    address = f"http://{shown_host(host)}:{chosen}/?{urlencode({'token': token})}"
    app = st.App(
        SCRIPT,
        routes=routes.routes(),
        middleware=[
            Middleware(gate.Gate, token=token, port=chosen, names=known_names(host, names))
        ],
        lifespan=lifespan((jobs, plans), lambda: announce(host, chosen, lambda: ready(address))),
    )
    app.run(config=options(host, chosen))


def lifespan(managers: Sequence[JobManager], begun: Callable[[], None]) -> Callable[[Any], Any]:
    """The jobs live as long as the server."""

    @asynccontextmanager
    async def living(_: object) -> AsyncIterator[None]:
        for jobs in managers:
            await asyncio.to_thread(jobs.recover)
        stop_streams_on_signals()
        begun()
        yield
        await asyncio.gather(*(asyncio.to_thread(jobs.close) for jobs in managers))

    return living


def stop_streams_on_signals() -> None:
    """End open streams when the server is told to stop: it would wait for them for ever."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def handle(sig: int, frame: FrameType | None, before: Any = before) -> None:
            loop.call_soon_threadsafe(routes.stopping.set)
            if callable(before):
                before(sig, frame)

        signal.signal(number, handle)


def announce(host: str, port: int, say: Callable[[], None]) -> None:
    """Say it as soon as somebody answers there."""

    def wait() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                with socket.create_connection((reachable(host), port), timeout=1):
                    say()
                    return
            except OSError:
                time.sleep(0.05)

    threading.Thread(target=wait, name="announce", daemon=True).start()


def free_port(host: str, port: int | None) -> int:
    """The port as asked for, or the first free one from the usual one on.

    Raises OptionError when the address is not this machine's, or the port is in use.
    """
    wanted = [port] if port is not None else range(DEFAULT_PORT, DEFAULT_PORT + TRIED_PORTS)
    trouble = ""
    for candidate in wanted:
        try:
            family = socket.getaddrinfo(host, candidate, type=socket.SOCK_STREAM)[0][0]
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host, candidate))
                return int(probe.getsockname()[1])
        except OSError as error:
            trouble = error.strerror or str(error)
    raise OptionError(
        f"the dashboard cannot listen on {host}, port {wanted[0]}: {trouble}",
        code="address-unusable",
        hint="name another with --port, or an address of this machine with --host",
    )


def reachable(host: str) -> str:
    """Where this machine reaches a server that listens there."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def shown_host(host: str) -> str:
    """The host as it stands in an address to open."""
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host
    return f"[{name}]" if ":" in name else name


def known_names(host: str, more: tuple[str, ...]) -> tuple[str, ...]:
    """The names, beside those of the loopback, that a request may ask for."""
    if gate.is_loopback(host):
        return more
    return (host, socket.gethostname(), socket.getfqdn(), "*", *more)


def options(host: str, port: int) -> dict[str, object]:
    """All options that matter, so that no file of the user's or of the folder's decides them."""
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.baseUrlPath": "",
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.maxUploadSize": MAX_UPLOAD_MB,
        "server.enableXsrfProtection": True,
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "browser.gatherUsageStats": False,
        "logger.hideWelcomeMessage": True,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "type",
        # collecting garbage after every run starves a server with more than a few visitors
        "runner.postScriptGC": False,
        "runner.magicEnabled": False,
        **theme.config(),
    }
