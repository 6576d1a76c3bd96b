"""An inspection in words: every section, from an image that has something for each."""

from __future__ import annotations

import re

import pytest

from nb2image.analysis.gates import check
from nb2image.analysis.inspect import inspect
from nb2image.analysis.text import inspection_lines
from nb2image.model import BuildPlan
from nb2image.model.analysis import Gates
from nb2image.model.plan import encode
from tests.unit.analysis.layers import image
from tests.unit.analysis.test_inspect import package, planned

MB = 1_000_000


@pytest.fixture(scope="module")
def plan() -> BuildPlan:
    return planned()


@pytest.fixture(scope="module")
def shown(plan: BuildPlan) -> str:
    """The text for an image with packages, cells, waste, duplicates, advice and limits."""
    packages: dict[str, int | str | bytes] = {}
    for name, size in (("pandas", 30 * MB), ("numpy", 50 * MB), ("traitlets", 2 * MB)):
        packages |= package(name, size)
    labels = {
        "io.nb2image.version": "0.1.0",
        "io.nb2image.plan": plan.digest,
        "org.opencontainers.image.base.name": "python:3.11-slim-bookworm",
        "org.opencontainers.image.revision": "abc123",
    }
    found = inspect(
        image(
            {"usr/lib/a": 100 * MB, "var/cache/apt/x": 5 * MB, "dev/zero2": 0},
            {**packages, "usr/lib/a": 90 * MB, "usr/share/b": b"b" * MB, "usr/share/c": b"b" * MB},
            {"opt/nb2image/plan.json": encode(plan), "app/work/train.py": 400},
            labels=labels,
        ),
        base_layers=(f"sha256:{1:064x}",),
    )
    found = check(found, Gates(max_size=MB, min_efficiency=0.1))
    return "\n".join(inspection_lines(found, top=4))


@pytest.mark.parametrize(
    "line",
    [
        "test:1: 279.0 MB",
        "  platform  linux/amd64",
        "  made by   nb2image 0.1.0 of work/analysis.ipynb",
        "(is the plan inside)",
        "  source    abc123",
        "  base      python:3.11-slim-bookworm (105.0 MB, 38 %)",
        "base: step 1 [100.0 MB hidden by later layers]",
        "Packages: the rest 97.0 MB, Python packages 82.0 MB",
        "   50.0 MB  18 %  numpy 1  ← cells 2, 5: pandas → numpy",
        "    2.0 MB   1 %  traitlets 1  ← the script asks for it: ipython → traitlets",
        "  80.0 MB  cell 2: pandas (0 B for this cell alone)",
        "cell 5: matplotlib, pandas",
        "  /usr/lib",
        "100.0 MB are stored and never seen",
        "  190.0 MB  /usr/lib/a in layers 1, 2",
        "Equal files under several names: 1.0 MB beyond the first copies",
        "/usr/share/b, /usr/share/c",
        "    5.0 MB  /var/cache/apt/ is in the image",
        "  FAIL  max-size: the image has 279.0 MB, at most 1.0 MB is allowed",
        "  ok    min-efficiency",
    ],
)
def test_sections(shown: str, line: str) -> None:
    """Each fact stands in its section."""
    assert line in shown


def test_shares_are_rounded_and_rows_limited(shown: str) -> None:
    """Of a long list the first rows are shown and the sum of the others."""
    packages = shown[shown.index("Packages:") : shown.index("What each cell")]
    assert len(re.findall(r"^ +[\d.]+ k?MB +\d+ %", packages, re.MULTILINE)) == 4
    assert re.search(r"^ +\S+ \S+ +\d more$", packages, re.MULTILINE)


def test_unknown_base_and_forged_plan() -> None:
    """What is not known or not true is said."""
    found = inspect(
        image(
            {"opt/nb2image/plan.json": b"{}", "dev/sda": 0},
            labels={
                "io.nb2image.plan": "sha256:1",
                "org.opencontainers.image.base.name": "python:3.11",
            },
        )
    )
    shown = "\n".join(inspection_lines(found, top=4))
    assert "python:3.11 (its share is unknown" in shown
    assert "sha256:1 (not inside)" in shown
    assert "note: the plan inside the image cannot be read" in shown
