"""A real Docker engine for the tests in this folder, with a base image, tidied up afterwards."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from tests.engine import provision, session, stand_in
from tests.engine.engine import Engine, NoEngineError

Completed = subprocess.CompletedProcess[str]
BuildImage = Callable[..., str]
RunImage = Callable[..., Completed]


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A Docker engine; DOCKER_HOST and PATH lead every program that a test starts to it."""
    with contextlib.ExitStack() as stack:
        try:
            found = stack.enter_context(provision.engine())
        except NoEngineError as reason:
            unavailable(reason)
        session.remove(found)
        stack.callback(session.remove, found)
        yield found


@pytest.fixture(scope="session")
def base_for(engine: Engine) -> Iterator[Callable[[str], str]]:
    """Have the official base image of a Python (3.9, 3.11, 3.13), or its stand-in; its name."""
    with contextlib.ExitStack() as stack:

        def provide(python: str) -> str:
            cache = provision.cache_folder()
            try:
                return stack.enter_context(stand_in.provided(engine, python, cache))
            except NoEngineError as reason:
                unavailable(reason)

        yield provide


@pytest.fixture(scope="session")
def base_image(base_for: Callable[[str], str]) -> str:
    """``python:3.11-slim-bookworm``, in the engine."""
    return base_for("3.11")


@pytest.fixture
def image_name(engine: Engine) -> Callable[[str], str]:
    """Names for images to build; what carries such a name is removed after the run."""
    return session.image_name


@pytest.fixture
def build_image(engine: Engine, base_image: str) -> BuildImage:
    """``build_image(context, *docker_build_options)`` builds a folder; the image's name."""

    def build(context: Path, *options: str) -> str:
        name = session.image_name(context.name.lower())
        engine.docker("build", "--tag", name, *options, str(context))
        return name

    return build


@pytest.fixture
def run_image(engine: Engine) -> RunImage:
    """``run_image(image, *command, options=(...))`` runs a container to its end."""

    def run(image: str, *command: str, options: tuple[str, ...] = ()) -> Completed:
        label = f"{session.LABEL}={session.RUN}"
        argv = ("run", "--rm", "--label", label, *options, image, *command)
        return engine.docker(*argv, check=False)

    return run


def unavailable(reason: NoEngineError) -> NoReturn:
    """Skip the test, or fail it where an engine is required."""
    if os.environ.get("NB2IMAGE_REQUIRE_ENGINE") == "1":
        pytest.fail(f"NB2IMAGE_REQUIRE_ENGINE=1, but: {reason}")
    pytest.skip(f"no Docker engine: {reason}")
