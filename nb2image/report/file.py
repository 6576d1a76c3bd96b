"""Writes the report of a command beside the context that it is about."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path

import msgspec

from nb2image.errors import Nb2ImageError
from nb2image.image.contract import MANIFEST
from nb2image.model import Report

REPORT = "report.json"
PAGES = {REPORT, "report.md", "report.html", "report"}
"""What a report consists of; the last is the folder of its pictures."""


def write_report(folder: Path, report: Report) -> None:
    """Write ``report.json`` into the context folder, whole or not at all.

    A folder with files that are not ours is left alone, and so is one that cannot be written:
    the report is a copy of what was said, and must not hide an error.
    """
    if not is_writable(folder):
        return
    made = folder / f".{REPORT}.{os.getpid()}"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            made.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
            made.replace(folder / REPORT)
        finally:
            made.unlink(missing_ok=True)


def is_writable(folder: Path) -> bool:
    """Whether a report may be written there: the folder is new, empty or ours."""
    try:
        return not folder.is_dir() or not any(folder.iterdir()) or is_ours(folder)
    except OSError:
        return False


def is_ours(folder: Path) -> bool:
    """Whether the folder holds a context that we wrote, or just the report of a failure."""
    return (folder / MANIFEST).is_file() or holds_only_a_report(folder)


def holds_only_a_report(folder: Path) -> bool:
    """Whether an earlier failure left its report and nothing else is in the folder."""
    try:
        names = {path.name for path in folder.iterdir()}
        if REPORT not in names or not names <= PAGES:
            return False
        msgspec.json.decode((folder / REPORT).read_bytes(), type=Report)
    except (OSError, ValueError):
        return False
    return True


def failed(report: Report, error: Nb2ImageError) -> Report:
    """The report of what an error has ended."""
    return replace(
        report,
        error=error.code,
        error_message=error.message,
        error_hint=error.hint,
        error_place=error.where,
        error_details=error.details,
        findings=(*report.findings, *error.findings),
    )
