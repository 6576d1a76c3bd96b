"""What every test needs."""

from __future__ import annotations

import itertools
import signal
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell starts its background jobs deaf to Ctrl-C, and programs inherit that: the tests that
    # interrupt one would wait for ever.
    signal.signal(signal.SIGINT, signal.default_int_handler)


TESTS = itertools.count()


@pytest.fixture(autouse=True)
def own_history(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test writes to the history of whoever runs it."""
    # not under tmp_path: most tests need no folder, and two thousand of them take their time
    path = tmp_path_factory.getbasetemp() / "histories" / str(next(TESTS)) / "history.db"
    monkeypatch.setenv("NB2IMAGE_HISTORY", str(path))
    return path
