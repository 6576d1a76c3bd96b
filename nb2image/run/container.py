"""Runs an image: its output live, signals passed on, its outputs brought back, nothing left."""

from __future__ import annotations

import contextlib
import io
import queue
import secrets
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nb2image import process
from nb2image.engine import connect, engine_address
from nb2image.errors import EngineError, Interrupted, RunError
from nb2image.events import Emit, Noticed, OutputLine
from nb2image.model import Finding, OutputFile, RunReport
from nb2image.process import Stream, Terminated
from nb2image.run.collect import collect
from nb2image.run.confine import host_config
from nb2image.run.gpus import gpu_error
from nb2image.run.lines import End, Lines
from nb2image.run.outputs import Outputs, owner
from nb2image.run.peak import Peak
from nb2image.run.request import RunRequest
from nb2image.services import default_cache
from nb2image.terminal import one_line

if TYPE_CHECKING:
    import docker

GRACE = {"SIGINT": 10.0, "SIGTERM": 0.8}
"""Seconds until a container that does not heed the signal is killed. After Ctrl-C a script may
save what it has (a second Ctrl-C kills at once); SIGTERM means now."""
OVERTIME = 3.0
"""Seconds until a container is killed that was interrupted for a limit."""
PAUSE = 0.1
"""Seconds of silence after which an unfinished line is shown."""
LABEL = "io.nb2image.role"

Printed = queue.Queue[tuple[Stream, bytes] | Exception | None]
"""What the container prints as it comes; None at the end."""


def run_image(request: RunRequest, environ: Mapping[str, str], emit: Emit) -> RunReport:
    """Run the image to its end and remove the container.

    Emits an OutputLine for each line that it prints. Raises EngineError when there is no engine
    or image, RunError when the container cannot start or its outputs cannot be brought, and
    Interrupted after a KeyboardInterrupt has been passed on and its outputs have been brought.
    A script that fails is no error here: ``exit_status`` tells. An image in a file, as the
    embedded builder writes it, is run without an engine.
    """
    from requests import RequestException

    if Path(request.image).exists():
        from nb2image.run.rootless import run_file

        return run_file(request, process.run, environ, default_cache() / "roots", emit)

    with contextlib.closing(connect(environ)) as engine:
        name = request.name or f"nb2image-run-{secrets.token_hex(6)}"
        run = Run(engine, request, name, emit)
        try:
            return run.go()
        except (Disconnected, RequestException) as error:
            raise EngineError(
                f"the engine at {engine_address(environ)} stopped while {request.image} ran",
                code="engine-stopped",
                hint="start it: sudo systemctl start docker (or open Docker Desktop)",
            ) from error
        finally:
            run.stop_listening()
            if run.made or not request.name:  # a name that was taken is somebody else's
                remove(engine, name)


def start_image(request: RunRequest, environ: Mapping[str, str], emit: Emit) -> str:
    """Start the image and leave it running; the container's name.

    Its outputs stay in the container, and so does it until it is removed.
    """
    with contextlib.closing(connect(environ)) as engine:
        name = request.name or f"nb2image-run-{secrets.token_hex(6)}"
        run = Run(engine, request, name, emit)
        run.create(keep_log=True)
        try:
            run.start()
        except RunError:
            remove(engine, name)
            raise
        return name


class Disconnected(Exception):
    """The engine ended the container's output in the middle."""


@dataclass(slots=True)
class Run:
    """One container from its creation to its last output."""

    engine: docker.DockerClient
    request: RunRequest
    name: str
    emit: Emit
    interrupted: str = ""
    """The signal that was passed on."""
    stopped_for: str = ""
    """The limit that it was stopped for: ``time`` or ``output``."""
    made: bool = False
    printed: Printed = field(default_factory=lambda: queue.Queue(64))
    """Bounded: a container that prints faster than we show is made to wait."""
    listening: bool = True

    def go(self) -> RunReport:
        """Create, start, follow and collect."""
        self.create()
        self._put()
        self._follow()
        begun = time.monotonic()
        self.start()
        peak = Peak(self.engine, self.name)
        self._pump()
        status = int(self.engine.api.wait(self.name)["StatusCode"])
        seconds = time.monotonic() - begun
        state = self.engine.api.inspect_container(self.name)
        outputs = self._collect(self.request.outputs) if self.request.outputs else ()
        if self.interrupted:
            raise Interrupted(
                f"{self.request.image} was stopped by {self.interrupted}",
                hint=f"{len(outputs)} outputs are in {self.request.outputs}" if outputs else "",
            )
        return RunReport(
            image=self.request.image,
            image_id=str(state.get("Image", "")),
            arguments=self.request.arguments,
            exit_status=status,
            seconds=seconds,
            outputs=outputs,
            peak_memory=peak.bytes,
            out_of_memory=bool(state["State"].get("OOMKilled")),
            timed_out=self.stopped_for == "time",
            printed_too_much=self.stopped_for == "output",
        )

    def create(self, *, keep_log: bool = False) -> None:
        """Make the container."""
        from docker.errors import APIError, ImageNotFound

        api = self.engine.api
        try:
            api.create_container(
                self.request.image,
                command=list(self.request.arguments) or None,
                entrypoint=list(self.request.command) or None,
                name=self.name,
                ports=[port.container for port in self.request.ports] or None,
                environment=dict(self.request.env),
                labels={LABEL: "run"},
                host_config=host_config(api, self.request, keep_log=keep_log),
            )
            self.made = True
        except ImageNotFound as error:
            raise EngineError(
                f"there is no image {self.request.image} in the engine",
                code="image-missing",
                hint="see which there are: docker images; make one: nb2image convert NOTEBOOK",
            ) from error
        except APIError as error:
            if (no_gpu := gpu_error(said(error), self.request.gpus)) is not None:
                raise no_gpu from error
            raise RunError(
                f"no container of {self.request.image} can be made: {said(error)}",
                code="container-refused",
                hint=f"remove that one: docker rm -f {self.name}" if is_taken(error) else "",
            ) from error

    def _put(self) -> None:
        """Put the request's files into the container."""
        if self.request.files:
            self.engine.api.put_archive(self.name, "/", archive(self.request.files))

    def _follow(self) -> None:
        """Read what the container prints on a thread of its own."""
        stream = self.engine.api.attach(
            self.name, stdout=True, stderr=True, stream=True, demux=True
        )

        def read() -> None:
            try:
                for out, err in stream:
                    if out and self.listening:
                        self.printed.put(("stdout", out))
                    if err and self.listening:
                        self.printed.put(("stderr", err))
                self.printed.put(None)
            except Exception as error:
                self.printed.put(error)

        threading.Thread(target=read, daemon=True).start()

    def stop_listening(self) -> None:
        """Let what the container still prints go by.

        The engine does not end a container while its output waits for a reader that has left.
        """
        self.listening = False
        with contextlib.suppress(queue.Empty):
            while True:
                self.printed.get_nowait()

    def start(self) -> None:
        """Let it run."""
        from docker.errors import APIError

        try:
            self.engine.api.start(self.name)
        except APIError as error:
            if (no_gpu := gpu_error(said(error), self.request.gpus)) is not None:
                raise no_gpu from error
            raise RunError(
                f"{self.request.image} does not start: {said(error)}",
                code="container-does-not-start",
                hint="an image that nb2image made starts its script by itself",
            ) from error

    def _pump(self) -> None:
        """Emit the output until it ends; pass interrupts on and kill what does not heed them."""
        streams: dict[Stream, Lines] = {"stdout": Lines(), "stderr": Lines()}
        kill_at = float("inf")
        limits = self.request.limits
        end_at = time.monotonic() + (limits.seconds or float("inf"))
        total = 0
        while True:
            try:
                if not self.stopped_for:
                    if time.monotonic() > end_at:
                        self.stopped_for = "time"
                    elif total > (limits.printed or float("inf")):
                        self.stopped_for = "output"
                    if self.stopped_for:
                        # an interrupt first: the traceback tells where it was
                        kill_at = min(kill_at, time.monotonic() + OVERTIME)
                        self._signal("SIGINT")
                if time.monotonic() > kill_at:
                    kill_at = float("inf")
                    self._signal("SIGKILL")
                try:
                    item = self.printed.get(timeout=PAUSE)
                except queue.Empty:
                    for name, lines in streams.items():
                        self._show(name, lines.flush())
                    continue
                if isinstance(item, Exception):
                    raise Disconnected(str(item)) from item
                if item is None:
                    for name, lines in streams.items():
                        self._show(name, lines.flush(end=True))
                    return
                name, data = item
                total += len(data)
                shown = data if self.request.tap is None else self.request.tap(name, data)
                self._show(name, streams[name].feed(shown))
            except KeyboardInterrupt as stop:
                again = bool(self.interrupted)
                self.interrupted = "SIGTERM" if isinstance(stop, Terminated) else "SIGINT"
                kill_at = 0.0 if again else time.monotonic() + GRACE[self.interrupted]
                # for SIGTERM too: Python as process 1 does not heed that
                self._signal("SIGINT")

    def _show(self, stream: Stream, lines: Iterator[tuple[str, End]]) -> None:
        for line, end in lines:
            self.emit(OutputLine(stage="run", stream=stream, line=line, end=end))

    def _signal(self, name: str) -> None:
        from docker.errors import APIError

        with contextlib.suppress(APIError):  # it has just ended by itself
            self.engine.api.kill(self.name, signal=name)

    def _collect(self, folder: Path) -> tuple[OutputFile, ...]:
        outputs = Outputs(folder=folder, owner=owner(), skipped=self._skipped)
        collect(
            self.engine,
            self.name,
            outputs,
            put={path for path, _ in self.request.files},
            only_figures=self.request.only_figures,
        )
        return outputs.finish()

    def _skipped(self, name: str, reason: str) -> None:
        finding = Finding(
            severity="warning",
            code="output-left-behind",
            message=f"left {one_line(name)} in the container: {reason}",
        )
        self.emit(Noticed(stage="run", finding=finding))


def archive(files: tuple[tuple[str, bytes], ...]) -> bytes:
    """A tar of files by absolute path, readable by everybody."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for path, data in files:
            member = tarfile.TarInfo(path.lstrip("/"))
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    return made.getvalue()


def is_taken(error: docker.errors.APIError) -> bool:
    """Whether the container's name is in use."""
    return error.status_code == 409


def remove(engine: docker.DockerClient, name: str) -> None:
    """Remove the container, running or not, with its volumes."""
    from docker.errors import APIError
    from requests import RequestException

    with contextlib.suppress(APIError, RequestException):  # not made, or no engine left
        engine.api.remove_container(name, v=True, force=True)


def said(error: docker.errors.APIError) -> str:
    """The engine's own words in an error of the SDK."""
    return str(error.explanation or error)
