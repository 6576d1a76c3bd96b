"""Runs an image from a file, without any engine: unpacked once, then run in a sandbox.

The user is the image's own (10001), nothing of the host is seen but the folders for /app,
/outputs and /tmp, there is no network, and no privilege can be gained.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from nb2image.build.embedded.layers import tarhead
from nb2image.errors import EngineError, Interrupted
from nb2image.events import Emit, Noticed, OutputLine
from nb2image.image.contract import APP, OUTPUTS, RUNTIME, UID, VENV
from nb2image.model import Finding, OutputFile, RunReport
from nb2image.process import OnLine, PrintedTooMuch, Runner, Stream
from nb2image.run.collect import destination
from nb2image.run.lines import Lines
from nb2image.run.outputs import CHUNK, Outputs, owner
from nb2image.run.request import Bind, RunRequest
from nb2image.run.roots import Unpacked, scratch, unpacked
from nb2image.run.sandbox import RUNTIMES, Runtime, Sandbox, bundle_config, command
from nb2image.run.unpack import inside
from nb2image.terminal import clean

PROBE_SECONDS = 30
TRIAL = (f"{VENV}/bin/python", "-I", "-S", "-c", "")
"""A program that every image of ours has."""
MAX_SAID = 1_000_000
"""Bytes that a probe may print."""
MOST_PRINTED = 1 << 50
"""For a run that nobody limited; its output is never held."""


def run_file(
    request: RunRequest, run: Runner, environ: Mapping[str, str], cache: Path, emit: Emit
) -> RunReport:
    """Run the image in the archive or layout ``request.image``; see ``run_image``.

    Raises RunError for an image that cannot be run here, EngineError when this host has no way
    to run one without an engine.
    """
    if request.gpus:
        raise EngineError(
            "an image in a file runs without an engine, and so without a GPU",
            code="rootless-gpu",
            hint="load it into an engine: docker load --input FILE",
        )
    if request.ports:
        raise EngineError(
            "an image in a file runs without an engine, which would publish its ports",
            code="rootless-ports",
            hint="load it into an engine: docker load --input FILE",
        )
    with unpacked(Path(request.image), cache) as image, scratch(cache) as folder:
        binds = (*writable(image, folder, request.files), *request.binds)
        box = Sandbox(
            root=image.root,
            arguments=(*(request.command or image.entrypoint), *request.arguments),
            env=(*image.env, *(f"{name}={value}" for name, value in request.env)),
            workdir=image.workdir,
            binds=binds,
            name=f"nb2image-{secrets.token_hex(6)}",
            user=os.geteuid(),
            network=request.network not in ("", "none"),
            limits=request.limits,
        )
        before = fingerprints(folder / "app")
        runtime = usable_runtime(box, run, environ, folder)
        begun = time.monotonic()
        status, stopped, late, flooded = 130, False, False, False
        try:
            status = start(runtime, box, run, environ, folder, request, emit)
        except subprocess.TimeoutExpired:
            late = True
        except PrintedTooMuch:
            flooded = True
        except KeyboardInterrupt:
            stopped = True
        seconds = time.monotonic() - begun
        brought = bring(request, folder, before, image.workdir, emit)
        if stopped:
            hint = f"{len(brought)} outputs are in {request.outputs}" if brought else ""
            raise Interrupted(f"{request.image} was stopped", hint=hint)
    return RunReport(
        image=request.image,
        image_id=f"sha256:{image.root.name}",
        arguments=request.arguments,
        exit_status=status,
        seconds=seconds,
        outputs=brought,
        timed_out=late,
        printed_too_much=flooded,
    )


@contextmanager
def file_contents(
    path: Path, cache: Path
) -> Iterator[tuple[bytes | None, Path, Callable[[str], Path | None], str]]:
    """The plan.json, a copy of /app, the way to other files, and the id of the image in a file.

    Raises RunError.
    """
    with unpacked(path, cache) as image, scratch(cache) as folder:
        plan = inside(image.root, f"{RUNTIME[1:]}/plan.json")
        shutil.copytree(image.root / APP[1:], folder / "app", symlinks=True)
        data = plan.read_bytes() if plan.is_file() else None

        def fetch(wanted: str) -> Path | None:
            found = inside(image.root, wanted.lstrip("/"))
            return found if found.exists() else None

        yield data, folder / "app", fetch, f"sha256:{image.root.name}"


def writable(
    image: Unpacked, folder: Path, files: tuple[tuple[str, bytes], ...]
) -> tuple[Bind, ...]:
    """The folders that the script may write, /app a copy, and what files are put into it."""
    app, outputs, temporary = folder / "app", folder / "outputs", folder / "tmp"
    runtime = folder / "runtime"
    shutil.copytree(image.root / APP[1:], app, symlinks=True)
    outputs.mkdir()
    temporary.mkdir(mode=0o700)
    binds = [
        Bind(source=app, target=APP, writable=True),
        Bind(source=outputs, target=OUTPUTS, writable=True),
        Bind(source=temporary, target="/tmp", writable=True),
    ]
    if any(target.startswith(f"{RUNTIME}/") for target, _ in files):
        shutil.copytree(inside(image.root, RUNTIME[1:]), runtime, symlinks=True)
        binds.append(Bind(source=runtime, target=RUNTIME))
    for target, data in files:
        for top, real in ((APP, app), (RUNTIME, runtime)):
            if target.startswith(f"{top}/"):
                place = inside(real, target[len(top) + 1 :], last=False)
                place.unlink(missing_ok=True)
                place.write_bytes(data)
    if os.geteuid() == 0:
        for path in (app, outputs, temporary, *app.rglob("*")):
            os.chown(path, UID, UID, follow_symlinks=False)
        folder.chmod(0o711)
    return tuple(binds)


def runtime_of_host(run: Runner, environ: Mapping[str, str], cache: Path) -> Runtime:
    """The runtime that an image would be run with, tried on the host's own ``true``.

    Raises EngineError when none can run anything here.
    """
    with scratch(cache) as folder:
        root = folder / "root"
        shared = [name for name in ("usr", "bin", "lib", "lib64") if Path("/", name).is_dir()]
        for name in ("proc", "dev", *shared):
            (root / name).mkdir(parents=True)
        box = Sandbox(
            root=root,
            arguments=("/usr/bin/true",),
            env=(),
            workdir="/",
            binds=tuple(Bind(source=Path("/", name), target=f"/{name}") for name in shared),
            name=f"nb2image-{secrets.token_hex(6)}",
            user=os.geteuid(),
        )
        folder.chmod(0o711)
        return usable_runtime(box, run, environ, folder, box.arguments)


def usable_runtime(
    box: Sandbox,
    run: Runner,
    environ: Mapping[str, str],
    folder: Path,
    trial: tuple[str, ...] = TRIAL,
) -> Runtime:
    """The first runtime that can run ``trial`` here. Raises EngineError when none can."""
    trouble = []
    for runtime in RUNTIMES:
        if shutil.which(runtime, path=environ.get("PATH")) is None:
            continue
        # for root bwrap would map the image's user to root; for others runc wants a user 0
        if runtime == ("runc" if os.geteuid() else "bwrap"):
            continue
        probe = probing(box, trial)
        said: list[str] = [f"{runtime} gave no reason"]

        def keep(_: Stream, line: str, said: list[str] = said) -> None:
            said.append(clean(line))

        try:
            if execute(runtime, probe, run, environ, folder, keep) == 0:
                return runtime
        except (subprocess.TimeoutExpired, PrintedTooMuch):
            said.append("it does not come to an end")
        trouble.append(f"{runtime}: {said[-1]}")
    raise EngineError(
        "no way to run a container without an engine works here"
        + (f" ({'; '.join(trouble)})" if trouble else ""),
        code="rootless-impossible",
        hint="install bubblewrap or crun (sudo apt install bubblewrap); the kernel must allow user "
        "namespaces: sysctl kernel.unprivileged_userns_clone=1",
    )


def probing(box: Sandbox, arguments: tuple[str, ...]) -> Sandbox:
    """The same sandbox with another program, under another name."""
    return replace(box, arguments=arguments, workdir="/", name=f"{box.name}-probe")


def start(
    runtime: Runtime,
    box: Sandbox,
    run: Runner,
    environ: Mapping[str, str],
    folder: Path,
    request: RunRequest,
    emit: Emit,
) -> int:
    """Run the sandbox to its end, its output as events; its exit status."""
    streams: dict[Stream, Lines] = {"stdout": Lines(), "stderr": Lines()}

    def show(stream: Stream, line: str) -> None:
        data = f"{line}\n".encode()
        shown = data if request.tap is None else request.tap(stream, data)
        for text, end in streams[stream].feed(shown):
            emit(OutputLine(stage="run", stream=stream, line=text, end=end))

    limits = request.limits
    return execute(
        runtime, box, run, environ, folder, show, limits.seconds, limits.printed or MOST_PRINTED
    )


def execute(
    runtime: Runtime,
    box: Sandbox,
    run: Runner,
    environ: Mapping[str, str],
    folder: Path,
    on_line: OnLine,
    seconds: float | None = PROBE_SECONDS,
    printed: int = MAX_SAID,
) -> int:
    """Run one sandbox; a container that outlives its runtime is killed."""
    bundle = folder / "bundle"
    bundle.mkdir(exist_ok=True)
    (bundle / "config.json").write_text(bundle_config(box))
    known = {k: v for k, v in environ.items() if k in ("PATH", "HOME", "XDG_RUNTIME_DIR")}
    try:
        done = run(
            command(runtime, box, bundle),
            env=known,
            on_line=on_line,
            timeout=seconds,
            printed=printed,
        )
    except OSError:
        return 127
    finally:
        if runtime in ("crun", "runc"):
            argv = [runtime, "--root", str(bundle / "state"), "delete", "--force", box.name]
            run(argv, env=known, timeout=PROBE_SECONDS)
    return done.status if done.status >= 0 else 128 - done.status


def fingerprints(app: Path) -> dict[str, tuple[int, int]]:
    """The size and time of every file below /app, to find what a run changed."""
    found = {}
    for top, _, names in os.walk(app):
        for name in names:
            state = Path(top, name).lstat()
            found[str(Path(top, name))] = (state.st_size, state.st_mtime_ns)
    return found


def bring(
    request: RunRequest,
    folder: Path,
    before: Mapping[str, tuple[int, int]],
    workdir: str,
    emit: Emit,
) -> tuple[OutputFile, ...]:
    """Bring /outputs and what changed below /app, by the rules for every container."""
    if request.outputs is None:
        return ()

    def skipped(name: str, reason: str) -> None:
        message = f"left {clean(name)} in the container: {reason}"
        finding = Finding(severity="warning", code="output-left-behind", message=message)
        emit(Noticed(stage="run", finding=finding))

    after = fingerprints(folder / "app")
    changed = [Path(path) for path, state in sorted(after.items()) if before.get(path) != state]
    top = "outputs/figures" if request.only_figures else "outputs"
    written = sorted(p for p in (folder / top).rglob("*") if p.is_symlink() or p.is_file())
    if request.only_figures:
        changed = []
    outputs = Outputs(folder=request.outputs, owner=owner(), skipped=skipped)
    outputs.take(
        archive([*written, *changed], folder),
        lambda name: destination(f"/{name}", workdir),
    )
    return outputs.finish()


def archive(paths: list[Path], folder: Path) -> Iterator[bytes]:
    """Files as the tar stream that an engine would send."""
    for path in paths:
        name = path.relative_to(folder).as_posix()
        try:
            if path.is_symlink():
                yield tarhead.header(name, kind=tarfile.SYMTYPE, target=str(path.readlink()))
                continue
            file: IO[bytes]
            with path.open("rb") as file:
                state = os.fstat(file.fileno())
                yield tarhead.header(name, mode=state.st_mode & 0o777, size=state.st_size)
                while piece := file.read(CHUNK):
                    yield piece
                yield tarhead.padding(state.st_size)
        except (PermissionError, UnicodeEncodeError):
            continue
    yield tarhead.END_OF_ARCHIVE
