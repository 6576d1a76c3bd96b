"""All that an image needs, as data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import msgspec

from nb2image.model.gpu import Accelerator
from nb2image.model.place import Finding, Place
from nb2image.model.requirements import Requirements
from nb2image.model.script import Script

SCHEMA = 1

Entry = Literal["script", "lab"]
"""What a container of the image runs: the script to its end, or JupyterLab with the notebook."""
CPU = Accelerator()


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """The image that everything is put upon."""

    reference: str
    """``python:3.11-slim-bookworm``; with ``@sha256:…`` where a registry answered."""
    python: str
    """The Python that it carries, ``3.11``."""
    suite: str = ""
    """The distribution's release: ``bookworm``; empty when unknown (a base the user named)."""
    glibc: str = ""
    """``2.36``; decides which manylinux wheels fit."""
    reason: str = ""
    python_from: str = ""
    """The image whose Python is put in; empty when the base has its own."""
    build: str = ""
    """The image that the dependencies are compiled upon; empty for the base itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """A file of the project that goes into the image."""

    path: str
    """Relative to the project's root, POSIX, validated: no ``..``, no control characters."""
    size: int
    sha256: str
    reason: str
    kind: Literal["notebook", "module", "data", "included"]
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """Where the project's files come from; every field may be unknown."""

    commit: str = ""
    """Empty unless every file that was asked about is as committed."""
    time: int | None = None
    """Seconds since the epoch of ``commit``."""
    source: str = ""
    """The address of the repository ``origin``, without credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """Everything a builder needs and nothing of this machine: two runs give the same bytes."""

    schema: int = SCHEMA
    nb2image: str
    """The version of nb2image that made the plan."""
    name: str
    """A slug of the notebook's name, fit for a tag: ``[a-z0-9][a-z0-9-]*``."""
    notebook: str
    """The notebook's path in the project, POSIX."""
    notebook_sha256: str
    workdir: str
    """The notebook's folder in the project, POSIX; empty for the root."""
    script: Script
    requirements: Requirements
    base: BaseImage
    accelerator: Accelerator = CPU
    entry: Entry = "script"
    layout: Literal["multi-stage", "single-stage"] = "multi-stage"
    bytecode: bool = False
    trim: bool = False
    """The tests that a few large packages carry are left out."""
    files: tuple[PlannedFile, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    created: int
    """Seconds since the epoch for every file and label (SOURCE_DATE_EPOCH)."""
    revision: str = ""
    """The project's git commit when every file of the plan is as committed, else empty."""
    source: str = ""
    """The address of the project's repository, without credentials; empty when unknown."""
    findings: tuple[Finding, ...] = ()

    @property
    def digest(self) -> str:
        """``sha256:…`` of the plan's canonical JSON: the build's name."""
        return "sha256:" + hashlib.sha256(encode(self)).hexdigest()


def encode(plan: BuildPlan) -> bytes:
    """The plan as canonical JSON: sorted keys, no spaces, UTF-8."""
    return msgspec.json.encode(plan, order="deterministic")


def decode(data: bytes) -> BuildPlan:
    """Read back what ``encode`` (or a pretty-printed plan.json) wrote.

    Raises msgspec.ValidationError (a ValueError) when the JSON is not a plan.
    """
    return msgspec.json.decode(data, type=BuildPlan)
