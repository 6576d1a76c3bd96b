"""What a user can ask for. Faces fill it, stages read it; every default is stated here once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nb2image.model.plan import Entry

MAX_CONTEXT_BYTES = 200 * 1000 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of plan and convert, as given; validated by the stages that use them."""

    # the script
    order: Literal["notebook", "executed"] = "notebook"
    parameter_cell: int | None = None
    skip_cells: tuple[int, ...] = ()
    until_cell: int | None = None
    answers: tuple[str, ...] = ()
    """What ``input()`` returns, in order."""

    # the requirements
    python: str = ""
    """``3.11``; empty lets the evidence decide."""
    requirements_file: str = ""
    """A requirements file that replaces the inference; empty for none."""
    assume: tuple[tuple[str, str], ...] = ()
    """(import name, distribution) pairs that the user vouches for."""
    lock_file: str = ""
    """Where the lock is written as pylock.toml too; empty for nowhere."""
    constraints: tuple[str, ...] = ()
    """PEP 508 lines that bound versions: the user's, and what the repair of an image found."""
    lacking: tuple[str, ...] = ()
    """Modules that the user names or a run lacked: provided as if the notebook imported them."""
    env_from: str = ""
    """A Python interpreter, or ``kernel NAME``, whose installed versions are taken."""
    versions: Literal["", "env", "as-of", "latest"] = ""
    """Empty lets the evidence decide."""
    as_of: str = ""
    """ISO date: no release newer than this."""
    apt: tuple[str, ...] = ()
    no_apt: tuple[str, ...] = ()
    offline: bool = False
    repair: int = 3

    # the GPU
    gpu: Literal["auto", "gpu", "cpu"] = "auto"
    """``auto`` lets the notebook decide."""
    allow_cuda_in_cpu: bool = False
    """An image for the CPU may carry CUDA where no other build can be had."""
    driver: str = ""
    """The driver where the image runs, ``550.54.14``; empty asks the engine's host."""
    cuda: str = ""
    """``12`` or ``12.8``: the CUDA of the image; empty lets the driver decide."""
    compute_cap: str = ""
    """The compute capability of that machine's GPU, ``7.5``; empty for not known."""
    gpu_base: Literal["", "slim", "nvidia"] = ""
    """Empty lets the packages decide."""

    # the image
    base_image: str = ""
    packaged_base: bool = False
    """The base will be made of Debian's packages: of the Pythons that they have."""
    entry: Entry = "script"
    layout: Literal["multi-stage", "single-stage"] = "multi-stage"
    compile_bytecode: bool = False
    trim: bool = False
    """Leave out the tests that a few large packages carry."""
    platform: Literal["linux/amd64", "linux/arm64"] = "linux/amd64"
    env: tuple[tuple[str, str], ...] = ()
    include: tuple[str, ...] = ()
    """Paths relative to the notebook's folder."""
    exclude: tuple[str, ...] = ()
    """Glob patterns over project-relative paths."""
    max_context: int = MAX_CONTEXT_BYTES
    """Bytes of project files at most."""
