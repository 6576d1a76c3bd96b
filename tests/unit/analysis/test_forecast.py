"""Forecasts: what is known is counted, what is guessed says so, and earlier ones are held to it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import httpx
import pytest

from nb2image.analysis.forecast import BASES, Known, WheelFiles, forecast
from nb2image.analysis.forecast_text import forecast_lines, other_line
from nb2image.image.render import render
from nb2image.measuring.forecasting import registry_base, shown_base, with_earlier
from nb2image.model import BuildPlan, LockedPackage, PlannedFile, SystemPackage
from nb2image.model.forecast import Forecast, ForecastItem, OtherKind
from nb2image.model.history import HistoryEntry
from nb2image.services import Services
from tests.unit.image.plans import PACKAGE, PLAN, REQUIREMENTS, plan

FILES = WheelFiles(
    members=(
        "numpy/core.so",
        "numpy/__init__.py",
        "numpy/tests/test_a.py",
        "numpy/lib/tests/data/x.npy",
        "numpy/tests.py",
        "tests/test_b.py",
    ),
    sizes=(5000, 1000, 300, 400, 20, 3),
    packed=2000,
)
NUMBERS = {"size": 862_600_000, "error": 1_400_000, "compressed": 244_800_000}
KNOWN = Known(wheels={"numpy": FILES}, base_size=100_000, base_source="the engine")


def item(made: BuildPlan, known: Known, name: str) -> ForecastItem:
    return next(i for i in forecast(made, known).items if i.name == name)


def test_wheels_are_counted_without_their_tests() -> None:
    """A trimmed image has the wheel's files but for the tests that it leaves out."""
    found = item(plan(trim=True), KNOWN, "numpy")
    assert (found.size, found.guess) == (6023, False)
    assert found.compressed == round(2000 * 6023 / 6723)
    whole = forecast(plan(trim=True), KNOWN)
    assert (found.trimmed, whole.trimmed) == (700, 700)
    assert "      700 B  left out (--trim)" in list(forecast_lines(whole, top=1))


def test_image_has_whole_wheels() -> None:
    """Without --trim every file of a wheel is in the image, whichever builder makes it."""
    assert item(PLAN, KNOWN, "numpy").size == 6723
    assert item(PLAN, replace(KNOWN, builder="embedded"), "numpy").size == 6723


def test_bytecode_is_added() -> None:
    """Compiled Python takes more than its source."""
    found = item(plan(bytecode=True), KNOWN, "numpy")
    assert found.size == 6723 + round(1.22 * 1323)


def test_project_is_counted() -> None:
    """Script, plan, runtime and data are known to the byte."""
    data = PlannedFile(path="a.csv", size=777, sha256="0" * 64, reason="", kind="data")
    generated = sum(
        len(content)
        for path, content in render(PLAN)
        if path.startswith(("app/", "runtime/")) or path in ("plan.json", "requirements.txt")
    )
    assert item(PLAN, KNOWN, "analysis").size == generated
    assert item(plan(files=(data,)), KNOWN, "analysis").size > generated + 777


@pytest.mark.parametrize(
    ("wheel", "factor"), [("numpy-2.0.0-cp311-cp311-manylinux_2_17_x86_64.whl", 3.3), ("", 4.0)]
)
def test_unread_packages_are_guessed(wheel: str, factor: float) -> None:
    """Without a list of files the packed bytes tell, roughly, and the error is large."""
    package = replace(PACKAGE, wheel=wheel, size=1_000_000)
    made = plan(requirements=replace(REQUIREMENTS, locked=(package,)))
    found = item(made, replace(KNOWN, wheels={}), "numpy")
    assert (found.size, found.guess) == (round(1_000_000 * factor), True)
    assert found.error == found.size // 2


def test_apt_packages_are_guessed() -> None:
    """Only those that reach the image count."""
    system = tuple(
        SystemPackage(name=name, reason="", stage=stage)  # type: ignore[arg-type]
        for name, stage in (("libgomp1", "final"), ("gcc", "build"))
    )
    made = plan(requirements=replace(REQUIREMENTS, system=system))
    names = [i.name for i in forecast(made, KNOWN).items if i.kind == "apt"]
    assert names == ["libgomp1"]


def test_total_and_error() -> None:
    """The parts add up; independent errors add as squares."""
    found = forecast(PLAN, replace(KNOWN, base_size=None))
    assert found.size == sum(i.size for i in found.items)
    assert found.error == pytest.approx(BASES["docker"][1], rel=0.01)
    assert [i.size for i in found.items] == sorted((i.size for i in found.items), reverse=True)


def test_earlier_forecasts_widen_the_error() -> None:
    """Three or more earlier forecasts say how far off this one may be."""
    two = forecast(PLAN, replace(KNOWN, earlier=((110, 100), (90, 100))))
    three = forecast(PLAN, replace(KNOWN, earlier=((110, 100), (90, 100), (110, 100))))
    assert (two.earlier, two.earlier_error) == (2, pytest.approx(0.1))
    assert two.error < 100
    assert three.error == pytest.approx(0.1 * three.size, rel=0.01)


ENTRY = HistoryEntry(
    at="2026-01-02",
    action="build",
    ok=True,
    seconds=1,
    base=PLAN.base.reference,
    base_size=55,
    builder="docker",
)


def test_base_of_an_earlier_build() -> None:
    """The last build with the same base and builder tells the base's size."""
    known = replace(KNOWN, base_size=None, base_source="")
    others = (replace(ENTRY, base="other", base_size=1), replace(ENTRY, builder="embedded"))
    assert with_earlier(known, PLAN, others).base_size is None
    assert with_earlier(known, PLAN, (*others, ENTRY)).base_size == 55


def answer(request: httpx.Request) -> httpx.Response:
    """A registry that knows one image."""
    if request.url.path.endswith("/manifests/3.11-slim-bookworm"):
        platform = {"os": "linux", "architecture": "amd64"}
        entry = {"digest": DIGEST, "size": len(MANIFEST), "platform": platform}
        return httpx.Response(200, json={"manifests": [entry]})
    if request.url.path.endswith(DIGEST):
        return httpx.Response(200, content=MANIFEST)
    return httpx.Response(404)


BLOB = {"digest": "sha256:" + "a" * 64, "size": 1000}
MANIFEST = json.dumps({"config": BLOB, "layers": [BLOB, {**BLOB, "size": 36_000}]}).encode()
DIGEST = "sha256:" + hashlib.sha256(MANIFEST).hexdigest()


def test_base_by_its_registry() -> None:
    """Where only a registry knows the base, its compressed bytes tell, roughly."""
    transport = httpx.MockTransport(answer)
    assert registry_base(PLAN, Services(), transport) == 37_000
    other = plan(base=replace(PLAN.base, reference="python:9-slim"))
    assert registry_base(other, Services(), transport) is None
    known = replace(KNOWN, base_size=None, base_source="", base_compressed=37_000)
    found = item(PLAN, known, PLAN.base.reference)
    assert (found.size, found.guess) == (100_000, True)
    assert found.compressed == 37_000


def test_what_a_build_shows_of_its_base() -> None:
    """Where only the base was guessed, the built size tells it."""
    told = forecast(PLAN, KNOWN)
    assert shown_base(told, 10**9) == 100_000
    guessed = forecast(PLAN, replace(KNOWN, base_size=None))
    rest = guessed.size - BASES["docker"][0]
    assert shown_base(guessed, rest + 123) == 123
    unread = replace(PACKAGE, size=100)
    made = plan(requirements=replace(REQUIREMENTS, locked=(unread,)))
    assert shown_base(forecast(made, Known(wheels={})), 10**9) is None


def test_lines() -> None:
    """Guesses are shown however small they are."""
    locked = (PACKAGE, LockedPackage(name="tiny", version="1", size=10))
    made = plan(requirements=replace(REQUIREMENTS, locked=locked))
    known = replace(KNOWN, earlier=((103, 100),))
    lines = list(forecast_lines(forecast(made, known), top=1))
    assert lines[0].startswith("forecast: ")
    assert any("tiny 1  (guessed: 4.0 times its packed bytes)" in line for line in lines)
    assert lines[-1] == "  1 earlier forecast was off by 3.0 %"


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (
            OtherKind(kind="cuda", why_not="no release fits"),
            "for a GPU (--gpu): no release fits",
        ),
        (
            OtherKind(kind="cpu", base="b", forecast=Forecast(**NUMBERS, items=())),
            "for the CPU (--cpu): 862.6 MB ± 1.4 MB, about 244.8 MB compressed, on b",
        ),
    ],
)
def test_the_other_kind_in_a_line(other: OtherKind, expected: str) -> None:
    """The option that makes it, and what it takes or why there is none."""
    assert other_line(other) == expected


@pytest.mark.parametrize(
    ("reference", "size", "compressed"),
    [
        ("nvidia/cuda:12.8.1-cudnn-runtime-ubuntu22.04", 4.2e9, 2.52e9),
        ("nvidia/cuda:11.8.0-runtime-ubuntu22.04", 2.4e9, 1.44e9),
        ("python:3.11-slim-bookworm", BASES["docker"][0], 0.37 * BASES["docker"][0]),
    ],
)
def test_a_base_that_nobody_has_is_guessed_by_its_kind(
    reference: str, size: float, compressed: float
) -> None:
    """NVIDIA's bases are thirty times a slim one."""
    made = replace(PLAN, base=replace(PLAN.base, reference=reference))
    found = item(made, replace(KNOWN, base_size=None, base_source=""), reference)
    assert (found.size, found.compressed, found.guess) == (size, round(compressed), True)
