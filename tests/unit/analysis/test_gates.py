"""Gates: each limit at its edge, all results at once, and the forms for CI."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from nb2image.analysis.ci import junit, sarif
from nb2image.analysis.gates import check, failure
from nb2image.analysis.inspect import inspect
from nb2image.model.analysis import Gates, Inspection, Provenance
from tests.unit.analysis.layers import image

SITE = "opt/venv/lib/python3.11/site-packages"
IMAGE = image(
    {"base": 5000, "etc/x": 100},
    {
        "etc/x": 100,
        f"{SITE}/big/a.py": 1000 - 11,
        f"{SITE}/big-1.dist-info/RECORD": b"big/a.py,,\n",
    },
    {"app/a": 300},
)
FOUND = inspect(IMAGE, base_layers=(f"sha256:{1:064x}",))
SIZE = 5100 + 100 + 1000 + 300


@pytest.mark.parametrize(
    ("gate", "limit", "ok"),
    [
        ("max_size", SIZE, True),
        ("max_size", SIZE - 1, False),
        ("max_layer", 1100, True),
        ("max_layer", 1099, False),
        ("max_package", 1000, True),
        ("max_package", 999, False),
        ("max_wasted", 200, True),
        ("max_wasted", 199, False),
        ("max_wasted_share", 200 / 1400, True),
        ("max_wasted_share", 0.14, False),
        ("min_efficiency", (SIZE - 100) / SIZE, True),
        ("min_efficiency", 0.985, False),
    ],
)
def test_at_the_edge(gate: str, limit: float, ok: bool) -> None:
    """A limit that is just kept is kept; one beyond is not."""
    (result,) = check(FOUND, Gates(**{gate: limit})).gates  # type: ignore[arg-type]
    assert result.gate == gate.replace("_", "-")
    assert result.ok is ok


def test_all_results_at_once() -> None:
    """A failure does not hide the ones behind it."""
    found = check(FOUND, Gates(max_size=1, max_layer=10**9, max_wasted=1))
    assert [result.ok for result in found.gates] == [False, True, False]
    error = failure(found)
    assert error is not None
    assert (error.exit_code, error.code) == (9, "gates")
    assert "max-size: " in error.message
    assert "max-wasted: " in error.message
    assert "max-layer: " not in error.message


def test_no_gates() -> None:
    """Nothing asked, nothing checked."""
    found = check(FOUND, Gates())
    assert found.gates == ()
    assert failure(found) is None


def test_image_without_packages_or_layers() -> None:
    """Where there is nothing to measure, nothing is too large, and no path is blamed."""
    found = check(inspect(image()), Gates(max_layer=0, max_package=0, min_efficiency=1.0))
    assert all(result.ok for result in found.gates)


@pytest.mark.parametrize(
    ("stored", "limit", "ok"),
    [(1000, 1000, True), (1000, 999, False), (None, 1100, True), (None, 1099, False)],
)
def test_compressed_size(stored: int | None, limit: int, ok: bool) -> None:
    """What is stored counts; where layers are not compressed, an estimate with a margin."""
    found = replace(FOUND, compressed_size=stored, compressed_estimate=1000)
    (result,) = check(found, Gates(max_compressed=limit)).gates
    assert result.ok is ok
    assert ("by samples" in result.message) is (stored is None)


def test_message_names_the_worst_path() -> None:
    """Who reads the failure knows where to look."""
    (result,) = check(FOUND, Gates(min_efficiency=0.99)).gates
    assert "/etc/x is in layers 1, 2" in result.message
    assert "0.9846" in result.message


def hostile() -> Inspection:
    return replace(
        FOUND,
        reference='x"<&>\x00\x1b',
        provenance=Provenance(notebook="my dir/nö.ipynb"),
    )


def test_junit() -> None:
    """JUnit: a case a gate, valid XML whatever the image is called."""
    root = ElementTree.fromstring(junit(check(hostile(), Gates(max_size=1, max_layer=10**9))))
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert cases["max-size"].find("failure") is not None
    assert cases["max-layer"].find("failure") is None


def test_sarif() -> None:
    """SARIF: a rule a gate, a result for each that was not met, at the notebook."""
    run = json.loads(sarif(check(hostile(), Gates(max_size=1, max_layer=10**9))))["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["max-size", "max-layer"]
    (result,) = run["results"]
    assert result["ruleId"] == "max-size"
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "my%20dir/n%C3%B6.ipynb"
