"""Runs an image: its output live, signals passed on, its outputs brought back, nothing left."""

from __future__ import annotations

import contextlib
import queue
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nb2image.engine import connect, engine_address
from nb2image.errors import EngineError, Interrupted, RunError
from nb2image.events import Emit, Noticed, OutputLine
from nb2image.model import Finding, OutputFile, RunReport
from nb2image.process import Stream, Terminated
from nb2image.run.collect import collect
from nb2image.run.lines import End, Lines
from nb2image.run.outputs import Outputs, owner
from nb2image.terminal import one_line

if TYPE_CHECKING:
    import docker

GRACE = {"SIGINT": 10.0, "SIGTERM": 0.8}
"""Seconds until a container that does not heed the signal is killed. After Ctrl-C a script may
save what it has (a second Ctrl-C kills at once); SIGTERM means now."""
PAUSE = 0.1
"""Seconds of silence after which an unfinished line is shown."""
LABEL = "io.nb2image.role"

Printed = queue.Queue[tuple[Stream, bytes] | Exception | None]
"""What the container prints as it comes; None at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One run of an image, as a user asks for it."""

    image: str
    arguments: tuple[str, ...] = ()
    """For the script."""
    outputs: Path | None = Path("outputs")
    """Where its outputs are brought; None leaves them."""
    read_only: bool = False
    """The root filesystem cannot be written; the image's volumes, /outputs and /tmp, can."""
    network: str = ""
    """``none``, or the name of one of the engine's networks; empty for the engine's default."""


def run_image(request: RunRequest, environ: Mapping[str, str], emit: Emit) -> RunReport:
    """Run the image to its end and remove the container.

    Emits an OutputLine for each line that it prints. Raises EngineError when there is no engine
    or image, RunError when the container cannot start or its outputs cannot be brought, and
    Interrupted after a KeyboardInterrupt has been passed on and its outputs have been brought.
    A script that fails is no error here: ``exit_status`` tells.
    """
    from requests import RequestException

    with contextlib.closing(connect(environ)) as engine:
        name = f"nb2image-run-{secrets.token_hex(6)}"
        try:
            return Run(engine, request, name, emit).go()
        except (ConnectionError, RequestException) as error:
            raise EngineError(
                f"the engine at {engine_address(environ)} stopped while {request.image} ran",
                code="engine-stopped",
                hint="start it: sudo systemctl start docker (or open Docker Desktop)",
            ) from error
        finally:
            remove(engine, name)


@dataclass(slots=True)
class Run:
    """One container from its creation to its last output."""

    engine: docker.DockerClient
    request: RunRequest
    name: str
    emit: Emit
    interrupted: str = ""
    """The signal that was passed on."""

    def go(self) -> RunReport:
        """Create, start, follow and collect."""
        self._create()
        printed = self._follow()
        begun = time.monotonic()
        self._start()
        self._pump(printed)
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
            exit_status=status,
            seconds=seconds,
            outputs=outputs,
            out_of_memory=bool(state["State"].get("OOMKilled")),
        )

    def _create(self) -> None:
        from docker.errors import APIError, ImageNotFound
        from docker.types import LogConfig

        api = self.engine.api
        options: dict[str, Any] = {
            # what a notebook prints goes to the user alone: a log kept by the engine has no limit
            "log_config": LogConfig(type="none"),
            "read_only": self.request.read_only,
            "network_mode": self.request.network or None,
        }
        try:
            api.create_container(
                self.request.image,
                command=list(self.request.arguments) or None,
                name=self.name,
                labels={LABEL: "run"},
                host_config=api.create_host_config(**options),
            )
        except ImageNotFound as error:
            raise EngineError(
                f"there is no image {self.request.image} in the engine",
                code="image-missing",
                hint="see which there are: docker images; make one: nb2image convert NOTEBOOK",
            ) from error
        except APIError as error:
            raise RunError(
                f"no container of {self.request.image} can be made: {said(error)}",
                code="container-refused",
            ) from error

    def _follow(self) -> Printed:
        """Read what the container prints on a thread of its own."""
        # bounded: a container that prints faster than we show is made to wait
        printed: Printed = queue.Queue(64)
        stream = self.engine.api.attach(
            self.name, stdout=True, stderr=True, stream=True, demux=True
        )

        def read() -> None:
            try:
                for out, err in stream:
                    if out:
                        printed.put(("stdout", out))
                    if err:
                        printed.put(("stderr", err))
                printed.put(None)
            except Exception as error:
                printed.put(error)

        threading.Thread(target=read, daemon=True).start()
        return printed

    def _start(self) -> None:
        from docker.errors import APIError

        try:
            self.engine.api.start(self.name)
        except APIError as error:
            raise RunError(
                f"{self.request.image} does not start: {said(error)}",
                code="container-does-not-start",
                hint="an image that nb2image made starts its script by itself",
            ) from error

    def _pump(self, printed: Printed) -> None:
        """Emit the output until it ends; pass interrupts on and kill what does not heed them."""
        streams: dict[Stream, Lines] = {"stdout": Lines(), "stderr": Lines()}
        kill_at = float("inf")
        while True:
            try:
                if time.monotonic() > kill_at:
                    kill_at = float("inf")
                    self._signal("SIGKILL")
                try:
                    item = printed.get(timeout=PAUSE)
                except queue.Empty:
                    for name, lines in streams.items():
                        self._show(name, lines.flush())
                    continue
                if isinstance(item, Exception):
                    raise ConnectionError(str(item)) from item
                if item is None:
                    for name, lines in streams.items():
                        self._show(name, lines.flush(end=True))
                    return
                self._show(item[0], streams[item[0]].feed(item[1]))
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
        collect(self.engine, self.name, outputs)
        return outputs.finish()

    def _skipped(self, name: str, reason: str) -> None:
        finding = Finding(
            severity="warning",
            code="output-left-behind",
            message=f"left {one_line(name)} in the container: {reason}",
        )
        self.emit(Noticed(stage="run", finding=finding))


def remove(engine: docker.DockerClient, name: str) -> None:
    """Remove the container, running or not, with its volumes."""
    from docker.errors import APIError
    from requests import RequestException

    with contextlib.suppress(APIError, RequestException):  # not made, or no engine left
        engine.api.remove_container(name, v=True, force=True)


def said(error: docker.errors.APIError) -> str:
    """The engine's own words in an error of the SDK."""
    return str(error.explanation or error)
