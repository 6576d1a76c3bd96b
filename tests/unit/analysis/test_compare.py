"""Comparisons: totals, differences against the first, and every form they are printed in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from PIL import Image, ImageColor

from nb2image.analysis.chart import layout, svg
from nb2image.analysis.chart_png import png
from nb2image.analysis.compare import built, compare, expected, layer_name, layer_parts
from nb2image.analysis.comparison_text import csv_text, markdown_lines, text_lines
from nb2image.analysis.forecast import Known, forecast
from nb2image.analysis.inspect import inspect
from nb2image.cli import main
from nb2image.errors import OptionError
from nb2image.events import Event, Noticed
from nb2image.history.store import History
from nb2image.measuring import comparing
from nb2image.measuring.comparing import Variants, build_times, remembered
from nb2image.measuring.variants import variant_options
from nb2image.model.comparison import Comparison, Row, Subject
from nb2image.model.history import HistoryEntry
from nb2image.options import Options
from nb2image.services import Services
from tests import images
from tests.unit.analysis.layers import Short, image
from tests.unit.image.plans import PLAN

SITE = "opt/venv/lib/python3.11/site-packages"


def package(name: str, version: str, size: int) -> dict[str, int | str | bytes]:
    record = f"{name}/a.py,,\n".encode()
    return {f"{SITE}/{name}/a.py": size, f"{SITE}/{name}-{version}.dist-info/RECORD": record}


def subject(name: str, *shorts: Short, base: int = 0, **times: float) -> Subject:
    digests = tuple(f"sha256:{number:064x}" for number in range(1, base + 1))
    return built(inspect(image(*shorts), digests), name, **times)


BASE: Short = {"usr/lib/x": 9000}
FIRST = subject("first", BASE, {**package("numpy", "1.0", 500), **package("six", "1", 100)}, base=1)
SECOND = subject(
    "second", BASE, {**package("numpy", "2.0", 800), **package("torch", "2", 5000)}, base=1
)
COMPARISON = compare([FIRST, SECOND])


def rows(found: tuple[Row, ...]) -> dict[str, tuple[int, ...]]:
    return {row.name: row.sizes for row in found}


def test_packages() -> None:
    """Each package of either image is a row; the largest difference comes first."""
    found = rows(COMPARISON.packages)
    records = {name: len(f"{name}/a.py,,\n") for name in ("numpy", "six", "torch")}
    assert next(iter(found)) == "torch"
    assert found["torch"] == (0, 5000 + records["torch"])
    assert found["numpy"] == (500 + records["numpy"], 800 + records["numpy"])
    assert found["six"] == (100 + records["six"], 0)
    numpy = next(row for row in COMPARISON.packages if row.name == "numpy")
    assert (numpy.deltas, numpy.notes) == ((0, 300), ("1.0", "2.0"))


def test_layers_and_shared_bytes() -> None:
    """The base is one row; layers that both have are told by their digest."""
    assert rows(COMPARISON.layers)["base image"] == (9000, 9000)
    other = replace(SECOND, layer_sizes=(SECOND.layer_sizes[0], ("sha256:other", 5)))
    assert compare([FIRST, other]).shared == (FIRST.size, 9000)


def test_repeated_commands_are_numbered() -> None:
    """Two layers of one command are two rows."""
    layers = inspect(image({"a": 1}, {"b": 2})).layers
    same = [replace(layer, command="COPY . .") for layer in layers]
    assert [part.name for part in layer_parts(same)] == ["COPY . .", "COPY . . (2)"]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("COPY app/ /app/ # buildkit", "COPY app/ /app/"),
        ("/bin/sh -c #(nop) COPY dir:1 in /app ", "COPY dir:1 in /app"),
        ("RUN /bin/sh -c pip  install\n numpy # buildkit", "pip install numpy"),
        ("", ""),
        ("x" * 200, "x" * 89 + "…"),
    ],
)
def test_layer_name(command: str, name: str) -> None:
    """A layer is named by its command without what every command has."""
    assert layer_name(command) == name


def test_forecast_beside_a_built_image() -> None:
    """A context takes part with what is expected of it."""
    subject = expected(forecast(PLAN, Known(wheels={}, base_size=100)), "ctx")
    found = compare([FIRST, subject])
    shown = "\n".join(text_lines(found, top=5))
    assert "built forecast" in " ".join(shown.split())
    assert rows(found.packages)["numpy"][1] > 0


def test_text() -> None:
    """Totals with their difference, versions where they differ, and sums of what is left out."""
    shown = "\n".join(text_lines(COMPARISON, top=2))
    assert "first" in shown.splitlines()[0]
    assert "14.8 kB (+5.2 kB, +54.1 %)" in shown
    assert "1.0 513 B" in shown
    assert "2.0 813 B (+300 B, +58.5 %)" in shown
    assert "1 more that differ" in shown
    assert "1 of equal size" in shown
    assert "/opt/venv/lib/python3.11/site-packages/torch" in shown


HOSTILE = replace(SECOND, name='=<b>|`*"&]]>\x1b[2J\x00')


def test_markdown_is_escaped() -> None:
    """No name breaks out of its cell."""
    lines = list(markdown_lines(compare([FIRST, HOSTILE]), top=5))
    header = lines[0]
    assert header.count(" | ") == 2
    assert "<b>" not in header
    assert all(line.startswith("| ") or not line for line in lines)


def test_csv() -> None:
    """One number a line, with its difference; no cell is a formula."""
    rows = list(csv.DictReader(io.StringIO(csv_text(compare([FIRST, HOSTILE])))))
    sizes = {(r["section"], r["name"], r["image"]): (r["value"], r["delta"]) for r in rows}
    assert sizes["total", "size", "first"] == (str(FIRST.size), "0")
    assert sizes["package", "six", "first"] == ("111", "0")
    assert not any(r["image"].startswith("=") for r in rows)


@pytest.mark.parametrize("subjects", [[FIRST, SECOND], [FIRST, HOSTILE], [FIRST] * 9])
def test_svg(subjects: list[Subject]) -> None:
    """The chart is valid XML without outside references, its bars as long as the images large."""
    text = svg(compare(subjects))
    root = ElementTree.fromstring(text)
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    space = "{http://www.w3.org/2000/svg}"
    bars: dict[str, float] = {}
    for rect in root.iter(space + "rect"):
        if rect.find(space + "title") is not None:
            y = rect.get("y") or ""
            end = float(rect.get("x") or 0) + float(rect.get("width") or 0)
            bars[y] = max(bars.get(y, 0), end)
    assert len(bars) == len(subjects)
    largest = max(subject.size for subject in subjects)
    for length, one in zip(bars.values(), subjects, strict=True):
        assert length == pytest.approx(760 * one.size / largest, abs=2)


def test_empty_images() -> None:
    """Nothing divides by zero."""
    empty = subject("empty")
    found = compare([empty, empty])
    assert list(text_lines(found, top=3))
    assert ElementTree.fromstring(svg(found)) is not None


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("cpu", lambda o: o == Options(gpu="cpu")),
        ("gpu-single", lambda o: (o.gpu, o.layout) == ("gpu", "single-stage")),
        ("cpu-single", lambda o: o.layout == "single-stage"),
        ("single-bytecode", lambda o: o.layout == "single-stage" and o.compile_bytecode),
    ],
)
def test_variants(name: str, check: Callable[[Options], bool]) -> None:
    """A variant's name says what it changes."""
    assert check(variant_options(name, Options()))


def test_unknown_variant() -> None:
    """An unknown word is an error that lists the known ones."""
    with pytest.raises(OptionError, match="'blue'") as caught:
        variant_options("cpu-blue", Options())
    assert "single" in caught.value.hint


def entry(number: int, seconds: float, cached: int, **more: object) -> HistoryEntry:
    made = HistoryEntry(
        id=number,
        at="2026",
        action="build",
        ok=True,
        seconds=seconds,
        plan_digest="sha256:1",
        steps=8,
        cached_steps=cached,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def test_build_times_from_the_history() -> None:
    """Of the same plan the last build counts, cold, warm, and in between."""
    entries = [
        entry(6, 1.0, 7, ok=False),
        entry(5, 2.0, 8),
        entry(4, 3.0, 7),
        entry(3, 9.0, 4),
        entry(2, 50.0, 1),
        entry(1, 70.0, 0, plan_digest="sha256:2"),
    ]
    assert build_times("sha256:1", entries) == (50.0, 2.0, 9.0)
    assert build_times("", entries) == (None, None, None)
    told = [entry(1, 50.0, 0, build_seconds=40.0)]
    assert build_times("sha256:1", told)[0] == 40.0


def test_image_of_the_history(tmp_path: Path) -> None:
    """An entry's image is known by its id, as its tag may have moved on; an archive by its path."""
    archive = tmp_path / "a.tar"
    archive.touch()
    entries = [
        entry(3, 1, 0, reference="a.tar", builder="embedded", cwd=str(tmp_path)),
        entry(2, 1, 0, reference="a:1", image_id="sha256:8"),
        entry(1, 1, 0),
    ]
    assert remembered(2, entries) == ("sha256:8", "a:1 @2")
    assert remembered(3, entries) == (str(archive), "a.tar @3")
    with pytest.raises(OptionError, match="no image in entry 1"):
        remembered(1, entries)
    with pytest.raises(OptionError, match="no entry 4"):
        remembered(4, entries)


def test_history_on_the_command_line(
    own_history: Path, archives: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """``@1`` is the image of the first entry."""
    history = History(own_history)
    history.add(entry(0, 1, 0, reference=archives[1], builder="embedded"))
    found = json.loads(shown([archives[0], "@1", "--json"], capsys))
    assert found["subjects"][1]["name"] == f"{archives[1]} @1"
    assert found["subjects"][1]["size"] == 3000
    assert main(["compare", archives[0], "@2"]) == 2


def test_variant_that_is_there(archives: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With reuse an image of the very same plan is taken; another plan's is not."""
    seen: list[Event] = []
    asked = Variants(notebook=Path("My Notebook.ipynb"), names=("cpu",), options=Options())
    assert asked.tag("cpu") == "my-notebook:cpu"
    labels = {"io.nb2image.plan": PLAN.digest}
    real = comparing.inspect_named
    monkeypatch.setattr(comparing, "image_labels", lambda name, services: labels)
    monkeypatch.setattr(
        comparing, "inspect_named", lambda name, services, platform: real(archives[0], services)
    )
    monkeypatch.setattr("nb2image.pipeline.make_plan", lambda *_: PLAN)
    found = comparing.there("cpu", Options(), asked, Services(), seen.append)
    assert found is not None
    assert (found.name, found.size) == ("cpu", 1000)
    assert sum(isinstance(event, Noticed) for event in seen) == 1
    labels["io.nb2image.plan"] = "sha256:other"
    assert comparing.there("cpu", Options(), asked, Services(), seen.append) is None
    labels.clear()
    assert comparing.there("cpu", Options(), asked, Services(), seen.append) is None


@pytest.fixture
def archives(tmp_path: Path) -> list[str]:
    """Two docker save tars."""
    paths = []
    for number, size in enumerate((1000, 3000)):
        path = tmp_path / f"image{number}.tar"
        path.write_bytes(images.docker_archive([images.layer(("a", b"x" * size))]))
        paths.append(str(path))
    return paths


def shown(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["compare", *arguments]) == 0
    return capsys.readouterr().out


def test_command_line(archives: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every form is printed on stdout alone."""
    assert "3.0 kB (+2.0 kB, +200.0 %)" in shown(archives, capsys)
    found = json.loads(shown([*archives, "--json"], capsys))
    assert [s["size"] for s in found["subjects"]] == [1000, 3000]
    assert shown([*archives, "--format", "csv"], capsys).startswith("section,kind,name")
    assert "| --- | ---: | ---: |" in shown([*archives, "--format", "markdown"], capsys)
    assert shown([*archives, "--format", "svg"], capsys).startswith("<svg")


def test_png(archives: list[str], capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """The picture has the chart's colours at the chart's places, twice as large."""
    picture = Image.open(io.BytesIO(png(COMPARISON)))
    chart = layout(COMPARISON)
    assert picture.size == ((760 + 32) * 2, (chart.height + 32) * 2)
    for bar in chart.bars:
        piece = max(bar.pieces, key=lambda piece: piece.width)
        place = (round((16 + piece.x + piece.width / 2) * 2), (16 + bar.y + 13) * 2)
        assert picture.getpixel(place) == ImageColor.getrgb(piece.colour)
    assert main(["compare", *archives, "--format", "png"]) == 0
    assert capsysbinary.readouterr().out.startswith(b"\x89PNG")


def test_command_line_refuses(archives: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """One image alone, or variants of two, is an error."""
    assert main(["compare", archives[0]]) == 2
    assert main(["compare", *archives, "--variants", "cpu"]) == 2
    assert main(["compare", "x.ipynb", "--variants", "cpu-blue"]) == 2
    assert "'blue'" in capsys.readouterr().err


def test_comparison_is_json() -> None:
    """The record survives JSON in both directions."""
    assert msgspec.json.decode(msgspec.json.encode(COMPARISON), type=Comparison) == COMPARISON
