"""The sample notebooks and what each must show, for the tests of every tier."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = sorted(p.parent for p in (ROOT / "sample_notebooks").glob("*/expect.toml"))


@dataclass(frozen=True)
class Sample:
    """A folder of sample_notebooks/ with its expect.toml."""

    folder: Path
    expect: dict[str, Any]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def refused(self) -> bool:
        return "refused" in self.expect

    def copied_to(self, destination: Path) -> Path:
        """The sample as a project of its own, like a user's; returns its notebook."""
        shutil.copytree(self.folder, destination / self.name)
        (destination / self.name / ".git").mkdir()
        return destination / self.name / str(self.expect["notebook"])


SAMPLES = tuple(
    Sample(folder=f, expect=tomllib.loads((f / "expect.toml").read_text("utf-8"))) for f in FOLDERS
)
