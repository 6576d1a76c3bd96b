"""Which releases go with a machine: never one that the table says it cannot run."""

from __future__ import annotations

from itertools import product

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from nb2image.errors import PlanError
from nb2image.gpu.limits import bounds, check_wish, majors, obstacle
from nb2image.gpu.table import Row, table
from nb2image.model import Limits

DISTS = sorted({row.dist for row in table().rows})
DRIVERS = ("", "440.33", "450.80.02", "525.60.13", "550.54.14", "580.65.06")
CAPABILITIES = ("", "6.0", "7.0", "7.5", "12.0")
CUDAS = ("", "11", "12.8", "13")
MACHINES = [
    Limits(driver=d, compute_cap=c, cuda=v) for d, c, v in product(DRIVERS, CAPABILITIES, CUDAS)
]


def contradicts(row: Row, limits: Limits) -> bool:
    """Whether the row itself forbids its release there; read from the table alone."""
    known = table()
    if limits.driver and row.driver and Version(row.driver) > Version(limits.driver):
        return True
    oldest = known.oldest_gpu(row.dist, row.cuda)
    if limits.compute_cap and oldest and Version(oldest) > Version(limits.compute_cap):
        return True
    wrong = limits.cuda and row.major and row.major != int(limits.cuda.partition(".")[0])
    return bool(wrong) or row.delivery == "broken"


@pytest.mark.parametrize("dist", DISTS)
def test_releases_within_the_bounds_contradict_no_row(dist: str) -> None:
    """On each machine every release that the bounds admit has a build that it runs."""
    by_release: dict[str, list[Row]] = {}
    for row in table().of(dist):
        by_release.setdefault(row.release, []).append(row)
    for limits in MACHINES:
        try:
            within = SpecifierSet(bounds(dist, limits))
        except PlanError:
            assert all(contradicts(r, limits) or obstacle(r, limits) for r in table().of(dist))
            continue
        admitted = [r for r in by_release if within.contains(r)]
        assert admitted
        for release in admitted:
            assert not all(contradicts(row, limits) for row in by_release[release]), (
                release,
                limits,
            )


def test_the_newest_release_that_a_machine_runs_is_within_the_bounds() -> None:
    """The bounds cost no release: the newest build without an obstacle is admitted."""
    for dist, limits in product(DISTS, MACHINES):
        fits = [row.release for row in table().of(dist) if not obstacle(row, limits)]
        if fits:
            assert SpecifierSet(bounds(dist, limits)).contains(fits[-1]), (dist, limits)


def test_the_rows_agree_with_the_floors() -> None:
    """No row asks for a driver older than its CUDA's floor."""
    known = table()
    for row in known.rows:
        floor = known.driver_floor(row.cuda)
        if row.driver and floor:
            assert Version(row.driver) >= Version(floor), row


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(), (13, 12, 11, 10, 9, 8)),
        (Limits(driver="580"), (13, 12, 11, 10, 9, 8)),
        (Limits(driver="579.99"), (12, 11, 10, 9, 8)),
        (Limits(driver="525.60.12"), (11, 10, 9, 8)),
        (Limits(driver="580", compute_cap="7.0"), (12, 11, 10, 9, 8)),
        (Limits(driver="580", compute_cap="3.7"), (11, 10, 9, 8)),
        (Limits(cuda="12.8"), (12,)),
    ],
)
def test_majors(limits: Limits, expected: tuple[int, ...]) -> None:
    """CUDA 13 needs driver 580 and compute capability 7.5, CUDA 12 525.60.13, CUDA 11 450.80.02."""
    assert majors(limits) == expected


@pytest.mark.parametrize(
    ("dist", "limits", "expected"),
    [
        ("torch", Limits(driver="550.54.14"), "<2.11"),
        ("torch", Limits(compute_cap="7.0"), "<2.8"),
        ("torch", Limits(compute_cap="12.0"), ">=2.8"),
        ("torch", Limits(cuda="12.8"), ">=2.8,<2.11"),
        ("tensorflow", Limits(cuda="12"), ">=2.15.0.post1"),
        ("tensorflow", Limits(driver="460.32.03"), ">=2.4,<2.14"),
        ("tensorflow", Limits(driver="460.32.03", own_base=True), "<2.14"),
        ("jax", Limits(cuda="13"), ">=0.7.2"),
        ("onnxruntime-gpu", Limits(driver="550"), "<1.27"),
        ("onnxruntime-gpu", Limits(cuda="13"), ">=1.28.0"),
        ("xgboost", Limits(driver="550"), "<3.4"),
        ("numpy", Limits(driver="550"), ""),
    ],
)
def test_bounds(dist: str, limits: Limits, expected: str) -> None:
    """The bounds begin and end where a framework's CUDA changes."""
    assert bounds(dist, limits) == expected


@pytest.mark.parametrize(
    ("dist", "wish", "limits", "says", "hint"),
    [
        ("torch", "==2.15.0", Limits(driver="550.54.14"), "needs driver 580", "2.10.0"),
        ("torch", "==2.12.0", Limits(driver="550.54.14"), "CUDA 13.0", "12.6, 13.0, 13.2 too"),
        ("tensorflow", "==2.14.0", Limits(), "not on the package index", "2.15.0.post1"),
        ("tensorflow", "==2.15.0", Limits(), "not on the package index", "2.15.0.post1"),
        ("tensorflow", "==2.3.0", Limits(), "NVIDIA has deleted the images", "2.4.4"),
        ("torch", "==2.12.5", Limits(driver="550.54.14"), "needs driver 580", "2.10.0"),
        ("onnxruntime-gpu", "==1.27.0", Limits(), "not on the package index", "1.28.0"),
        ("torch", "==2.9.1", Limits(compute_cap="6.0"), "compute capability 7.5", "2.7.1"),
        ("jax", "<0.7", Limits(cuda="13"), "not 13", "0.7.2"),
    ],
)
def test_a_wish_that_cannot_be_met(
    dist: str, wish: str, limits: Limits, says: str, hint: str
) -> None:
    """A release that the machine cannot run is refused with exit 5, and what would work."""
    with pytest.raises(PlanError) as caught:
        check_wish(dist, wish, limits)
    assert says in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("limits", "hint"),
    [
        (Limits(cuda="13", driver="550.54.14"), "--cuda 12"),
        (Limits(cuda="13", compute_cap="7.0"), "--cuda 12"),
        (Limits(cuda="14"), "--cuda 13"),
        (Limits(driver="300"), "--cpu"),
    ],
)
def test_no_cuda_at_all(limits: Limits, hint: str) -> None:
    """A CUDA that the driver or GPU cannot run is refused with exit 5, and what would work."""
    with pytest.raises(PlanError) as caught:
        majors(limits)
    assert caught.value.exit_code == 5
    assert hint in caught.value.hint


def test_a_cuda_that_no_release_supports() -> None:
    """torch was never built for CUDA 12.5: the CUDAs that it was built for are named."""
    with pytest.raises(PlanError) as caught:
        bounds("torch", Limits(cuda="12.5", reason="as given"))
    assert "no release is for CUDA 12.5" in caught.value.message
    assert "12.4, 12.6" in caught.value.hint
