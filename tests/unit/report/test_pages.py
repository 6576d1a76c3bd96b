"""A report's pages show everything and let nothing of it become markup."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from nb2image.model import (
    BuiltImage,
    BuiltLayer,
    Cell,
    CellVerdict,
    Compared,
    Failure,
    Finding,
    MimeData,
    Notebook,
    Output,
    Place,
    Report,
    Verdict,
)
from nb2image.report import holds_only_a_report
from nb2image.report.pages import write_pages
from tests.unit.image.plans import plan

HOSTILE = "<script>alert(1)</script> | `x` [a](javascript:b) \x1b]0;t\x07\n# head"


def picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(made, "PNG")
    return made.getvalue()


def notebook() -> Notebook:
    text = base64.b64encode(picture()).decode()
    output = Output(kind="display", data=(MimeData(mime="image/png", text=text),))
    cell = Cell(number=3, kind="code", source=HOSTILE, outputs=(output,))
    return Notebook(name="x", cells=(cell,), sha256="0" * 64, format="4.5")


def report() -> Report:
    compared = (Compared(part="printed", grade="differs", diff=f"-{HOSTILE}\n+```\n"),)
    cell = CellVerdict(
        cell=3, grade="differs", why=HOSTILE, compared=compared, figures=("figures/001-cell3.png",)
    )
    verdict = Verdict(ran=True, exit_status=0, cells=(cell,))
    finding = Finding(severity="warning", code="x", message=HOSTILE, place=Place(cell=3))
    layers = (BuiltLayer(command="base", size=121_900_000), BuiltLayer(command=HOSTILE, size=5))
    image = BuiltImage(
        reference="x:1",
        id="sha256:aa",
        size=121_900_005,
        builder="docker",
        seconds=1,
        layers=layers,
    )
    return Report(notebook="x.ipynb", image=image, verdict=verdict, findings=(finding,))


def write(folder: Path, shown: Report, *, html: bool = True) -> None:
    figures = folder.parent / "run"
    (figures / "figures").mkdir(parents=True)
    (figures / "figures" / "001-cell3.png").write_bytes(picture())
    write_pages(folder, shown, plan(), notebook(), figures, html=html)


def test_nothing_hostile_becomes_markup(tmp_path: Path) -> None:
    """Text of the notebook stays text in both pages; the HTML page fetches and runs nothing."""
    write(tmp_path / "out", report())
    html = (tmp_path / "out" / "report.html").read_text()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "default-src 'none'" in html
    assert not re.search(r"(src|href)=\"(?!data:image/png;base64,|#cell)", html)
    markdown = (tmp_path / "out" / "report.md").read_text()
    outside = re.sub(r"^(`{3,}).*?^\1$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    assert "<script" not in outside
    assert "[a](" not in outside.replace("\\[", "")
    assert "\x1b" not in markdown + html


def test_layers_with_their_sizes(tmp_path: Path) -> None:
    """Both pages tell what each layer of the image weighs and what made it."""
    write(tmp_path / "out", report())
    assert "| 121.9 MB | base |" in (tmp_path / "out" / "report.md").read_text()
    assert "<td>121.9 MB</td><td>base</td>" in (tmp_path / "out" / "report.html").read_text()


def test_figures_stand_side_by_side(tmp_path: Path) -> None:
    """The notebook's figure and the run's are files beside the Markdown, and inside the HTML."""
    write(tmp_path / "out", report())
    folder = tmp_path / "out"
    assert sorted(p.name for p in (folder / "report").iterdir()) == [
        "cell3-1-notebook.png",
        "cell3-1-run.png",
    ]
    assert "![run](report/cell3-1-run.png)" in (folder / "report.md").read_text()
    assert (folder / "report.html").read_text().count("data:image/png;base64,") == 2
    assert holds_only_a_report(folder)


def test_a_new_report_takes_the_place_of_the_old(tmp_path: Path) -> None:
    """Pictures and pages of an earlier report do not outlive it."""
    write(tmp_path / "out", report())
    write_pages(tmp_path / "out", replace(report(), verdict=None), plan())
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["report.json", "report.md"]


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A folder with other files gets no report."""
    (tmp_path / "mine.txt").write_text("x")
    write_pages(tmp_path, report(), plan())
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("verdict", "says", "badge"),
    [
        (Verdict(ran=True, exit_status=0), "no outputs to compare", "nb2image-runs-blue"),
        (
            Verdict(ran=True, exit_status=0, cells=(CellVerdict(cell=1, grade="close"),)),
            "in the one cell compared",
            "nb2image-100%25%20reproduced-brightgreen",
        ),
        (
            Verdict(
                ran=False,
                exit_status=1,
                failure=Failure(code="x", message="no", cell=4),
                cells=(CellVerdict(cell=5, grade="not-reached"),),
            ),
            "fails in cell 4",
            "nb2image-fails-red",
        ),
    ],
)
def test_the_headline_and_the_badge_say_the_verdict(
    verdict: Verdict, says: str, badge: str, tmp_path: Path
) -> None:
    """A reader of the first line, and of the badge, knows how it went."""
    write_pages(tmp_path, replace(report(), verdict=verdict), plan())
    page = (tmp_path / "report.md").read_text()
    assert says in page.split("\n")[2]
    assert badge in page
