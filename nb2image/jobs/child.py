"""A job's process: started in a group of its own, told from others, ended with all it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Protocol

from nb2image.jobs.job import JobRequest, Process
from nb2image.resources import PACKAGE

MARK = "NB2IMAGE_JOB"
"""The environment variable by which everything that a job started is found again."""
BOOT = (
    "import sys; path = sys.argv.pop(1); path in sys.path or sys.path.insert(0, path); "
    "from nb2image.__main__ import main; main()"
)
INTERRUPT_SECONDS = 25.0
"""A command puts its things away in this time, or it is killed: it gives its own programs ten
seconds to end."""
TERMINATE_SECONDS = 3.0


class Child(Protocol):
    """A process that runs; what it prints as events can be read."""

    events: IO[bytes]

    @property
    def process(self) -> Process: ...

    def wait(self) -> int:
        """Wait for its end; its exit status."""
        ...

    def stop(self) -> None:
        """Interrupt it, and kill what does not end; returns at once."""
        ...


class Launch(Protocol):
    """Starts the command of a job. Raises OSError."""

    def __call__(
        self, request: JobRequest, *, job: str, result: Path, environ: Mapping[str, str]
    ) -> Child: ...


def command(request: JobRequest) -> tuple[str, ...]:
    """The argument list: this very nb2image, whatever lies in the folder that it runs in."""
    boot = (sys.executable, "-P", "-c", BOOT, str(PACKAGE.parent))
    # in front: after "--" it would be an argument of the script that is run
    return (*boot, request.kind, "--json", *request.arguments)


class SystemChild:
    """A real process that leads its own group; ``result`` takes what it prints on stdout."""

    def __init__(
        self, request: JobRequest, *, job: str, result: Path, environ: Mapping[str, str]
    ) -> None:
        self._job = job
        with result.open("wb") as stdout:
            self._popen = subprocess.Popen(
                command(request),
                cwd=request.folder,
                env={**environ, MARK: job, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        assert self._popen.stderr is not None
        self.events: IO[bytes] = self._popen.stderr

    @property
    def process(self) -> Process:
        return Process(pid=self._popen.pid, started=start_time(self._popen.pid))

    def wait(self) -> int:
        return self._popen.wait()

    def stop(self) -> None:
        threading.Thread(target=self._stop, name=f"stop {self._job}", daemon=True).start()

    def _stop(self) -> None:
        stages = (
            (signal.SIGINT, INTERRUPT_SECONDS),
            (signal.SIGTERM, TERMINATE_SECONDS),
            (signal.SIGKILL, TERMINATE_SECONDS),
        )
        for sig, seconds in stages:
            if self._popen.poll() is not None:
                break
            send_group(self._popen.pid, sig)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(seconds)
        reap(self._job)


def send_group(pid: int, sig: signal.Signals) -> None:
    """A signal to a process group that may be gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, sig)


def start_time(pid: int) -> str:
    """When a process began, as the system counts; empty when it is gone or nobody tells."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return ""
    # the second field is the program's name in parentheses and may hold anything
    return stat.rpartition(b")")[2].split()[19].decode()


def this_process() -> Process:
    """The process that asks."""
    return Process(pid=os.getpid(), started=start_time(os.getpid()))


def alive(process: Process | None) -> bool:
    """Whether this very process still runs, not another that was given its number."""
    if process is None:
        return False
    if process.started or Path("/proc/self/stat").exists():
        return start_time(process.pid) == process.started
    try:  # no /proc: the number is all there is
        os.kill(process.pid, 0)
    except OSError:
        return False
    return True


def marked(job: str) -> tuple[int, ...]:
    """The processes that carry a job's mark: its own and all that they started."""
    found = []
    wanted = f"{MARK}={job}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone meanwhile, or somebody else's
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return tuple(found)


def reap(job: str, child: Process | None = None) -> None:
    """End whatever is left of a job."""
    if child is not None and alive(child):
        send_group(child.pid, signal.SIGTERM)
    for sig in (signal.SIGTERM, signal.SIGKILL):
        left = [pid for pid in marked(job) if pid != os.getpid()]
        if not left:
            return
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, sig)
        deadline = time.monotonic() + TERMINATE_SECONDS
        while time.monotonic() < deadline and marked(job):
            time.sleep(0.1)
