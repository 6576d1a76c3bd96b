"""The embedded builder: from a context's plan to an image, without any engine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nb2image.build.embedded import project
from nb2image.build.embedded.bases.base import Base
from nb2image.build.embedded.bases.sources import BaseSource
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.documents import Image, make_image, make_index
from nb2image.build.embedded.http import CONNECTIONS, Http
from nb2image.build.embedded.layers.deflate import reference_zlib
from nb2image.build.embedded.layers.layer import Compression, Layer, disk_errors
from nb2image.build.embedded.targets import Delivery, Destination
from nb2image.build.embedded.wheels.bytecode import Compiler, find_compiler
from nb2image.build.embedded.wheels.files import (
    FROM_SOURCE,
    BuiltWheel,
    FileSource,
    refuse_what_does_not_fit,
    refuse_what_has_no_hash,
)
from nb2image.build.embedded.wheels.venv import (
    LARGE,
    MOST_LAYERS,
    VenvOptions,
    Wheel,
    groups,
    in_order,
    wheel_layer,
)
from nb2image.build.interface import BuildRequest
from nb2image.errors import BuildError
from nb2image.events import Emit, Noticed, StageFinished, StageStarted
from nb2image.image.contract import WHEELS
from nb2image.image.quote import printable
from nb2image.image.trim import trimmed
from nb2image.model import BuildPlan, BuiltImage, BuiltLayer, Finding
from nb2image.process import Runner
from nb2image.project.context import read_context
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.target import Target

if TYPE_CHECKING:
    from nb2image.build.embedded.wheels.workshop import Workshop

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedBuilder:
    """A ``Builder`` that needs no engine: the same plan, the same image."""

    run: Runner
    environ: Mapping[str, str]
    http: Http
    index: PackageIndex
    cache: BlobCache
    base: BaseSource
    delivery: Delivery
    destination: Destination
    workshop: Callable[[], Workshop]
    """Called where there are source distributions to build."""
    compression: Compression = "gzip"
    check: str = ""
    """The digest that the image must have: of its manifest (or index), or of its config."""
    others: tuple[Path, ...] = ()
    """Contexts of the same image for other platforms: an index then names all."""
    name: str = field(default="embedded", init=False)

    def build(self, request: BuildRequest, emit: Emit) -> BuiltImage:
        """Put the context's image together and deliver it; see ``Builder``.

        Raises PlanError for a plan that needs a RUN, BuildError when a part is missing or broken.
        """
        begun = time.monotonic()
        with disk_errors("the image"):
            made = [self.assemble(folder, emit) for folder in (request.context, *self.others)]
            images = [image for image, _ in made]
            self._check(images)
            with step(emit, self.destination.described or "no destination"):
                self.delivery.deliver(images, request.tag, self.destination, emit)
        self.cache.prune_sometimes()
        image, base = made[0]
        own = image.layers[image.base_layers :]
        return BuiltImage(
            reference=self.destination.reference(request.tag),
            id=image.config.digest,
            size=base.facts.size + sum(layer.content for layer in own),
            builder=self.name,
            seconds=time.monotonic() - begun,
            steps=len(own),
            file=str(self.destination.layout or ""),
            pushed_only=not (self.destination.layout or self.destination.engine),
            base=f"{printable(base.name)} ({base.reason})",
            layers=(
                BuiltLayer(command=base.name, size=base.facts.size),
                *(BuiltLayer(command=layer.what, size=layer.content) for layer in own),
            ),
        )

    def _check(self, images: Sequence[Image]) -> None:
        """Raise BuildError when the image is not the one that was asked for."""
        top = images[0].manifest if len(images) == 1 else make_index(images)
        if self.check and self.check not in (top.digest, images[0].config.digest):
            raise BuildError(
                f"the image is {top.digest} (config {images[0].config.digest}), not {self.check}",
                code="check-failed",
                hint="the plan, the base or a locked file differs from that of the other build",
            )

    def assemble(self, context: Path, emit: Emit) -> tuple[Image, Base]:
        """The image of one context, its layers in the cache."""
        project.refuse_edited_dockerfile(context)
        plan = read_context(context)
        refuse_what_has_no_hash(plan)
        requirements = plan.requirements
        platform = Target(python=requirements.python, platform=requirements.platform)
        architecture = ARCHITECTURES[platform.architecture]
        # the base and the wheels come from different servers: both at once
        with ThreadPoolExecutor(1) as threads:
            coming = threads.submit(self.base.get, plan, architecture, emit)
            built: dict[str, BuiltWheel] = {}
            if requirements.sources:
                with step(emit, FROM_SOURCE):
                    built = self.workshop().wheels(
                        plan, coming.result(), self._files(context), emit
                    )
            with step(emit, f"dependencies: {len(requirements.locked)} wheels"):
                wheels = self._wheel_layers(context, plan, built, emit)
            with step(emit, f"base: {self.base.described}"):
                base = coming.result()
        chosen = f"the base is {base.name}, {base.reason}"
        finding = Finding(severity="note", code="base-chosen", message=chosen)
        emit(Noticed(stage="build", finding=finding))
        refuse_what_does_not_fit(plan, self.base.target(plan, platform), built)
        with step(emit, "the project"):
            layers = self._own_layers(context, plan, base, wheels)
        return make_image(plan, base, layers), base

    def _files(self, context: Path) -> FileSource:
        folder = context / WHEELS
        return FileSource(index=self.index, http=self.http, cache=self.cache, folder=folder)

    def _wheel_layers(
        self, context: Path, plan: BuildPlan, built: Mapping[str, BuiltWheel], emit: Emit
    ) -> list[Layer]:
        source = replace(self._files(context), built=built)
        options = VenvOptions(
            python=plan.requirements.python,
            compression=self.compression,
            compiler=self._compiler(plan, emit) if plan.bytecode else None,
            trimmed=trimmed(plan),
        )
        # a layer is made while other wheels still come; the largest first, for it takes longest
        packages = sorted(plan.requirements.locked, key=lambda p: -(p.size or 0))
        few = len(packages) <= MOST_LAYERS
        with (
            ThreadPoolExecutor(os.cpu_count() or 2) as makers,
            ThreadPoolExecutor(CONNECTIONS) as fetchers,
        ):
            coming = [fetchers.submit(source.wheel, package) for package in packages]
            made: list[Future[Layer]] = []
            waiting: list[Wheel] = []
            try:
                for done in as_completed(coming):
                    wheel = done.result()
                    if few and wheel.size >= LARGE:
                        made.append(makers.submit(wheel_layer, self.cache, (wheel,), options))
                    else:
                        waiting.append(wheel)
                for group in groups(waiting):
                    made.append(makers.submit(wheel_layer, self.cache, group, options))
                return [layer.result() for layer in made]
            except BaseException:
                fetchers.shutdown(wait=False, cancel_futures=True)
                makers.shutdown(wait=False, cancel_futures=True)
                raise

    def _compiler(self, plan: BuildPlan, emit: Emit) -> Compiler | None:
        python = plan.requirements.python
        found = find_compiler(python, self.run, self.environ)
        if found is None:
            notice(
                emit,
                "bytecode-left-out",
                f"no Python {python} here to compile with: the image holds no bytecode",
                f"install Python {python}, or build with Docker",
            )
        elif not reference_zlib():
            notice(
                emit,
                "zlib-differs",
                "this Python's zlib is not the reference one: the image's id is the same as "
                "elsewhere, the digest of its manifest is not",
                "",
            )
        return found

    def _own_layers(
        self, context: Path, plan: BuildPlan, base: Base, wheels: Sequence[Layer]
    ) -> list[Layer]:
        packing = self.compression
        python = plan.requirements.python
        setup = project.setup_layer(self.cache, base, python, packing)
        layers = [*base.added, setup, *in_order(wheels)]
        if any(file.kind in ("data", "included") for file in plan.files):
            layers.append(
                self.written(lambda file: project.write_data(file, context, plan, packing))
            )
        layers.append(self.written(lambda file: project.write_code(file, context, plan, packing)))
        return layers

    def written(self, write: project.Write) -> Layer:
        """A layer that is made each time: its files may have been edited."""
        with self.cache.writing() as file:
            layer = write(file)
            if self.cache.find(layer.digest, layer.size) is None:
                self.cache.keep(file, layer.digest)
        return layer


@contextmanager
def step(emit: Emit, name: str) -> Iterator[None]:
    """Announce a step of the build and its end."""
    emit(StageStarted(stage="build", step=name))
    begun = time.monotonic()
    yield
    emit(StageFinished(stage="build", step=name, seconds=time.monotonic() - begun))


def notice(emit: Emit, code: str, message: str, hint: str) -> None:
    """Tell the user something."""
    finding = Finding(severity="note", code=code, message=message, hint=hint)
    emit(Noticed(stage="build", finding=finding))
