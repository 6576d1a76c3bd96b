"""``nb2image dashboard`` itself, from a checkout and as a wheel lays it out."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
IGNORED = shutil.ignore_patterns("__pycache__")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what an installed wheel holds, where pyproject.toml puts it."""
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "nb2image", site / "nb2image", ignore=IGNORED)
    for name in ("dashboard", "templates", "sample_notebooks"):
        shutil.copytree(ROOT / name, site / "nb2image" / "_data" / name, ignore=IGNORED)
    return site


@pytest.fixture(params=["checkout", "wheel"])
def path(request: pytest.FixtureRequest, wheel: Path) -> Path:
    """What is on Python's path."""
    return ROOT if request.param == "checkout" else wheel


def command(path: Path, folder: Path, *options: str) -> subprocess.Popen[str]:
    """The command, in a folder with a module that must not be taken for ours."""
    (folder / "dashboard.py").write_text("raise SystemExit('the wrong module')\n")
    return subprocess.Popen(
        [sys.executable, "-m", "nb2image", "dashboard", "--no-open", *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(path), "NB2IMAGE_STATE": str(folder / "state")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_dashboard_starts_and_ends(alone: bool, path: Path, tmp_path: Path) -> None:
    """Its address goes to stdout, alone; with the token there is a page; Ctrl-C ends it well."""
    with command(path, tmp_path, "--port", "0") as process:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().strip())
        assert re.fullmatch(r"token=[\w-]{43}", address.query), process.communicate()
        assert address.hostname == "127.0.0.1"
        assert address.port is not None
        connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=20)
        connection.request("GET", f"/?{address.query}")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303
        cookie = str(answer.getheader("set-cookie")).partition(";")[0]
        connection.request("GET", "/", headers={"Cookie": cookie})
        assert "<title>" in connection.getresponse().read().decode()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err


def test_an_address_for_others_is_warned_of(alone: bool, tmp_path: Path) -> None:
    """It says what it means: who reaches it can run code here."""
    with command(ROOT, tmp_path, "--host", "0.0.0.0", "--port", "0") as process:
        assert process.stdout is not None
        assert "token=" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert "can run code here through the container engine" in err


def test_a_port_in_use_is_an_error(alone: bool, tmp_path: Path) -> None:
    """With what to do, and the exit status of a wrong option."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with command(ROOT, tmp_path, "--port", port) as process:
            _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "--port" in err
