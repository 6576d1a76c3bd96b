"""The CUDA majors of a lock, and how its packages are asked for so that they have one."""

from __future__ import annotations

import pytest

from nb2image.errors import PlanError
from nb2image.gpu.majors import check_one_major, cuda_majors, cuda_version
from nb2image.gpu.settle import settle
from nb2image.gpu.variants import (
    asked_for,
    common_major,
    open_majors,
    with_gpu_twins,
    without_cpu_twins,
)
from nb2image.model import (
    Accelerator,
    DirectRequirement,
    GpuEvidence,
    Limits,
    LockedPackage,
    Need,
    Place,
)
from tests.unit.gpu import locks
from tests.unit.gpu.locks import lock

Lock = tuple[LockedPackage, ...]
CUDA = Accelerator(kind="cuda", evidence=GpuEvidence(need="required"))


def wants(*names: str) -> tuple[DirectRequirement, ...]:
    return tuple(DirectRequirement(name=name) for name in names)


@pytest.mark.parametrize(
    ("locked", "major", "by", "version"),
    [
        (locks.TORCH_13, 13, "torch", "13.2"),
        (locks.TORCH_12, 12, "torch", "12.8"),
        (locks.TENSORFLOW_12, 12, "tensorflow", "12.9"),
        (locks.TENSORFLOW_SYSTEM, 11, "tensorflow", "11.2"),
        (lock("tensorflow 2.4.0"), 11, "tensorflow", "11.0"),
        (lock("xgboost 3.4.0"), 13, "xgboost", "13"),
        (locks.JAX_13, 13, "jax", "13.5"),
        (locks.CUPY_12, 12, "cupy-cuda12x", "12.9"),
        (locks.XGBOOST_12, 12, "xgboost-cu12", "12"),
        (locks.ONNX_13, 13, "onnxruntime-gpu", "13.5"),
        (lock("torch 1.12.1"), 10, "torch", "10.2"),
        (lock("torch 2.10.0+cu126"), 12, "torch", "12.6"),
        (lock("mxnet-cu112 1.9.1"), 11, "mxnet-cu112", "11.2"),
    ],
)
def test_the_major_of_a_lock(locked: Lock, major: int, by: str, version: str) -> None:
    """What the packages require tells the CUDA, the table where they are silent."""
    found = cuda_majors(locked)
    assert {m: [p.name for p in packages] for m, packages in found.items()} == {major: [by]}
    assert cuda_version(locked, major) == version
    check_one_major(locked)


def test_two_majors_are_refused_and_both_packages_named() -> None:
    """torch for CUDA 13 and tensorflow for CUDA 12 would overwrite each other's cuDNN."""
    with pytest.raises(PlanError) as caught:
        check_one_major(locks.MIXED)
    assert caught.value.exit_code == 5
    assert "torch 2.15.0 (CUDA 13)" in caught.value.message
    assert "tensorflow 2.21.0 (CUDA 12)" in caught.value.message


def test_a_lock_without_cuda_has_no_major() -> None:
    """Packages that do not use CUDA ask for none."""
    assert cuda_majors(lock("numpy 2.4.6\nlightgbm 4.7.0")) == {}
    assert settle(CUDA, lock("numpy 2.4.6")).cuda is None


@pytest.mark.parametrize(
    ("locked", "names", "allowed", "major"),
    [
        (lock("jax 0.10.2"), ("jax",), (13, 12, 11), 13),
        (lock("jax 0.10.2"), ("jax",), (12, 11), 12),
        (lock("jax 0.10.2") + locks.TORCH_12, ("jax", "torch"), (13, 12), 12),
        (lock("jax 0.10.2") + locks.TORCH_13, ("jax", "torch"), (13, 12), 13),
        (locks.TORCH_13 + lock("tensorflow 2.21.0"), ("torch", "tensorflow"), (13, 12), 0),
        (locks.CUPY_12 + locks.TORCH_13, ("cupy-cuda12x", "torch"), (13, 12), 13),
        (locks.XGBOOST_13, ("xgboost",), (12, 11), 12),
        (lock("numpy 2.4.6"), ("numpy",), (13, 12), 13),
    ],
)
def test_the_common_major(
    locked: Lock, names: tuple[str, ...], allowed: tuple[int, ...], major: int
) -> None:
    """The newest CUDA that all have a build for and the machine runs."""
    assert common_major(open_majors(locked, wants(*names)), allowed) == major


@pytest.mark.parametrize(
    ("locked", "major", "expected"),
    [
        (lock("jax 0.10.2"), 13, "jax[cuda13]"),
        (lock("jax 0.10.2"), 12, "jax[cuda12]"),
        (lock("tensorflow 2.21.0"), 12, "tensorflow[and-cuda]"),
        (lock("tensorflow 2.11.1"), 11, "tensorflow"),
        (lock("cupy-cuda12x 14.2.0"), 13, "cupy-cuda13x[ctk]"),
        (lock("cupy-cuda12x 13.6.0"), 12, "cupy-cuda12x"),
        (lock("xgboost 3.4.1"), 12, "xgboost-cu12"),
        (lock("xgboost 3.4.1"), 13, "xgboost"),
        (lock("onnxruntime-gpu 1.26.0"), 12, "onnxruntime-gpu[cuda,cudnn]"),
        (lock("cudf-cu12 26.10.2"), 13, "cudf-cu13"),
        (lock("torch 2.15.0"), 13, "torch"),
    ],
)
def test_how_a_build_is_asked_for(locked: Lock, major: int, expected: str) -> None:
    """The extra or the name that brings the CUDA of a major."""
    direct = wants(locked[0].name)
    (asked,) = asked_for(direct, (), locked, Limits(cuda=str(major)), major, rename=True)
    extras = f"[{','.join(asked.extras)}]" if asked.extras else ""
    assert f"{asked.name}{extras}" == expected


def test_what_comes_with_something_else_is_asked_for_with_its_extra() -> None:
    """flax brings jax without CUDA: jax with CUDA is asked for beside it."""
    locked = lock("flax 0.12.0\njax 0.10.2 < flax")
    asked = asked_for(wants("flax"), (), locked, Limits(), 13, rename=True)
    assert [(d.name, d.extras) for d in asked] == [("flax", ()), ("jax", ("cuda13",))]


def test_numbas_cuda_needs_nvidias_package() -> None:
    """``from numba import cuda`` finds nothing without numba-cuda."""
    need = Need(module="numba", names=("cuda",), place=Place(cell=1, line=1))
    asked = asked_for(wants("numba"), (need,), lock("numba 0.68.1"), Limits(), 12, rename=True)
    assert [(d.name, d.extras) for d in asked] == [("numba", ()), ("numba-cuda", ("cu12",))]


def test_a_requirements_file_keeps_its_names() -> None:
    """Only extras are added to what the user lists."""
    locked = lock("cupy-cuda12x 14.2.0")
    asked = asked_for(wants("cupy-cuda12x"), (), locked, Limits(), 12, rename=False)
    assert [(d.name, d.extras) for d in asked] == [("cupy-cuda12x", ("ctk",))]


def test_the_builds_for_the_cpu_alone_get_their_gpu_twins() -> None:
    """onnxruntime cannot use a GPU, onnxruntime-gpu has the same modules and can."""
    asked = with_gpu_twins(wants("onnxruntime", "numpy"))
    assert [d.name for d in asked] == ["onnxruntime-gpu", "numpy"]
    assert asked[0].evidence[-1].rule == "gpu"


@pytest.mark.parametrize(
    ("locked", "driver", "capability"),
    [
        (locks.TORCH_13, "580", "7.5"),
        (locks.TORCH_12, "525.60.13", "7.5"),
        (locks.TENSORFLOW_12, "525.60.13", "5.0"),
        (locks.JAX_12, "525.60.13", "5.2"),
        (locks.TENSORFLOW_SYSTEM, "450.80.02", "3.5"),
        (lock("cudf-cu12 26.10.2"), "535", "5.0"),
    ],
)
def test_what_a_machine_must_have(locked: Lock, driver: str, capability: str) -> None:
    """The floors are the highest of the CUDA and of each package."""
    cuda = settle(CUDA, locked).cuda
    assert cuda is not None
    assert (cuda.driver_floor, cuda.min_compute_capability) == (driver, capability)


def test_a_twin_is_not_installed_over_the_other() -> None:
    """rembg asks for onnxruntime, whose modules onnxruntime-gpu has already."""
    locked = lock("onnxruntime 1.26.0 < rembg\nonnxruntime-gpu 1.26.0\nrembg 2.0.70")
    kept = without_cpu_twins(locked)
    assert [(p.name, p.via) for p in kept] == [("onnxruntime-gpu", ("rembg",)), ("rembg", ())]
    alone = lock("onnxruntime 1.26.0 < rembg\nrembg 2.0.70")
    assert without_cpu_twins(alone) == alone
