"""Makes the builder that was chosen; what only one of them needs is imported for that one."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from nb2image.build.choose import BuildOptions, choose
from nb2image.engine import engine_answers
from nb2image.events import Emit, Noticed
from nb2image.model import BuildPlan, Finding
from nb2image.services import Services

if TYPE_CHECKING:
    from nb2image.build.interface import Builder


def builder(
    plan: BuildPlan, folder: Path, how: BuildOptions, services: Services, emit: Emit
) -> Builder:
    """The builder that was asked for, or that suits the plan and its destination best."""
    answers = cache(lambda: engine_answers(services.environ))  # an engine is asked once at most
    choice = choose(
        plan,
        how,
        answers,
        lambda: which("podman", path=services.environ.get("PATH")) is not None,
    )
    if choice.builder == "docker":
        from nb2image.build.docker import DockerBuilder
        from nb2image.network import read_network

        return DockerBuilder(
            run=services.run, environ=services.environ, network=read_network(services.environ)
        )
    beside = folder.with_name(f"{folder.resolve().name}.tar")
    if choice.builder == "podman":
        from nb2image.build.embedded.make import push_layout
        from nb2image.build.podman import PodmanBuilder
        from nb2image.network import read_network

        return PodmanBuilder(
            run=services.run,
            environ=services.environ,
            network=read_network(services.environ),
            archive=how.archive or (None if how.push else beside),
            push=partial(push_layout, services) if how.push else None,
            scratch=services.cache / "podman",
        )
    from nb2image.build.embedded.make import make_builder
    from nb2image.build.embedded.targets import Destination

    destination = Destination(layout=how.archive, push=how.push)
    if not (how.archive or how.push):
        destination = Destination(engine=answers(), layout=None if answers() else beside)
    message = f"built without an engine ({choice.reason})"
    finding = Finding(severity="note", code="embedded-chosen", message=message)
    emit(Noticed(stage="build", finding=finding))
    return make_builder(plan, how, destination, services)
