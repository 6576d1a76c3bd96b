"""The history takes entries from several processes at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nb2image.history.store import History

WRITER = """
import sys
from pathlib import Path
from nb2image.history.store import History
from nb2image.model.history import HistoryEntry
history = History(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    history.add(HistoryEntry(at="2026", action="run", ok=True, seconds=number), log="x" * 5000)
"""


def test_processes_write_at_once(tmp_path: Path) -> None:
    """Six processes begin on a file that none has made; every entry arrives."""
    path = tmp_path / "new" / "history.db"
    argv = [sys.executable, "-c", WRITER, str(path), "40"]
    writers = [subprocess.Popen(argv) for _ in range(6)]
    assert [writer.wait(60) for writer in writers] == [0] * 6
    assert len(History(path).entries()) == 240
