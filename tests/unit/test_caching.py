"""What the cache holds, and forgetting it, beside others that use it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from nb2image.caching import cache_parts, clear_cache
from nb2image.cli import main
from nb2image.requirements.index.cache import CHECKSUM_BYTES, index_cache


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cache folder with something in two parts, and a file of somebody else."""
    index_cache(tmp_path).put("listing", "numpy", b"x" * (1000 - CHECKSUM_BYTES))
    (tmp_path / "roots/abc/bin").mkdir(parents=True)
    (tmp_path / "roots/abc/bin/sh").write_bytes(b"x" * 50)
    (tmp_path / "roots/abc/bin").chmod(0o500)
    (tmp_path / "notes.txt").write_text("mine")
    return tmp_path


def test_each_part_is_counted(folder: Path) -> None:
    """Files, bytes, and the bound where there is one."""
    found = {part.name: part for part in cache_parts(folder)}
    assert found["index"].files == 2  # the entry and the time of the last pruning
    assert (found["index"].size, found["index"].limit) == (1000, 512 * 1024**2)
    assert (found["images"].files, found["images"].size) == (0, 0)
    assert (found["roots"].files, found["roots"].size) == (1, 50)
    assert found["roots"].limit == 20 * 1000**3


def test_only_what_is_named_is_forgotten(folder: Path) -> None:
    """Folders that nobody may write to go too; other files stay."""
    assert clear_cache(folder, ["roots"]) == 50
    assert index_cache(folder).get("listing", "numpy") is not None
    assert clear_cache(folder, ["index", "images", "roots"]) == 1000
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_clearing_disturbs_nobody(tmp_path: Path) -> None:
    """Readers and writers of the index go on while it is cleared again and again."""
    troubles: list[BaseException] = []
    done = threading.Event()

    def work() -> None:
        cache = index_cache(tmp_path)
        try:
            while not done.is_set():
                cache.put("kind", "key", b"value")
                assert cache.get("kind", "key") in (None, b"value")
                cache.prune()
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        clear_cache(tmp_path, ["index"])
    done.set()
    for thread in threads:
        thread.join()
    assert troubles == []
    index_cache(tmp_path).put("kind", "key", b"value")
    assert index_cache(tmp_path).get("kind", "key") == b"value"


def test_the_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It shows the parts, for programs too, and says what came free."""
    monkeypatch.setenv("NB2IMAGE_CACHE", str(folder))
    assert main(["cache"]) == 0
    assert "1.0 kB of 536.9 MB" in capsys.readouterr().out
    assert main(["cache", "--json"]) == 0
    assert [part["name"] for part in json.loads(capsys.readouterr().out)] == [
        "index",
        "images",
        "roots",
    ]
    assert main(["cache", "clear", "roots"]) == 0
    assert capsys.readouterr().err == "50 B freed\n"
    assert main(["cache", "clear"]) == 0
    assert main(["cache", "clear", "everything"]) == 2
