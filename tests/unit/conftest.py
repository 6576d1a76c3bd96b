"""Unit tests run no process and open no connection: an accidental one fails loudly."""

from __future__ import annotations

import socket
import subprocess
from typing import Any, NoReturn

import pytest


@pytest.fixture(autouse=True)
def no_processes_or_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace what would start a process or open a connection by a failure."""

    def refuse_process(*args: Any, **kwargs: Any) -> NoReturn:
        pytest.fail(f"a unit test tried to start a process: {args[:1]}")

    def refuse_connection(self: socket.socket, address: Any) -> NoReturn:
        pytest.fail(f"a unit test tried to connect to {address}")

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse_process)
    monkeypatch.setattr("os.system", refuse_process)
    monkeypatch.setattr("os.posix_spawn", refuse_process)
    monkeypatch.setattr(socket.socket, "connect", refuse_connection)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse_connection)
