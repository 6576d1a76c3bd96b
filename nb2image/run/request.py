"""One run of an image, as it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nb2image.process import Stream

Tap = Callable[[Stream, bytes], bytes]
"""Sees everything that the container prints and gives back what is to be shown of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """A file or folder of the host that the container sees."""

    source: Path
    target: str
    """An absolute path in the container."""
    writable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port of the container that the host listens on for it."""

    container: int
    host: int
    address: str
    """Of the host; 0.0.0.0 lets other machines in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may use; None for as much as there is."""

    memory: int | None = None
    """Bytes, swap included."""
    cpus: float | None = None
    processes: int | None = None
    """Processes and threads."""
    seconds: float | None = None
    """Until it is interrupted, and killed where it does not heed that."""
    printed: int | None = None
    """Bytes that it may print before it is stopped."""
    file_size: int | None = None
    """Bytes of the largest file that it may write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """One run of an image, as a user asks for it."""

    image: str
    arguments: tuple[str, ...] = ()
    """For the script."""
    command: tuple[str, ...] = ()
    """What is run in place of the script."""
    outputs: Path | None = Path("outputs")
    """Where its outputs are brought; None leaves them."""
    read_only: bool = False
    """The root filesystem cannot be written; the image's volumes, /outputs and /tmp, can."""
    env: tuple[tuple[str, str], ...] = ()
    binds: tuple[Bind, ...] = ()
    ports: tuple[Port, ...] = ()
    network: str = ""
    """``none``, or a network of the engine by its name; empty for the engine's own default."""
    gpus: str = ""
    """``all``, a number of them, or device names with commas; empty for none."""
    name: str = ""
    """The container's name; empty for one that is made up."""
    limits: Limits = Limits()
    files: tuple[tuple[str, bytes], ...] = ()
    """(absolute path, content) of files put into the container before it starts."""
    only_figures: bool = False
    """Of the outputs, bring the figures alone."""
    tap: Tap | None = None
