"""What every test needs."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell starts its background jobs deaf to Ctrl-C, and programs inherit that: the tests that
    # interrupt one would wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test writes to the history of whoever runs it."""
    path = tmp_path / "state" / "history.db"
    monkeypatch.setenv("NB2IMAGE_HISTORY", str(path))
    return path
