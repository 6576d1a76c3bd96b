"""Locks for the CPU, against a public index with CUDA and PyTorch's own index without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nb2image import pipeline
from nb2image.errors import RequirementsError
from nb2image.events import ignore
from nb2image.model import Requirements
from nb2image.options import Options
from nb2image.requirements.index.cache import index_cache
from nb2image.services import Services
from tests.index.fake_index import FakeIndex, serve
from tests.index.wheels import wheel

TAG = "cp311-cp311-manylinux_2_28_x86_64"
OLD, NEW = "2023-10-01T00:00:00Z", "2026-10-01T00:00:00Z"
LATEST = Options(versions="latest", python="3.11")


@pytest.fixture(autouse=True)
def public(index: FakeIndex) -> None:
    """The public index: PyTorch, TensorFlow and xgboost with CUDA, and who asks for them."""
    for version, torch, day in (("0.16.0", "2.1.0", OLD), ("0.30.0", "2.15.0", NEW)):
        index.add(
            wheel("torch", torch, tag=TAG, requires=["numpy", "nvidia-cublas", "triton"]),
            uploaded=day,
        )
        index.add(
            wheel("torchvision", version, tag=TAG, requires=[f"torch=={torch}"]), uploaded=day
        )
    index.add(wheel("numpy", "2.0"))
    index.add(wheel("nvidia-cublas", "13.0"))
    index.add(wheel("nvidia-nccl-cu12", "2.2"))
    index.add(wheel("triton", "3.0"))
    index.add(wheel("timm", "1.0", requires=["torch>=2", "torchvision"]))
    index.add(wheel("xgboost", "3.2.0", requires=["numpy", "nvidia-nccl-cu12"]))
    index.add(wheel("xgboost", "3.1.0", requires=["numpy", "nvidia-nccl-cu12"]))
    index.add(wheel("xgboost_cpu", "3.2.0", files={"xgboost/__init__.py": ""}, requires=["numpy"]))
    index.add(wheel("tensorflow", "2.21.0", tag=TAG, requires=["numpy"]))
    index.add(
        wheel("tensorflow_cpu", "2.21.0", files={"tensorflow/__init__.py": ""}, requires=["numpy"])
    )
    index.add(wheel("tf_keras", "2.21.0", requires=["tensorflow"]))


@pytest.fixture
def torch_index() -> Iterator[FakeIndex]:
    """PyTorch's index: builds for the CPU, older than the public one's, and without times."""
    with serve(FakeIndex(root="cpu")) as served:
        for vision, torch in (("0.16.0", "2.1.0"), ("0.29.0", "2.14.1")):
            served.add(wheel("torch", f"{torch}+cpu", tag=TAG, requires=["numpy"]), uploaded="")
            served.add(
                wheel("torchvision", f"{vision}+cpu", tag=TAG, requires=[f"torch=={torch}"]),
                uploaded="",
            )
        served.add(wheel("numpy", "1.0"), uploaded="")
        yield served


@pytest.fixture
def host(services: Services, torch_index: FakeIndex) -> Services:
    """The host, which reaches both."""
    root = torch_index.url.removesuffix("/cpu")
    return replace(services, environ={**services.environ, "NB2IMAGE_TORCH_INDEX": root})


def lock(folder: Path, services: Services, *cells: str, options: Options = LATEST) -> Requirements:
    """What the notebook with these cells requires."""
    made = [
        {"cell_type": "code", "metadata": {}, "source": c, "outputs": [], "execution_count": None}
        for c in cells
    ]
    path = folder / "notebook.ipynb"
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": made}
    path.write_text(json.dumps(document), "utf-8")
    return pipeline.find(path, options, services, ignore)


def pins(found: Requirements) -> dict[str, str]:
    return {p.name: p.version for p in found.locked}


def test_torch_comes_from_pytorchs_index_by_address(
    tmp_path: Path, host: Services, torch_index: FakeIndex
) -> None:
    """The build for the CPU, by its address and hash; numpy is not taken from there."""
    found = lock(tmp_path, host, "import torch")
    assert pins(found) == {"numpy": "2.0", "torch": "2.14.1+cpu"}
    torch = found.locked[1]
    assert torch.url.startswith(torch_index.url.removesuffix("/cpu") + "/files/torch-2.14.1")
    assert torch.direct
    assert torch.hashes
    assert f"torch @ {torch.url} \\\n    --hash={torch.hashes[0]}" in found.text
    # what is kept for the next run is part of the cache that is bounded and cleared
    assert [path.name for path in host.cache.iterdir()] == ["index"]
    assert [path for _, _, path in index_cache(host.cache).entries() if path.suffix == ".html"]


def test_what_others_ask_for_is_for_the_cpu_too(tmp_path: Path, host: Services) -> None:
    """torch and torchvision by way of timm go together, and neither counts as asked for."""
    found = lock(tmp_path, host, "import timm")
    assert pins(found) == {
        "numpy": "2.0",
        "timm": "1.0",
        "torch": "2.14.1+cpu",
        "torchvision": "0.29.0+cpu",
    }
    assert {p.name for p in found.locked if p.direct} == {"timm"}
    assert next(p.via for p in found.locked if p.name == "torch") == ("timm", "torchvision")


def test_a_day_holds_for_builds_without_times(tmp_path: Path, host: Services) -> None:
    """A build is as old as the same release on the public index."""
    options = Options(as_of="2024-01-01", python="3.11")
    assert pins(lock(tmp_path, host, "import torch", options=options))["torch"] == "2.1.0+cpu"


def test_a_build_named_in_the_notebook_gives_way(tmp_path: Path, host: Services) -> None:
    """``torch==2.1.0+cu121`` asks for the release; on the CPU its build is another."""
    found = lock(tmp_path, host, "!pip install torch==2.1.0+cu121", "import torch")
    assert pins(found)["torch"] == "2.1.0+cpu"


def test_the_hosts_own_build_for_the_cpu_is_taken_first(
    tmp_path: Path, host: Services, torch_index: FakeIndex
) -> None:
    """A folder of wheels with torch+cpu is enough: PyTorch's index is not asked."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    name, data = wheel("torch", "2.13.0+cpu", tag=TAG, requires=["numpy"])
    (folder / name).write_bytes(data)
    services = replace(host, environ={**host.environ, "PIP_FIND_LINKS": str(folder)})
    found = lock(tmp_path, services, "import torch")
    torch = found.locked[1]
    assert (torch.version, torch.url, torch.wheel) == ("2.13.0+cpu", "", name)
    assert len(torch.hashes) == 1
    assert torch_index.requests == []


def test_pytorchs_index_has_what_the_hosts_own_builds_lack(tmp_path: Path, host: Services) -> None:
    """A folder with one build does not keep the release from being had that a cell pins."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    name, data = wheel("torch", "2.13.0+cpu", tag=TAG, requires=["numpy"])
    (folder / name).write_bytes(data)
    services = replace(host, environ={**host.environ, "PIP_FIND_LINKS": str(folder)})
    found = lock(tmp_path, services, "!pip install torch==2.1.0", "import torch")
    assert pins(found)["torch"] == "2.1.0+cpu"
    assert found.locked[1].url


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("import xgboost", {"numpy": "2.0", "xgboost-cpu": "3.2.0"}),
        ("import tensorflow", {"numpy": "2.0", "tensorflow-cpu": "2.21.0"}),
        ("!pip install tensorflow[and-cuda]\nimport tensorflow", None),
        (
            "import tf_keras",
            {"numpy": "2.0", "tensorflow-cpu": "2.21.0", "tf-keras": "2.21.0"},
        ),
    ],
)
def test_twins_without_cuda(
    tmp_path: Path, host: Services, cell: str, expected: dict[str, str] | None
) -> None:
    """xgboost and TensorFlow are published without CUDA under another name, same release."""
    found = lock(tmp_path, host, cell)
    assert pins(found) == (expected or {"numpy": "2.0", "tensorflow-cpu": "2.21.0"})
    assert "cpu-build" in {f.code for f in found.findings}


def test_a_release_without_twin_does_without_nccl(tmp_path: Path, host: Services) -> None:
    """xgboost opens NCCL only on several GPUs: it is left out."""
    found = lock(tmp_path, host, "!pip install xgboost==3.1.0", "import xgboost")
    assert pins(found) == {"numpy": "2.0", "xgboost": "3.1.0"}


def test_cuda_is_never_taken_silently(tmp_path: Path, services: Services) -> None:
    """Where PyTorch's index does not answer: exit 4, with what CUDA would cost and a way out."""
    with serve(FakeIndex(root="cpu", down_after=0)) as down:
        root = down.url.removesuffix("/cpu")
        host = replace(services, environ={**services.environ, "NB2IMAGE_TORCH_INDEX": root})
        with pytest.raises(RequirementsError) as caught:
            lock(tmp_path, host, "import torch")
        assert (caught.value.code, caught.value.exit_code) == ("cuda-in-cpu", 4)
        assert "kB of CUDA (torch 2.15.0 and 2 more packages)" in caught.value.message
        assert "--allow-cuda-in-cpu" in caught.value.hint
        assert str(caught.value.where) == "cell 1, line 1"

        allowed = replace(LATEST, allow_cuda_in_cpu=True)
        found = lock(tmp_path, host, "import torch", options=allowed)
    assert {"torch", "triton", "nvidia-cublas"} <= set(pins(found))
    assert "cuda-in-cpu" in {f.code for f in found.findings}


def test_builds_of_two_kinds_are_never_mixed(
    tmp_path: Path, host: Services, torch_index: FakeIndex
) -> None:
    """torch for the CPU with torchvision for CUDA cannot be imported: all or none."""
    del torch_index.projects["torchvision"]
    cell = "import torch, torchvision"
    with pytest.raises(RequirementsError, match="no index has a build of torchvision"):
        lock(tmp_path, host, cell)
    found = lock(tmp_path, host, cell, options=replace(LATEST, allow_cuda_in_cpu=True))
    assert (pins(found)["torch"], pins(found)["torchvision"]) == ("2.15.0", "0.30.0")


def test_a_release_without_a_build_for_the_cpu(
    tmp_path: Path, host: Services, torch_index: FakeIndex
) -> None:
    """What the notebook pins is never replaced by another release: CUDA is named and allowed."""
    cells = "!pip install torch==2.15.0", "import torch"
    with pytest.raises(RequirementsError, match=r"kB of CUDA .*no build of torch .* fits"):
        lock(tmp_path, host, *cells)
    found = lock(tmp_path, host, *cells, options=replace(LATEST, allow_cuda_in_cpu=True))
    assert pins(found)["torch"] == "2.15.0"


def test_offline_locks_from_the_cache(
    tmp_path: Path, host: Services, index: FakeIndex, torch_index: FakeIndex
) -> None:
    """What was seen once is known: the same lock without either index."""
    seen = lock(tmp_path, host, "import torch")
    index.down_after = torch_index.down_after = 0
    again = lock(tmp_path, host, "import torch", options=replace(LATEST, offline=True))
    assert again.locked == seen.locked
