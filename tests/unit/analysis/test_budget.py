"""Limits of a comparison: each image at its edge, growth against the first, what is not known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nb2image.analysis.budget import failure, hold
from nb2image.analysis.compare import compare
from nb2image.analysis.comparison_text import csv_text, text_lines
from nb2image.cli import main
from nb2image.configuration import growth
from nb2image.errors import OptionError
from nb2image.model.analysis import Gates, Waste
from nb2image.model.comparison import Budget, Part, Subject
from tests import images

SMALL = Subject(
    name="small",
    size=1000,
    compressed_size=400,
    layer_count=2,
    packages=(
        Part(name="numpy", size=300, kind="python-package"),
        Part(name="libc6", size=700, kind="apt"),
    ),
    layers=(
        Part(name="base image", size=600, kind="base"),
        Part(name="RUN", size=400, kind="layer"),
    ),
    layer_sizes=(("sha256:1", 600), ("sha256:2", 400)),
    efficiency=0.9,
    wasted_bytes=100,
    wastes=(Waste(path="etc/x", size=100, layers=(1, 2)),),
)
LARGE = replace(SMALL, name="large", size=1100)
FORECAST = Subject(name="soon", forecast=True, size=1050)
COMPARISON = compare([SMALL, LARGE, FORECAST])


@pytest.mark.parametrize(
    ("gate", "limit", "kept"),
    [
        ("max_size", 1099, [True, False, True]),
        ("max_size", 1100, [True, True, True]),
        ("max_compressed", 399, [False, False]),
        ("max_layer", 400, [True, True]),
        ("max_layer", 399, [False, False]),
        ("max_package", 300, [True, True, True]),
        ("max_package", 299, [False, False, True]),
        ("max_wasted", 99, [False, False]),
        ("max_wasted_share", 0.25, [True, True]),
        ("max_wasted_share", 0.24, [False, False]),
        ("min_efficiency", 0.9, [True, True]),
        ("min_efficiency", 0.91, [False, False]),
    ],
)
def test_limits(gate: str, limit: float, kept: list[bool]) -> None:
    """Every image is held to a limit, but for what is not known of one that is not built."""
    gates = Gates(**{gate: limit})  # type: ignore[arg-type]
    found = hold(COMPARISON, Budget(gates=gates)).gates
    assert [result.ok for results in found for result in results] == kept


@pytest.mark.parametrize(
    ("limit", "kept"),
    [(100, [True, True]), (99, [False, True]), (0.1, [True, True]), (0.049, [False, False])],
)
def test_growth(limit: float, kept: list[bool]) -> None:
    """The others are held against the first, in bytes or as a share of it."""
    first, *others = hold(COMPARISON, Budget(max_growth=limit)).gates
    assert first == ()
    assert [result.ok for results in others for result in results] == kept


def test_failure_names_image_and_limit() -> None:
    """What is not kept is an error of exit status 9; without a limit there is none."""
    assert failure(hold(COMPARISON, Budget())) is None
    assert failure(hold(COMPARISON, Budget(max_growth=100))) is None
    error = failure(hold(COMPARISON, Budget(max_growth=0.06)))
    assert error is not None
    assert (error.exit_code, error.code) == (9, "gate-max-growth")
    assert "large, max-growth: it has grown against small by 10 %, at most 6 %" in error.message


def test_shown() -> None:
    """Text and CSV list each limit with what each image has."""
    found = hold(COMPARISON, Budget(gates=Gates(max_size=1050, min_efficiency=0.5)))
    lines = [" ".join(line.split()) for line in text_lines(found, top=3)]
    assert "max-size, at most 1.1 kB ok, 1.0 kB FAILED, 1.1 kB ok, 1.1 kB" in lines
    assert "min-efficiency, at least 0.5 ok, 0.9 ok, 0.9 –" in lines
    assert "limit,failed,max-size,large,,1100," in csv_text(found).splitlines()


@pytest.mark.parametrize(("text", "limit"), [("20MB", 20_000_000), ("5%", 0.05), ("150 %", 1.5)])
def test_growth_is_bytes_or_a_share(text: str, limit: float) -> None:
    """A sign of per cent makes a share."""
    assert growth(text) == pytest.approx(limit)
    assert isinstance(growth(text), int) == ("%" not in text)


@pytest.mark.parametrize("text", ["much", "-5%", "x%", "-1", "inf%"])
def test_growth_refused(text: str) -> None:
    """What is neither is an error."""
    with pytest.raises(OptionError, match="max-growth"):
        growth(text)


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The comparison is printed, and then the status is that of a limit not kept."""
    paths = []
    for size in (1000, 1100):
        path = tmp_path / f"{size}.tar"
        path.write_bytes(images.docker_archive([images.layer(("a", b"x" * size))]))
        paths.append(str(path))
    assert main(["compare", *paths, "--max-growth", "10%", "--json"]) == 0
    capsys.readouterr()
    assert main(["compare", *paths, "--max-growth", "9%", "--max-size", "1MB", "--json"]) == 9
    shown = capsys.readouterr()
    gates = json.loads(shown.out)["gates"]
    assert [[gate["ok"] for gate in results] for results in gates] == [[True], [True, False]]
    assert "max-growth" in shown.err
