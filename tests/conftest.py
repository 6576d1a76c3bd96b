"""What every test needs."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test writes to the history of whoever runs it."""
    path = tmp_path / "state" / "history.db"
    monkeypatch.setenv("NB2IMAGE_HISTORY", str(path))
    return path
