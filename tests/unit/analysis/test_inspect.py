"""The whole inspection of a small image whose every figure is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nb2image.analysis.inspect import inspect
from nb2image.model import BuildPlan, DirectRequirement, Evidence, LockedPackage, Need, Place
from nb2image.model.analysis import Inspection
from nb2image.model.layer import Entry, Layer, LayerFiles
from nb2image.model.plan import encode
from tests.unit.analysis.layers import image
from tests.unit.image.plans import REQUIREMENTS, plan

SITE = "opt/venv/lib/python3.11/site-packages"


def won(candidate: str, cell: int | None, detail: str = "") -> Evidence:
    place = Place(cell=cell, line=1) if cell else None
    return Evidence(rule="catalogue", candidate=candidate, won=True, detail=detail, place=place)


def planned() -> BuildPlan:
    """pandas in cells 2 and 5, matplotlib in cell 5, ipython for the script; numpy for both."""
    locked = [
        ("pandas", True, ()),
        ("matplotlib", True, ()),
        ("ipython", True, ()),
        ("numpy", False, ("pandas", "matplotlib", "contourpy")),
        ("contourpy", False, ("matplotlib",)),
        ("six", False, ("dateutil",)),
        ("dateutil", False, ("pandas", "matplotlib")),
        ("traitlets", False, ("ipython",)),
    ]
    return plan(
        requirements=replace(
            REQUIREMENTS,
            direct=(
                DirectRequirement(name="pandas", modules=("pandas",), evidence=(won("pandas", 2),)),
                DirectRequirement(name="matplotlib", evidence=(won("matplotlib", 5),)),
                DirectRequirement(
                    name="ipython", evidence=(won("ipython", None, "the script asks for it"),)
                ),
            ),
            needs=(
                Need(module="pandas", place=Place(cell=2, line=1)),
                Need(module="pandas.plotting", place=Place(cell=5, line=2)),
            ),
            locked=tuple(
                LockedPackage(name=name, version="1", direct=direct, via=via)
                for name, direct, via in locked
            ),
        )
    )


def package(name: str, size: int) -> dict[str, int | str | bytes]:
    return {
        f"{SITE}/{name}/__init__.py": size,
        f"{SITE}/{name}-1.dist-info/RECORD": f"{name}/__init__.py,,\n".encode(),
    }


SIZES = {
    "pandas": 1000,
    "matplotlib": 2000,
    "ipython": 300,
    "numpy": 5000,
    "contourpy": 70,
    "six": 11,
    "dateutil": 13,
    "traitlets": 17,
}


@pytest.fixture(scope="module")
def inspection() -> Inspection:
    made = planned()
    dependencies: dict[str, int | str | bytes] = {}
    for name, size in SIZES.items():
        dependencies |= package(name, size)
    return inspect(
        image(
            {"etc/passwd": 800, "usr/lib/libx.so.1": 9000, "dev/null": 0},
            {"etc/passwd": 850, **dependencies},
            {"opt/nb2image/plan.json": encode(made), "app/work/train.py": 90},
            labels={"io.nb2image.plan": made.digest, "io.nb2image.version": "0.1.0"},
        ),
        base_layers=(f"sha256:{1:064x}",),
    )


def test_sums_agree(inspection: Inspection) -> None:
    """Layers add up to the image; packages to what is visible; both differ by what is hidden."""
    assert sum(layer.size for layer in inspection.layers) == inspection.size
    assert sum(package.size for package in inspection.packages) == inspection.visible_size
    assert inspection.size - inspection.hidden_size == inspection.visible_size
    assert inspection.hidden_size == 800
    assert inspection.layers[0].wasted == 800
    root = next(folder for folder in inspection.folders if folder.name == "/")
    assert root.size == sum(share.size for share in inspection.file_types)
    assert root.size == inspection.visible_size


def test_base(inspection: Inspection) -> None:
    """The base image's layers are told by their diff ids."""
    assert [layer.base for layer in inspection.layers] == [True, False, False]
    assert inspection.base_size == 9800


@pytest.mark.parametrize(
    ("name", "cells", "packages"),
    [
        ("pandas", (2, 5), ("pandas",)),
        ("matplotlib", (5,), ("matplotlib",)),
        ("numpy", (2, 5), ("pandas", "numpy")),
        ("six", (2, 5), ("pandas", "dateutil", "six")),
        ("contourpy", (5,), ("matplotlib", "contourpy")),
        ("traitlets", (), ("ipython", "traitlets")),
    ],
)
def test_which_cell_brought_a_package(
    inspection: Inspection, name: str, cells: tuple[int, ...], packages: tuple[str, ...]
) -> None:
    """Each package has the shortest chain from a cell's import to it."""
    share = next(p for p in inspection.packages if p.name == name)
    assert share.chain is not None
    assert (share.chain.cells, share.chain.packages) == (cells, packages)
    assert share.chain.reason == ("" if cells else "the script asks for it")


def test_what_a_cell_costs(inspection: Inspection) -> None:
    """A cell costs all that its imports need; alone it costs what no other cell needs."""
    sizes = {name: size + len(f"{name}/__init__.py,,\n") for name, size in SIZES.items()}
    pandas = sizes["pandas"] + sizes["numpy"] + sizes["dateutil"] + sizes["six"]
    plots = sizes["matplotlib"] + sizes["contourpy"]
    assert [(c.cell, c.direct, c.size, c.alone) for c in inspection.cells] == [
        (2, ("pandas",), pandas, 0),
        (5, ("matplotlib", "pandas"), pandas + plots, plots),
    ]


def test_provenance(inspection: Inspection) -> None:
    """Labels are shown, and the plan inside is held against its digest."""
    assert inspection.provenance.nb2image == "0.1.0"
    assert inspection.provenance.plan_matches is True


def test_forged_plan_is_seen() -> None:
    """A label that names another plan than the one inside does not match."""
    found = inspect(
        image({"opt/nb2image/plan.json": encode(plan())}, labels={"io.nb2image.plan": "sha256:0"})
    )
    assert found.provenance.plan_matches is False


@pytest.mark.parametrize("data", [b"{}", b"[" * 100_000, b"\xff"])
def test_unreadable_plan_is_a_note(data: bytes) -> None:
    """A damaged plan costs the cells, not the inspection."""
    found = inspect(image({"opt/nb2image/plan.json": data}))
    assert [finding.code for finding in found.findings] == ["plan-unreadable"]
    assert found.cells == ()


def test_strange_image() -> None:
    """An image that nb2image did not make is inspected all the same."""
    found = inspect(image({"bin/tool": 5}, {"-bin/tool": 0}))
    assert (found.size, found.visible_size, found.hidden_size) == (5, 0, 5)
    assert found.base_size is None
    assert found.provenance.plan_matches is None


def test_device_nodes_are_told() -> None:
    """A device node in an image is worth a warning."""
    files = LayerFiles(entries=(Entry(path="dev/sda", kind="device"),))
    found = inspect(replace(image(), layers=(Layer(number=1, files=files),)))
    assert [(f.code, "dev/sda" in f.message) for f in found.findings] == [("device-nodes", True)]


def test_base_of_the_embedded_builder() -> None:
    """The embedded builder's history tells where its base ends."""
    base, own = image({"a": 7}, {"b": 5}).layers
    own = replace(own, command="the user app and its virtual environment")
    found = inspect(replace(image(), layers=(base, own)))
    assert found.base_size == 7


def test_equal_contents_are_duplicates() -> None:
    """The same bytes under several names are listed by what the further copies cost."""
    found = inspect(image({"a": b"x" * 10, "b": b"x" * 10, "c": b"y" * 10, "d": "=a"}))
    assert [(d.paths, d.excess) for d in found.duplicates] == [(("a", "b"), 10)]


def test_empty_image() -> None:
    """An image without layers has no bytes, and nothing divides by zero."""
    found = inspect(image())
    assert (found.size, found.efficiency.score, found.packages) == (0, 1.0, ())
