"""Writes the report of a command: report.json, report.md and, when asked for, report.html."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from nb2image.model import BuildPlan, Notebook, Report
from nb2image.report.file import is_writable, write_report
from nb2image.report.pictures import Picture, pictures
from nb2image.report.render import html_page, markdown_page
from nb2image.report.view import view

PICTURES = "report"


def write_pages(
    folder: Path,
    report: Report,
    plan: BuildPlan,
    notebook: Notebook | None = None,
    figures: Path | None = None,
    *,
    html: bool = False,
) -> None:
    """Write the report into ``folder``; ``figures`` holds those of the compared run.

    As with ``write_report``, a folder that is not ours or cannot be written is left alone.
    """
    if not is_writable(folder):
        return
    write_report(folder, report)
    shown = pictures(notebook, report.verdict, figures) if notebook and figures else ()
    with contextlib.suppress(OSError):
        save(folder / PICTURES, shown)
        page = view(report, plan, notebook, shown)
        (folder / "report.md").write_text(markdown_page(page), encoding="utf-8")
        if html:
            (folder / "report.html").write_text(html_page(page), encoding="utf-8")
        else:
            (folder / "report.html").unlink(missing_ok=True)


def save(folder: Path, shown: tuple[Picture, ...]) -> None:
    """Write the pictures; those of an earlier report go."""
    if folder.is_dir() and not folder.is_symlink():
        for old in folder.glob("cell*-*.png"):
            old.unlink()
    if not shown:
        with contextlib.suppress(OSError):
            folder.rmdir()
        return
    folder.mkdir(parents=True, exist_ok=True)
    for picture in shown:
        (folder / picture.name).write_bytes(picture.data)


def remove(folder: Path) -> None:
    """Remove what ``write_pages`` wrote besides report.json."""
    for name in ("report.md", "report.html"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / PICTURES, ignore_errors=True)
