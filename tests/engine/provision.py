"""An engine for the tests: the one that answers, or a dockerd of our own.

``python -m tests.engine.provision COMMAND ...`` runs a command with such an engine;
with ``--or-none`` before the command, without one where none can be had.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.engine import dockerd, stand_in
from tests.engine.engine import Engine, NoEngineError, answering, client


def cache_folder() -> Path:
    """Where base images and the dockerd's data outlive a run (NB2IMAGE_TEST_CACHE overrides)."""
    named = os.environ.get("NB2IMAGE_TEST_CACHE")
    parent = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else parent / "nb2image-tests"


@contextlib.contextmanager
def engine() -> Iterator[Engine]:
    """An engine, announced to every process started meanwhile through DOCKER_HOST and PATH.

    Raises NoEngineError with the reason when there is none to be had.
    """
    with contextlib.ExitStack() as stack:
        found = answering()
        if found is None:
            host = stack.enter_context(dockerd.running(cache_folder()))
            cli = client()
            if cli is None:
                raise NoEngineError("the distribution's docker client cannot build with BuildKit")
            found = Engine(host=host, cli=cli, owned=True)
            # what a killed run left; another run's containers are younger
            found.docker("container", "prune", "--force", "--filter", "until=5m")
            stack.callback(_tidy, found)
        stack.enter_context(_announced(found))
        yield found


@contextlib.contextmanager
def _announced(found: Engine) -> Iterator[None]:
    """DOCKER_HOST, and a PATH on which ``docker`` is the client that can build with BuildKit."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as links:
        Path(links, "docker").symlink_to(found.cli)
        os.environ.update(DOCKER_HOST=found.host, PATH=f"{links}{os.pathsep}{os.environ['PATH']}")
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _tidy(own: Engine) -> None:
    own.docker("image", "prune", "--force")
    own.docker("builder", "prune", "--force", "--keep-storage=4gb")


def main() -> int:
    """Run a command with an engine and the base image of Python 3.11 in it."""
    needed = sys.argv[1] != "--or-none"
    command = sys.argv[1:] if needed else sys.argv[2:]
    try:
        with engine() as found, stand_in.provided(found, "3.11", cache_folder()):
            return subprocess.run(command).returncode
    except NoEngineError as error:
        print(f"no Docker engine: {error}", file=sys.stderr)
        if needed:
            return 1
        print("going on without one", file=sys.stderr)
        return subprocess.run(command).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
