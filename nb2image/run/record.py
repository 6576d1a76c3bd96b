"""Keeps beside a run's outputs what the run was."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from nb2image.errors import RunError
from nb2image.model import RunReport
from nb2image.run.outputs import owner

RECORD = "run.json"
OTHER = "run.nb2image.json"
"""The record's name where the script itself wrote a run.json."""


def write_record(folder: Path, report: RunReport) -> Path:
    """Write run.json: parameters, exit status, seconds, memory, image, files with their hashes.

    It belongs to the user who runs nb2image, as the outputs do. Raises RunError.
    """
    taken = any(file.path == RECORD for file in report.outputs)
    path = folder / (OTHER if taken else RECORD)
    part = folder / f".{path.name}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
        if uid_and_gid := owner():
            os.chown(part, *uid_and_gid)
        part.replace(path)
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror or error}",
            code="outputs-unwritable",
            hint="choose another folder with --output",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return path
