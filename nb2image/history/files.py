"""An entry of the history as files: its result, its log, and the figures of its report."""

from __future__ import annotations

from pathlib import Path

import msgspec

from nb2image.errors import OptionError
from nb2image.model.history import HistoryDetail

REPORT, LOG = "report.json", "log.txt"


def write_detail(detail: HistoryDetail, folder: Path) -> None:
    """Write what was kept of a command into a new or empty folder. Raises OptionError."""
    try:
        if folder.exists() and any(folder.iterdir()):
            raise OptionError(
                f"{folder} is not empty",
                code="output-not-empty",
                hint="name a folder that does not exist yet",
            )
        folder.mkdir(parents=True, exist_ok=True)
        if detail.report:
            pretty = msgspec.json.format(detail.report, indent=2)
            (folder / REPORT).write_text(pretty + "\n", encoding="utf-8")
        (folder / LOG).write_text(detail.log + "\n", encoding="utf-8")
        for picture in detail.pictures:
            (folder / Path(picture.name).name).write_bytes(picture.data)
    except OSError as error:
        raise OptionError(
            f"{folder} cannot be written: {error.strerror or error}", code="output-unwritable"
        ) from error
