"""Builds with podman, which needs no daemon and no root: the image ends up in a file."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from nb2image.build.causes import explain
from nb2image.build.docker import id_file
from nb2image.build.embedded.layout import refuse_foreign, replacing
from nb2image.build.interface import BuildRequest
from nb2image.build.secrets import build_network
from nb2image.build.steps import Steps
from nb2image.errors import BuildError, EngineError
from nb2image.events import Emit
from nb2image.model import BuiltImage
from nb2image.network import NetworkConfig
from nb2image.process import Completed, Runner, Stream

STEP = re.compile(r"(?:\[(\d+)/\d+\] )?STEP (\d+)/(\d+): (.*)")
LAYER = "--> "
CACHED = "--> Using cache "
FAILED = "Error: "
Push = Callable[[Path, str, str, Emit], None]
"""Takes a layout on disk, the tag to push it under, and its platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodmanBuilder:
    """A ``Builder`` that runs the context's Dockerfile in podman's rootless containers.

    What is set for podman itself (BUILDAH_ISOLATION, containers.conf) holds.
    """

    run: Runner
    environ: Mapping[str, str]
    network: NetworkConfig
    archive: Path | None
    """Where the image goes: an OCI layout, a tar archive when the name ends with .tar; None for
    nowhere but to a registry."""
    push: Push | None = None
    """Brings the layout to the registry that a tag names."""
    scratch: Path
    """A folder of the user's own for podman's temporary files: its cache mounts lie there, which
    older releases share between all users of a machine otherwise."""
    name: str = field(default="podman", init=False)

    def build(self, request: BuildRequest, emit: Emit) -> BuiltImage:
        """Build the context and write the image; see ``Builder``."""
        begun = time.monotonic()
        if self.archive:
            refuse_foreign(self.archive)
        steps = Steps(emit)
        parser = Podman(steps)
        with build_network(self.network) as network, id_file() as made:
            argv = build_command(request, network.arguments, made)
            self.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            environ = {**self.environ, **network.environ, "TMPDIR": str(self.scratch)}
            done = self._podman(argv, environ, parser)
            if done.status:
                raise explain(steps.failure)
            image = made.read_text().strip()
        if self.archive:
            form = "oci-archive" if self.archive.suffix == ".tar" else "oci-dir"
            with replacing(self.archive) as new:
                self._save(request, form, new, emit)
        else:
            with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
                self._save(request, "oci-dir", Path(folder), emit)
        argv = ["podman", "image", "inspect", image]
        found = msgspec.json.decode(self._podman(argv, self.environ).stdout or "[{}]")
        count, cached = steps.counted
        return BuiltImage(
            reference=str(self.archive or request.tag),
            id=image if image.startswith("sha256:") else f"sha256:{image}",
            size=int(found[0].get("Size", 0)),
            builder=self.name,
            seconds=time.monotonic() - begun,
            steps=count,
            cached_steps=cached,
            file=str(self.archive or ""),
            pushed_only=self.archive is None,
        )

    def _save(self, request: BuildRequest, form: str, path: Path, emit: Emit) -> None:
        """Write the image to ``path``, and push it from there."""
        argv = ["podman", "save", "--quiet", "--format", form, "--output", str(path)]
        done = self._podman([*argv, request.tag], self.environ)
        if done.status:
            raise BuildError(
                f"podman cannot write the image: {done.stderr.strip()[-300:]}",
                code="disk",
                hint="check the disk's space",
            )
        if self.push:
            self.push(path, request.tag, request.platform, emit)

    def _podman(
        self, argv: list[str], environ: Mapping[str, str], parser: Podman | None = None
    ) -> Completed:
        try:
            return self.run(argv, env=environ, on_line=parser.feed if parser else None)
        except FileNotFoundError:
            raise EngineError(
                "podman is not installed",
                code="podman-missing",
                hint="install it: sudo apt install podman uidmap",
            ) from None


def build_command(request: BuildRequest, arguments: tuple[str, ...], id_path: Path) -> list[str]:
    """The whole command line of a build."""
    context = str(request.context.resolve())
    argv = ["podman", "build", "--tag", request.tag, "--iidfile", str(id_path), *arguments]
    if request.platform:
        argv += ["--platform", request.platform]
    if request.created is not None:
        argv += ["--timestamp", str(request.created)]
    # podman 4.3 cannot mount a file from a stage that came out of its cache; what was downloaded
    # is kept all the same
    argv += ["--layers", "--no-cache"]
    return [*argv, "--file", f"{context}/Dockerfile", context]


class Podman:
    """Takes the lines that ``podman build`` prints, one by one, and tells ``steps``."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._key = ""
        self._begun = 0.0

    def feed(self, stream: Stream, line: str) -> None:
        """One line, without its line end."""
        found = STEP.match(line)
        if found is not None:
            self._finish()
            stage = f"stage-{found[1]} " if found[1] else ""
            self._key = f"{stage}{found[2]}"
            self._steps.name(self._key, f"[{stage}{found[2]}/{found[3]}] {found[4]}")
            self._steps.start(self._key)
            self._begun = time.monotonic()
        elif line.startswith(LAYER):
            self._finish(cached=line.startswith(CACHED))
        elif stream == "stderr" and line.startswith(FAILED):
            self._steps.fail(self._key, line.removeprefix(FAILED))
            self._steps.say(line)
        elif self._key:
            self._steps.line(self._key, line)
        else:
            self._steps.say(line)

    def _finish(self, *, cached: bool = False) -> None:
        if self._key:
            seconds = time.monotonic() - self._begun
            self._steps.finish(self._key, seconds=seconds, cached=cached)
