"""What came out of a build and of a run."""

from __future__ import annotations

from dataclasses import dataclass

from nb2image.model.place import Finding, Place
from nb2image.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltLayer:
    """One layer of an image, as its builder or its engine tells of it."""

    command: str
    """What made it: a Dockerfile's instruction, or what the embedded builder put there; hostile
    where the base image tells it."""
    size: int
    """Bytes, uncompressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """An image that a builder has made."""

    reference: str
    """The tag that was given, or the image's id."""
    id: str
    """``sha256:…`` of the image's config."""
    size: int
    """Bytes of the files in all layers, uncompressed, as engines show it."""
    builder: str
    seconds: float
    steps: int = 0
    cached_steps: int = 0
    layers: tuple[BuiltLayer, ...] = ()
    """From the lowest to the topmost, those of the base included where they are known."""
    base: str = ""
    """What it stands upon and why, where the builder chose it; hostile when an archive names it."""
    file: str = ""
    """The archive or layout that was written; empty without."""
    pushed_only: bool = False
    """It is in a registry, and nowhere on this machine."""

    @property
    def subject(self) -> str:
        """What ``run`` and ``verify`` take for it on this machine."""
        return self.file or self.reference


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """A file that a run brought back."""

    path: str
    """Relative to the outputs folder, POSIX, validated."""
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """One run of an image."""

    image: str
    image_id: str = ""
    """``sha256:…`` of the image's config."""
    arguments: tuple[str, ...] = ()
    exit_status: int
    seconds: float
    outputs: tuple[OutputFile, ...] = ()
    peak_memory: int | None = None
    """Bytes; None when the engine does not tell."""
    out_of_memory: bool = False
    timed_out: bool = False
    printed_too_much: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a command did: one JSON document, written on failure too."""

    notebook: str
    plan_digest: str = ""
    context: str = ""
    """The context folder as the user named it."""
    image: BuiltImage | None = None
    run: RunReport | None = None
    verdict: Verdict | None = None
    """How the image's run compares with the notebook; None where it was not compared."""
    findings: tuple[Finding, ...] = ()
    error: str = ""
    """The slug of the error that ended it, empty on success."""
    error_message: str = ""
    error_hint: str = ""
    error_place: Place | None = None
    error_details: tuple[str, ...] = ()
    """Lines of another program's own output that show the fault."""
