"""Reads what a user writes for a run: mounts, variables, networks, GPUs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from nb2image.errors import OptionError
from nb2image.run.request import Bind, Port

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# the engine's own rule for containers and networks
CONTAINER = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
PORT = re.compile(r"((?P<address>\d{1,3}(\.\d{1,3}){3}):)?(?P<host>\d{1,5}):(?P<container>\d{1,5})")
GPUS = re.compile(r"all|\d{1,3}|[A-Za-z0-9-]+(,[A-Za-z0-9-]+)*")


def bind(text: str) -> Bind:
    """``HOST:PATH`` or ``HOST:PATH:rw`` as a mount, read-only unless it says ``rw``.

    Raises OptionError when the host's path does not exist or the container's is not absolute.
    """
    body, mode = text, ""
    if text.endswith((":ro", ":rw")):
        body, mode = text[:-3], text[-2:]
    host, colon, target = body.rpartition(":")
    if not colon or not host:
        raise OptionError(
            f"--mount {text!r} is not of the form HOST:PATH", code="option-invalid",
            hint="such as --mount ./data:/app/data",
        )  # fmt: skip
    if not target.startswith("/") or ".." in PurePosixPath(target).parts or not printable(target):
        raise OptionError(
            f"--mount {text!r}: {target!r} is no absolute path of the container",
            code="option-invalid",
            hint="the notebook's folder is /app, or below it where its project has folders",
        )
    source = Path(host).expanduser().resolve()
    if not source.exists():
        raise OptionError(
            f"--mount {text!r}: {host!r} does not exist", code="option-invalid",
            hint="name a file or folder of this machine before the colon",
        )  # fmt: skip
    return Bind(source=source, target=target, writable=mode == "rw")


def port(text: str) -> Port:
    """``[ADDRESS:]HOST:CONTAINER`` as a published port. Raises OptionError."""
    found = PORT.fullmatch(text)
    numbers = [int(n) for n in found.group("host", "container")] if found else []
    if found is None or not all(0 < number < 65536 for number in numbers):
        raise OptionError(
            f"--publish {text!r} is not of the form [ADDRESS:]HOST:CONTAINER",
            code="option-invalid",
            hint="such as --publish 8888:8888, which only this machine can reach",
        )
    return Port(address=found["address"] or "127.0.0.1", host=numbers[0], container=numbers[1])


def variables(
    given: Iterable[str], files: Iterable[Path], environ: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """The variables of ``--env`` and ``--env-file``; ``NAME`` alone takes the host's value.

    An option wins over a file. Raises OptionError.
    """
    found: dict[str, str] = {}
    for path in files:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise OptionError(
                f"--env-file {str(path)!r} cannot be read: {error}", code="option-invalid"
            ) from error
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.lstrip().startswith("#"):
                add(found, line.strip(), f"{path}, line {number}", environ)
    for text in given:
        add(found, text, "--env", environ)
    return tuple(found.items())


def add(found: dict[str, str], text: str, where: str, environ: Mapping[str, str]) -> None:
    """Add one ``NAME=VALUE`` or ``NAME``."""
    name, equals, value = text.partition("=")
    if NAME.fullmatch(name) is None or "\0" in value:
        raise OptionError(
            f"{where}: {name!r} is not the name of a variable", code="option-invalid",
            hint="write NAME=VALUE, or NAME for the value that it has here",
        )  # fmt: skip
    if equals:
        found[name] = value
    elif name in environ:
        found[name] = environ[name]


def container_name(text: str) -> str:
    """The name of a container, or nothing. Raises OptionError."""
    if text and CONTAINER.fullmatch(text) is None:
        raise OptionError(
            f"--name {text!r} is not the name of a container", code="option-invalid",
            hint="letters, digits, _ . and -, such as analysis-1",
        )  # fmt: skip
    return text


def network(text: str) -> str:
    """The name of a network, ``none``, or nothing. Raises OptionError."""
    if text == "host":
        raise OptionError(
            "--network host would let the notebook reach everything on this machine",
            code="option-invalid",
            hint="make a network for it: docker network create NAME, then --network NAME",
        )
    if text and CONTAINER.fullmatch(text) is None:
        raise OptionError(
            f"--network {text!r} is not the name of a network", code="option-invalid",
            hint="see which there are: docker network ls",
        )  # fmt: skip
    return text


def gpus(text: str) -> str:
    """``all``, a number or device names, or nothing. Raises OptionError."""
    if text and GPUS.fullmatch(text) is None:
        raise OptionError(
            f"--gpus {text!r} is neither all, a number, nor names of devices",
            code="option-invalid",
        )
    return text


def printable(text: str) -> bool:
    """Whether a path can stand in a request without being something else."""
    return text.isprintable()
