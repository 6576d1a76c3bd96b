"""Where jobs are kept: a folder for each, below the user's state folder."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import platformdirs

from nb2image.jobs.job import Job, is_id

KEPT = 200
"""Finished jobs beyond these, the oldest first, are removed."""
KEPT_BYTES = 2_000_000_000
"""The same, for what their folders hold together."""


def state_folder(environ: Mapping[str, str]) -> Path:
    """The dashboard's own folder; ``NB2IMAGE_STATE`` names another."""
    named = environ.get("NB2IMAGE_STATE")
    parent = Path(named) if named else Path(platformdirs.user_state_dir("nb2image"))
    return parent / "dashboard"


@dataclass(frozen=True, slots=True)
class Store:
    """The folders of all jobs below ``root``."""

    root: Path

    def folder(self, job: str) -> Path:
        """A job's folder. Raises KeyError for what is no job's id: it never becomes a path."""
        if not is_id(job):
            raise KeyError(job)
        return self.root / job

    def log(self, job: str) -> Path:
        """The file of its events. Raises KeyError."""
        return self.folder(job) / "events.jsonl"

    def result(self, job: str) -> Path:
        """The file of what its command printed as its result. Raises KeyError."""
        return self.folder(job) / "result.json"

    def save(self, job: Job) -> None:
        """Write a job's record, at once or not at all."""
        folder = self.folder(job.id)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = folder / f"job.{os.getpid()}.new"
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(job), indent=2))
        beside.replace(folder / "job.json")

    def load(self, job: str) -> Job:
        """A job's record. Raises KeyError when there is none that can be read."""
        try:
            return msgspec.json.decode((self.folder(job) / "job.json").read_bytes(), type=Job)
        except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
            raise KeyError(job) from error

    def all(self) -> tuple[Job, ...]:
        """Every job, newest first."""
        found = []
        for path in self.root.glob("*/job.json"):
            try:
                found.append(self.load(path.parent.name))
            except KeyError:
                continue
        return tuple(sorted(found, key=lambda job: (job.created, job.id), reverse=True))

    def remove(self, job: str) -> None:
        """Forget a job and all that it left."""
        shutil.rmtree(self.folder(job), ignore_errors=True)

    def prune(self, *, keep: int = KEPT, keep_bytes: int = KEPT_BYTES) -> None:
        """Remove the oldest finished jobs beyond what is kept."""
        count = held = 0
        for job in self.all():
            if not job.finished:
                continue
            count += 1
            held += folder_size(self.folder(job.id))
            if count > keep or held > keep_bytes:
                self.remove(job.id)


def folder_size(folder: Path) -> int:
    """The bytes of a folder's files; what goes meanwhile counts nothing."""
    size = 0
    for file in folder.glob("*"):
        with contextlib.suppress(OSError):
            size += file.stat().st_size
    return size
