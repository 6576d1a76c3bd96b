"""A real registry (Debian's docker-registry) on this machine's loopback, for the tests."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.engine import apt
from tests.engine.engine import NoEngineError

START_SECONDS = 20


@contextlib.contextmanager
def running(folder: Path, *, users: str = "") -> Iterator[str]:
    """A registry that keeps its blobs in ``folder``; its ``host:port``.

    ``users`` are the lines of an htpasswd file with bcrypt hashes; empty for everybody. Raises
    NoEngineError where it cannot be had.
    """
    if shutil.which("docker-registry") is None:
        apt.install("docker-registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    config = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": host},
    }
    if users:
        (folder / "htpasswd").write_text(users)
        config["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML too
    log = (folder / "log").open("w")
    argv = ["docker-registry", "serve", str(folder / "config.yml")]
    process = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        wait(host, process)
        yield host
    finally:
        process.terminate()
        process.wait(10)
        log.close()


def wait(host: str, process: subprocess.Popen[bytes]) -> None:
    """Until it answers."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://{host}/v2/", timeout=1)
        except urllib.error.HTTPError:
            return  # it wants a login
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NoEngineError("docker-registry does not start")
