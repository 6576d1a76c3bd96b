"""Every error a user can meet, each with its exit code and what to do next.

A message says what happened and where; ``hint`` says what to do. Only ``cli.main`` turns an
error into an exit status. Problems that can be listed are collected and raised once, as the
``findings`` of one error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from nb2image.model.place import Finding, Place


class Nb2ImageError(Exception):
    """The root: everything that nb2image raises on purpose.

    ``code`` is a stable slug that refines the family; ``exit_code`` belongs to the family;
    ``subject`` is the one thing that the code is about, where there is one (the header of
    ``header-missing``); ``details`` are lines of another program's own output that show the fault.
    """

    exit_code: ClassVar[int] = 1
    family: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        subject: str = "",
        hint: str = "",
        where: Place | None = None,
        findings: Sequence[Finding] = (),
        details: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.family
        self.subject = subject
        self.hint = hint
        self.where = where
        self.findings = tuple(findings)
        self.details = tuple(details)


class OptionError(Nb2ImageError):
    """An option or a configuration file is wrong."""

    exit_code = 2
    family = "option"


class ArchiveError(Nb2ImageError):
    """What was named as an image cannot be read as one: no image, damaged, or hostile."""

    exit_code = 2
    family = "archive"


class HistoryError(Nb2ImageError):
    """The history cannot be read or written; other commands go on without it."""

    exit_code = 2
    family = "history"


class NotebookError(Nb2ImageError):
    """The notebook is unreadable, empty, not Python, or cannot be converted faithfully."""

    exit_code = 3
    family = "notebook"


class RequirementsError(Nb2ImageError):
    """Requirements cannot be found, pinned or resolved."""

    exit_code = 4
    family = "requirements"


class PlanError(Nb2ImageError):
    """No image can be planned from what was asked."""

    exit_code = 5
    family = "plan"


class EngineError(Nb2ImageError):
    """The container engine is missing, too old, full, or may not be used."""

    exit_code = 6
    family = "engine"


class BuildError(Nb2ImageError):
    """The build failed: step, command, last lines, and the cause in words where known."""

    exit_code = 7
    family = "build"


class RunError(Nb2ImageError):
    """The image ran and failed, or its outputs differ."""

    exit_code = 8
    family = "run"


class GateError(Nb2ImageError):
    """A gate (size, efficiency, secrets) was not met."""

    exit_code = 9
    family = "gate"


class Interrupted(Nb2ImageError):
    """The user stopped it; nothing half-made is left behind."""

    exit_code = 130
    family = "interrupted"
