"""These tests run uv against an index on loopback; nothing beyond it is reached."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from nb2image.services import Services
from tests.index.fake_index import FakeIndex, serve


@pytest.fixture
def index() -> Iterator[FakeIndex]:
    """An empty index that is being served."""
    with serve(FakeIndex()) as served:
        yield served


@pytest.fixture
def services(index: FakeIndex, tmp_path: Path) -> Services:
    """The host, with nothing configured but this index, and caches of its own."""
    kept = {k: v for k, v in os.environ.items() if k in {"HOME", "LANG", "PATH", "TMPDIR"}}
    environ = {
        **kept,
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_INDEX_URL": index.url,
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_HTTP_RETRIES": "0",
        "UV_HTTP_TIMEOUT": "5",
        "UV_NO_CONFIG": "1",
    }
    return Services(environ=environ, cache=tmp_path / "cache", today=lambda: date(2026, 11, 20))
