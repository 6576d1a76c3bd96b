"""A dockerd for the tests: its own data, socket and process, stopped when nobody uses it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.engine import apt
from tests.engine.engine import NoEngineError

RUN = Path("/run/nb2image-tests")
SOCKET = RUN / "docker.sock"
PIDFILE = RUN / "docker.pid"
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
START_SECONDS, STOP_SECONDS, PRUNE_SECONDS = 60, 30, 300


@contextlib.contextmanager
def running(cache: Path) -> Iterator[str]:
    """The address of a dockerd that keeps its images in ``cache`` from one run to the next.

    Runs at the same time share it; the last to leave stops it. Raises NoEngineError.
    """
    if os.geteuid() != 0:
        raise NoEngineError("none answers, and only root can start one")
    _install_where_missing()
    RUN.mkdir(mode=0o700, exist_ok=True)
    process = None
    with (RUN / "users").open("w") as users:
        with _one_at_a_time():
            if not _answers():
                process = _start(cache)
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield f"unix://{SOCKET}"
        finally:
            with _one_at_a_time(), contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused: others still use it
                _stop(process)


def _install_where_missing() -> None:
    """Install the distribution's engine; its client and buildx are extra packages in some."""
    if not all(shutil.which(name, path=SYSTEM_PATH) for name in ("dockerd", "docker", "iptables")):
        apt.install("docker.io", "iptables", where_known=("docker-cli", "docker-buildx"))


def _start(cache: Path) -> subprocess.Popen[bytes]:
    cache.mkdir(parents=True, exist_ok=True)
    log = cache / "dockerd.log"
    argv = [
        "dockerd",
        f"--host=unix://{SOCKET}",
        f"--pidfile={PIDFILE}",
        f"--exec-root={RUN / 'exec'}",
        f"--data-root={cache / 'docker'}",
        f"--mtu={_mtu()}",
    ]
    with log.open("wb") as out:
        # A session of its own: Ctrl-C in the terminal must not end it before the tests clean up.
        process = subprocess.Popen(
            argv,
            env=os.environ | {"PATH": SYSTEM_PATH},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers():
            _empty_the_build_cache()
            return process
        time.sleep(0.2)
    process.terminate()
    process.wait(STOP_SECONDS)
    raise NoEngineError(f"dockerd does not start: {log.read_text(errors='replace')[-1500:]}")


def _empty_the_build_cache() -> None:
    """Docker 20.10 can keep records of layers that went with an earlier run's images.

    A build on such a record fails; the daemon that runs now keeps its own records true.
    """
    argv = ["/usr/bin/docker", "--host", f"unix://{SOCKET}", "builder", "prune", "--all", "--force"]
    subprocess.run(argv, capture_output=True, timeout=PRUNE_SECONDS)


def _stop(process: subprocess.Popen[bytes] | None) -> None:
    """End dockerd, which ends its containers and its containerd and then removes its pidfile."""
    if _answers():  # if it crashed, its number may be another process's by now
        os.kill(int(PIDFILE.read_text()), signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while PIDFILE.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    if process is not None:
        process.wait(STOP_SECONDS)


def _answers() -> bool:
    argv = ["/usr/bin/docker", "--host", f"unix://{SOCKET}", "version"]
    return subprocess.run(argv, capture_output=True, timeout=START_SECONDS).returncode == 0


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    with (RUN / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _mtu() -> str:
    """What fits through the default route; dockerd assumes 1500, and larger packets get lost."""
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        interface, destination = line.split()[:2]
        if destination == "00000000":
            return Path(f"/sys/class/net/{interface}/mtu").read_text().strip()
    return "1500"
