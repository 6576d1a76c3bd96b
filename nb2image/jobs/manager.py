"""Starts jobs, follows them and ends them, for any number of readers and threads."""

from __future__ import annotations

import os
import shlex
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from nb2image.jobs import child as processes
from nb2image.jobs.child import Child, Launch, SystemChild
from nb2image.jobs.job import Job, JobRequest, State, new_id
from nb2image.jobs.log import Entry, LogReader, LogWriter
from nb2image.jobs.steps import Steps, failure_of, stage_times
from nb2image.jobs.store import Store

AT_ONCE = 2
"""Jobs that run at the same time; others wait for their turn."""
CHUNK = 1 << 16
LONG_LINE = 1 << 20
"""Bytes after which a line is taken as ended."""


class JobManager:
    """The jobs of one server. Pages ask it; nothing of it belongs to a page."""

    def __init__(
        self,
        root: Path,
        *,
        environ: Mapping[str, str] | None = None,
        launch: Launch = SystemChild,
        at_once: int = AT_ONCE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = Store(root)
        self._environ = dict(os.environ if environ is None else environ)
        self._launch = launch
        self._at_once = at_once
        self._clock = clock
        self._lock = threading.RLock()
        self._queue: deque[str] = deque()
        self._mine: dict[str, Job] = {}
        """The newest record of each job that this server started: newer than its file's."""
        self._children: dict[str, Child] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._live: dict[str, Steps] = {}
        """The steps of each job that runs here, kept up by the thread that reads its output."""
        self._cancelled: set[str] = set()
        self._closed = False

    def recover(self) -> tuple[Job, ...]:
        """Mark the jobs of servers that died as lost and end what is left of them.

        To be called once, when a server starts; the jobs of another living server are its own.
        """
        lost = []
        for job in self.store.all():
            if job.finished or processes.alive(job.owner):
                continue
            processes.reap(job.id, job.child)
            gone = replace(job, state="lost", ended=self._last_sign(job), child=None)
            self.store.save(gone)
            lost.append(gone)
        self.store.prune()
        return tuple(lost)

    def _last_sign(self, job: Job) -> float:
        try:
            return self.store.log(job.id).stat().st_mtime
        except OSError:
            return job.started or job.created

    def start(self, request: JobRequest) -> Job:
        """Begin a job, or let it wait for its turn. Raises OSError when nothing can be kept."""
        now = self._clock()
        job = Job(id=new_id(now), request=request, created=now, owner=processes.this_process())
        with self._lock:
            self.store.save(job)
            self._mine[job.id] = job
            self._queue.append(job.id)
            self._next()
            return self._mine[job.id]

    def _next(self) -> None:
        """Start those who wait, as far as there is room; the lock is held."""
        while self._queue and len(self._children) < self._at_once and not self._closed:
            self._begin(self._queue.popleft())

    def _begin(self, number: str) -> None:
        job = self._mine[number]
        log = LogWriter(self.store.log(number))
        # at once: a command needs a moment until it has something to tell
        told = shlex.join(("nb2image", job.request.kind, *job.request.arguments))
        log.write([msgspec.json.encode({"kind": "command", "line": told})], self._clock())
        try:
            child = self._launch(
                job.request, job=number, result=self.store.result(number), environ=self._environ
            )
        except OSError as error:
            log.write([f"cannot start the command: {error}".encode()], self._clock())
            log.close()
            self._save(replace(job, state="failed", ended=self._clock()))
            return
        self._children[number] = child
        self._save(replace(job, state="running", started=self._clock(), child=child.process))
        thread = threading.Thread(target=self._follow, args=(number, child, log), daemon=True)
        self._threads[number] = thread
        thread.start()

    def _follow(self, number: str, child: Child, log: LogWriter) -> None:
        """Keep what the child prints, until its end; runs on a thread of its own."""
        steps = self._live[number] = Steps()
        rest = b""
        while chunk := os.read(child.events.fileno(), CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LONG_LINE:
                lines, rest = [*lines, rest], b""
            steps.follow(log.write(lines, self._clock()))
        if rest:
            steps.follow(log.write([rest], self._clock()))
        status = child.wait()
        log.close()
        child.events.close()
        with self._lock:
            self._children.pop(number, None)
            self._live.pop(number, None)
            state = ended(status, cancelled=number in self._cancelled)
            self._save(
                replace(
                    self._mine[number],
                    state=state,
                    ended=self._clock(),
                    exit_code=status,
                    child=None,
                    failure=failure_of(steps.failure) if state == "failed" else None,
                    stages=stage_times(steps.all()),
                )
            )
            self._next()
        self.store.prune()
        with self._lock:
            self._threads.pop(number, None)

    def _save(self, job: Job) -> None:
        with self._lock:
            self._mine[job.id] = job
            self.store.save(job)

    def cancel(self, number: str) -> None:
        """End a job; one that waits never begins. Returns at once.

        Raises KeyError when there is no such job. A job of another server is left alone.
        """
        with self._lock:
            job = self.job(number)
            if job.finished or number not in self._mine:
                return
            self._cancelled.add(number)
            if number in self._queue:
                self._queue.remove(number)
                self._save(replace(job, state="cancelled", ended=self._clock()))
            elif running := self._children.get(number):
                running.stop()

    def job(self, number: str) -> Job:
        """What is known of a job now. Raises KeyError when there is none."""
        with self._lock:
            return self._mine.get(number) or self.store.load(number)

    def jobs(self) -> tuple[Job, ...]:
        """Every job, newest first."""
        with self._lock:
            return tuple(self._mine.get(job.id, job) for job in self.store.all())

    def cancelling(self, number: str) -> bool:
        """Whether a job was asked to end and has not yet done so."""
        with self._lock:
            return number in self._children and number in self._cancelled

    def events(self, number: str, *, after: int = 0, limit: int = 1000) -> list[Entry]:
        """Up to ``limit`` events after the one of that number. Raises KeyError."""
        with self.reader(number, after=after) as reader:
            return reader.entries(limit)

    def reader(self, number: str, *, after: int = 0) -> LogReader:
        """Reads on and on in a job's events. Raises KeyError for what is no job's id."""
        return LogReader(self.store.log(number), after)

    def steps(self, number: str) -> Steps:
        """The steps of a job as far as they are told. Raises KeyError."""
        live = self._live.get(number)
        if live is not None:
            return live
        steps = Steps()
        with self.reader(number) as reader:
            while entries := reader.entries(10_000):
                steps.follow(entries)
        job = self.job(number)
        if job.finished:
            steps.end(job.state, job.ended or steps.last)
        return steps

    def result(self, number: str) -> bytes:
        """What the job's command printed as its result: JSON, or nothing. Raises KeyError."""
        try:
            return self.store.result(number).read_bytes()
        except FileNotFoundError:
            return b""

    def close(self, seconds: float = 30.0) -> None:
        """Cancel all that runs or waits, and wait for its end: the server stops."""
        with self._lock:
            self._closed = True
            threads = tuple(self._threads.values())
            for number in (*self._queue, *self._children):
                self.cancel(number)
        deadline = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0.0))


def ended(status: int, *, cancelled: bool) -> State:
    """What a command's exit status means."""
    if status == 0:
        return "done"
    return "cancelled" if cancelled or status == 130 else "failed"
