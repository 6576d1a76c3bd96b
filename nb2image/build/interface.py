"""What every builder takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nb2image.events import Emit
from nb2image.model import BuiltImage


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """One image to be built from a context folder."""

    context: Path
    """A folder with a Dockerfile, as ``convert`` writes it; edited by hand or not."""
    tag: str
    """The reference that the image gets, ``me/analysis:1.0``."""
    platform: str = ""
    """``linux/arm64``; empty for the engine's own."""
    created: int | None = None
    """Seconds since the epoch for the image's time (SOURCE_DATE_EPOCH); None for now."""
    no_cache: bool = False


class Builder(Protocol):
    """Makes an image of a context.

    ``build`` emits a StageStarted and StageFinished for each step of stage ``build``, the lines
    that the steps print and their Progress. Raises EngineError when the means are missing and
    BuildError when the build fails; on KeyboardInterrupt it cancels the build, removes what was
    half-made and lets the interrupt pass.
    """

    @property
    def name(self) -> str: ...

    def build(self, request: BuildRequest, emit: Emit) -> BuiltImage: ...
