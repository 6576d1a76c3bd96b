"""Variants of a notebook, built and compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine import session
from tests.engine.command import nb2image, write_notebook
from tests.engine.engine import Engine

pytestmark = pytest.mark.usefixtures("base_image")

NAME = f"compare-{session.RUN}"


@pytest.fixture
def variants(engine: Engine) -> Iterator[list[str]]:
    """Two variants, whose images are removed afterwards."""
    names = ["cpu", "cpu-single"]
    yield names
    engine.docker("rmi", "--force", *(f"{NAME}:{name}" for name in names), check=False)


def test_variants_are_built_and_compared(
    engine: Engine, variants: list[str], tmp_path: Path
) -> None:
    """Each variant is built cold and warm; sizes are the engine's, the parts those of the plan."""
    write_notebook(tmp_path / f"{NAME}.ipynb", "import six\nprint('hello')")
    argv = ("compare", f"{NAME}.ipynb", "--variants", ",".join(variants), "--json")
    done = nb2image(*argv, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [subject["name"] for subject in found["subjects"]] == variants
    for subject in found["subjects"]:
        name = f"{NAME}:{subject['name']}"
        inspected = json.loads(engine.docker("image", "inspect", name).stdout)[0]
        # of the base, which it unpacked, the engine counts the targets of links as well
        assert 0 <= inspected["Size"] - subject["size"] < 100_000
        assert subject["cold_seconds"] > subject["warm_seconds"] > 0
        packages = {part["name"]: part["size"] for part in subject["packages"]}
        assert packages["six"] > 30_000
    six = next(row for row in found["packages"] if row["name"] == "six")
    assert six["sizes"][0] == six["sizes"][1]
    assert found["shared"][1] > 50_000_000  # both stand on the same base
    assert not list(tmp_path.glob("*-image"))
    again = nb2image(*argv, "--reuse", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("variant-reused") == 2
    assert json.loads(again.stdout)["packages"] == found["packages"]
    for before, after in zip(found["subjects"], json.loads(again.stdout)["subjects"], strict=True):
        # a step that the engine shares with another build counts as cached: not cold then
        assert after["cold_seconds"] in (None, before["cold_seconds"])
        assert after["warm_seconds"] == before["warm_seconds"]


def test_forecast_holds(engine: Engine, tmp_path: Path) -> None:
    """The forecast of a context is within one hundredth of the image that is built of it."""
    tag = session.image_name("forecast")
    write_notebook(tmp_path / "soon.ipynb", "import six, numpy\nprint(numpy.__version__)")
    made = nb2image("convert", "soon.ipynb", "--no-build", "--output", "ctx", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    forecast = json.loads(nb2image("inspect", "ctx", "--json", cwd=tmp_path).stdout)
    assert not [item for item in forecast["items"] if item["guess"]]
    assert nb2image("build", "ctx", "--tag", tag, cwd=tmp_path).returncode == 0
    built = json.loads(nb2image("inspect", tag, "--json", cwd=tmp_path).stdout)
    assert forecast["size"] == pytest.approx(built["size"], rel=0.01)
    numpy = next(p["size"] for p in built["packages"] if p["name"] == "numpy")
    expected = next(i["size"] for i in forecast["items"] if i["name"] == "numpy")
    assert expected == pytest.approx(numpy, rel=0.01)
    entries = json.loads(nb2image("history", "--json", cwd=tmp_path).stdout)
    assert [entry["action"] for entry in entries] == ["build", "convert"]
    assert entries[0]["forecast"] == pytest.approx(built["size"], rel=0.01)
