"""The one way to run another program.

Everything that runs a program takes a ``Runner``; tests pass a small class that asserts the
argument list. Output is handed over line by line while the program runs.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Stream = Literal["stdout", "stderr"]
OnLine = Callable[[Stream, str], None]

STOP_GRACE_SECONDS = 10.0
LONGEST_LINE = 1 << 20
"""Bytes that are taken for a line where a program's output is limited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """How a program ended and all that it printed (decoded as UTF-8, errors replaced)."""

    status: int
    """Exit status; negative for a signal, as in subprocess."""
    stdout: str
    stderr: str


class PrintedTooMuch(Exception):
    """A program printed more than it was allowed to, and was stopped."""


class Terminated(KeyboardInterrupt):
    """SIGTERM arrived: as an interrupt, so that everything is put away as after Ctrl-C."""


class Runner(Protocol):
    """Runs a program to its end.

    Raises FileNotFoundError when the program is not there, subprocess.TimeoutExpired when it
    outlasts ``timeout`` seconds, and re-raises KeyboardInterrupt after stopping the program.
    With ``printed``, the most bytes that a program from a stranger may print, nothing of its
    output is kept, only handed over; it is stopped beyond them, and PrintedTooMuch raised.
    """

    def __call__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        on_line: OnLine | None = None,
        timeout: float | None = None,
        printed: int | None = None,
    ) -> Completed: ...


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    on_line: OnLine | None = None,
    timeout: float | None = None,
    printed: int | None = None,
) -> Completed:
    """The real ``Runner``. ``env`` replaces the environment when given."""
    # A session of its own: Ctrl-C in the terminal reaches us alone, and we stop the program's
    # whole group in an orderly way instead of racing it.
    process = subprocess.Popen(
        list(argv),
        cwd=cwd,
        env=None if env is None else dict(env),
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    captured: dict[Stream, list[str]] = {"stdout": [], "stderr": []}
    faults: list[BaseException] = []
    taken = {"stdout": 0, "stderr": 0}

    def drain(stream: Stream) -> None:
        pipe = process.stdout if stream == "stdout" else process.stderr
        assert pipe is not None
        for raw in iter(lambda: pipe.readline(-1 if printed is None else LONGEST_LINE), b""):
            taken[stream] += len(raw)
            if printed is not None and sum(taken.values()) > printed:
                faults.append(PrintedTooMuch())
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                return
            text = raw.decode("utf-8", "replace")
            if printed is None:
                captured[stream].append(text)
            if on_line is None or faults:
                continue  # read on: a full pipe would stop the program for ever
            try:
                on_line(stream, text.rstrip("\r\n"))
            except BaseException as fault:
                faults.append(fault)

    threads = [threading.Thread(target=drain, args=(s,), daemon=True) for s in captured]
    for thread in threads:
        thread.start()
    try:
        if stdin is not None:
            assert process.stdin is not None
            try:
                process.stdin.write(stdin)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it ended without reading: its exit status tells why
        status = process.wait(timeout)
    except BaseException:
        stop(process)
        raise
    finally:
        for thread in threads:
            thread.join(STOP_GRACE_SECONDS)
    if faults:
        raise faults[0]
    return Completed(
        status=status, stdout="".join(captured["stdout"]), stderr="".join(captured["stderr"])
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the program's group, then kill what is left after ten seconds."""
    for sig in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, sig)
        except ProcessLookupError:
            return
        try:
            process.wait(STOP_GRACE_SECONDS)
            return
        except subprocess.TimeoutExpired:
            continue
