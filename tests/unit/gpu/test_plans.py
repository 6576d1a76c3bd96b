"""The plans of GPU images are those that were reviewed: kept in plans.json and as Dockerfiles.

After a change that is meant to show: NB2IMAGE_UPDATE_SNAPSHOTS=1 pytest tests/unit/gpu
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from nb2image.errors import PlanError
from nb2image.gpu.bases import planned_base
from nb2image.gpu.settle import settle
from nb2image.image import contract
from nb2image.image.render import render
from nb2image.model import (
    Accelerator,
    BuildPlan,
    DirectRequirement,
    GpuEvidence,
    Limits,
    LockedPackage,
)
from nb2image.options import Options
from tests.unit.gpu.locks import TENSORFLOW_2_16, lock
from tests.unit.gpu.resolver import locked_for, wants
from tests.unit.image.plans import PLAN, REQUIREMENTS

KEPT = Path(__file__).with_name("plans")
REQUIRED = GpuEvidence(need="required")
Base = Literal["", "slim", "nvidia"]


def direct(text: str) -> DirectRequirement:
    name, _, specifier = text.partition(" ")
    return DirectRequirement(name=name, specifier=specifier)


def planned(
    asked: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    driver: str = "",
    python: str = "3.12",
    layout: Literal["multi-stage", "single-stage"] = "multi-stage",
    gpu_base: Base = "",
    **limits: str,
) -> BuildPlan:
    """The plan of a notebook that asks for distributions, ``+`` between them."""
    options = Options(gpu_base=gpu_base)
    machine = Limits(driver=driver, reason="as given", **limits)
    wanted = wants(*map(direct, asked.split(" + ")), python=python)
    climbed, *_ = locked_for(wanted, machine, options, monkeypatch)
    assert climbed.found is not None, climbed.refused
    accelerator = Accelerator(kind="cuda", evidence=REQUIRED, limits=machine, reason="--gpu")
    return plan_of(climbed.found.packages, accelerator, options, python, layout)


def plan_of(
    locked: tuple[LockedPackage, ...],
    accelerator: Accelerator,
    options: Options,
    python: str = "3.12",
    layout: Literal["multi-stage", "single-stage"] = "multi-stage",
) -> BuildPlan:
    accelerator = settle(accelerator, locked)
    return replace(
        PLAN,
        requirements=replace(REQUIREMENTS, python=python, locked=locked),
        accelerator=accelerator,
        base=planned_base(accelerator, python, locked, options),
        layout=layout,
    )


def dockerfile(plan: BuildPlan) -> str:
    return dict(render(plan))["Dockerfile"].decode()


def kept(name: str, made: str) -> str:
    """What is kept under a name; written there first when an update is asked for."""
    path = KEPT / name
    if os.environ.get("NB2IMAGE_UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(made, "utf-8")
    return path.read_text("utf-8")


FRAMEWORKS = ("torch", "tensorflow", "jax", "cupy-cuda12x", "xgboost", "onnxruntime")
DRIVERS = ("550.54.14", "580.65.06")
BASES: tuple[Base, ...] = ("slim", "nvidia")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_plans_are_as_kept(framework: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each framework on two drivers and both bases: releases, CUDA, base, environment, labels."""
    found = {}
    for driver in DRIVERS:
        for base in BASES:
            plan = planned(framework, monkeypatch, driver=driver, gpu_base=base)
            found[f"driver {driver}, {base}"] = {
                "locked": [f"{p.name}=={p.version}" for p in plan.requirements.locked],
                "cuda": plan.accelerator.cuda,
                "base": plan.base,
                "environment": [f"{n}={v}" for _, n, v in contract.settings(plan)[-3:]],
                "labels": [f"{n}={v}" for n, v in contract.labels(plan) if ".cuda" in n],
            }
    made = msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n"
    assert kept(f"{framework}.json", made) == made


def test_an_old_release_takes_the_systems_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """tensorflow 2.11 has no CUDA in wheels: NVIDIA's image of it, with cuDNN and a Python."""
    plan = planned("tensorflow ==2.11.1", monkeypatch, driver="550.54.14", python="3.10")
    assert plan.base.reference == "nvidia/cuda:11.2.2-cudnn8-runtime-ubuntu20.04"
    assert plan.base.python_from == "python:3.10-slim-bullseye"
    assert plan.base.glibc == "2.31"


DOCKERFILES: dict[str, Any] = {
    "slim.multi-stage": {"asked": "torch", "driver": "550.54.14"},
    "slim.single-stage": {"asked": "torch", "driver": "550.54.14", "layout": "single-stage"},
    "linked.multi-stage": {"asked": "onnxruntime", "driver": "550.54.14"},
    "linked.single-stage": {"asked": "onnxruntime", "driver": "580", "layout": "single-stage"},
    "nvidia.multi-stage": {"asked": "tensorflow ==2.11.1", "python": "3.10"},
    "nvidia.single-stage": {
        "asked": "tensorflow ==2.11.1",
        "python": "3.10",
        "layout": "single-stage",
    },
}


@pytest.mark.parametrize("name", DOCKERFILES)
def test_dockerfiles_are_as_kept(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Dockerfiles of both bases in both layouts are what was reviewed."""
    made = dockerfile(planned(monkeypatch=monkeypatch, **DOCKERFILES[name]))
    assert kept(f"Dockerfile.{name}", made) == made


@pytest.mark.parametrize("name", DOCKERFILES)
def test_no_dockerfile_sets_what_breaks_cuda(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """CUDA_VERSION makes runtimes refuse good drivers, LD_LIBRARY_PATH wins over the wheels."""
    made = dockerfile(planned(monkeypatch=monkeypatch, **DOCKERFILES[name]))
    assert "CUDA_VERSION" not in made
    assert "LD_LIBRARY_PATH" not in made
    assert "devel" not in made


@pytest.mark.parametrize("base", BASES)
def test_cudas_compiler_is_in_the_build_stage_alone(base: Base) -> None:
    """What is compiled with nvcc is so upon the devel image; the image itself is put on another."""
    compiled = replace(lock("flash-attn 2.8.3")[0], wheel="")
    locked = (*lock("nvidia-cuda-runtime-cu12 12.8.90 < torch\ntorch 2.10.0"), compiled)
    accelerator = Accelerator(kind="cuda", evidence=REQUIRED)
    plan = plan_of(locked, accelerator, Options(gpu_base=base))
    froms = [line for line in dockerfile(plan).splitlines() if line.startswith("FROM ")]
    devel = [line for line in froms if "devel" in line]
    assert devel == ["FROM nvidia/cuda:12.8.1-devel-ubuntu22.04 AS dependencies"]
    assert froms[-1] == "FROM system"


def test_two_frameworks_agree_on_a_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch gives way to a release for CUDA 12, the only one that tensorflow has."""
    plan = planned("torch + tensorflow", monkeypatch, driver="580.65.06")
    versions = {p.name: p.version for p in plan.requirements.locked}
    assert (versions["torch"], versions["tensorflow"]) == ("2.10.0", "2.21.0")
    assert plan.accelerator.cuda is not None
    assert plan.accelerator.cuda.major == 12


def test_frameworks_that_cannot_agree_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A torch held to CUDA 13 and tensorflow have none in common: exit 5 names both."""
    with pytest.raises(PlanError) as caught:
        planned("torch ==2.15.0 + tensorflow", monkeypatch, driver="580.65.06")
    assert "torch 2.15.0 (CUDA 13)" in caught.value.message
    assert "tensorflow 2.21.0 (CUDA 12)" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("asked", "release"),
    [("torch", "2.7.1"), ("cupy-cuda12x", "14.2.0"), ("jax", "0.10.2")],
)
def test_an_old_gpu_never_gets_cuda_13(
    asked: str, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A P100 (6.0) behind the newest driver gets CUDA 12, and a torch that still knows it."""
    plan = planned(asked, monkeypatch, driver="580.65.06", compute_cap="6.0")
    assert plan.accelerator.cuda is not None
    assert plan.accelerator.cuda.major == 12
    assert plan.requirements.locked[-1 if asked == "torch" else 0].version == release


def test_a_slim_base_is_refused_where_the_systems_cuda_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """--gpu-base slim does not go with tensorflow 2.11."""
    with pytest.raises(PlanError, match="looks for the system's CUDA"):
        planned("tensorflow ==2.11.1", monkeypatch, python="3.10", gpu_base="slim")


@pytest.mark.parametrize(
    ("reference", "there"),
    [
        ("nvidia/cuda:12.8.1-runtime-ubuntu22.04", True),
        ("nvidia/cuda:13.9.0-runtime-ubuntu24.04", True),
        ("nvidia/cuda:10.2-runtime-ubuntu18.04", True),
        ("registry.example/nvidia/cuda:10.2.0-runtime-ubuntu18.04", True),
        ("nvidia/cuda:11.2.0-cudnn8-runtime-ubuntu20.04", False),
        ("nvidia/cuda:10.1.2-cudnn7-runtime-ubuntu18.04", False),
        ("nvidia/cuda:12.8.1-runtime-ubuntu18.04", False),
    ],
)
def test_an_image_of_nvidias_that_was_deleted(reference: str, there: bool) -> None:
    """A tag that is known to be gone is refused before the engine looks for it; others pass."""
    options = Options(base_image=reference)
    if there:
        assert planned_base(Accelerator(kind="cuda"), "3.11", (), options).reference == reference
        return
    with pytest.raises(PlanError) as caught:
        planned_base(Accelerator(kind="cuda"), "3.11", (), options)
    assert caught.value.code == "cuda-image-deleted"
    assert caught.value.hint


def test_cuda_whose_images_are_all_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """tensorflow 2.3 needs CUDA 10.1, of which NVIDIA has no image any more: exit 5."""
    locked = lock("tensorflow 2.3.4")
    with pytest.raises(PlanError) as caught:
        plan_of(locked, Accelerator(kind="cuda", evidence=REQUIRED), Options(), "3.8")
    assert caught.value.code == "cuda-image-deleted"
    assert "tensorflow 2.3.4" in caught.value.message


def test_an_older_tensorflow_is_told_where_libdevice_is() -> None:
    """Up to 2.17 XLA does not look into NVIDIA's wheels by itself, and the linker must be told."""
    plan = plan_of(TENSORFLOW_2_16, Accelerator(kind="cuda", evidence=REQUIRED), Options(), "3.11")
    made = dockerfile(plan)
    assert "XLA_FLAGS=--xla_gpu_cuda_data_dir=/opt/venv/lib/python3.11/site-packages" in made
    assert "ld.so.conf.d/nvidia-wheels.conf" in made


def test_an_image_for_the_cpu_has_nothing_of_this() -> None:
    """No variable, label, check or linker setting is left in an image without a GPU."""
    files = dict(render(PLAN))
    assert b"NVIDIA" not in files["Dockerfile"]
    assert b"cuda" not in files["Dockerfile"]
    assert not any("preflight" in path for path in files)
