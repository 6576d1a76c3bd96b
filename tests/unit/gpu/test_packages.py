"""Which distributions are CUDA."""

from __future__ import annotations

import pytest

from nb2image.gpu.packages import GPU_EXTRA, is_cuda_library


@pytest.mark.parametrize(
    "name",
    [
        *("nvidia-cublas-cu12", "nvidia-cuda-runtime-cu12", "nvidia-cublas", "nvidia-cuda-nvrtc"),
        *("nvidia-cudnn-cu13", "nvidia-nccl-cu13", "nvidia-cusparselt-cu13", "nvidia-nvjitlink"),
        *("nvidia-cufile", "nvidia-nvtx", "cuda-bindings", "cuda-toolkit", "triton"),
    ],
)
def test_cudas_libraries_are_known_by_name(name: str) -> None:
    """With the major at the end, and without since CUDA 13."""
    assert is_cuda_library(name)


@pytest.mark.parametrize("name", ["nvidia-ml-py", "nvidia-pyindex", "cudatext", "torch", "numpy"])
def test_what_only_reads_the_driver_is_no_cuda(name: str) -> None:
    """Small packages that have NVIDIA in their name."""
    assert not is_cuda_library(name)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        *((extra, True) for extra in ("and-cuda", "cuda12", "cuda12-local", "ctk", "cu12")),
        *((extra, False) for extra in ("torch", "vision", "cli")),
    ],
)
def test_extras_that_bring_cuda(extra: str, expected: bool) -> None:
    """``tensorflow[and-cuda]``, ``jax[cuda12]``, ``numba-cuda[cu12]``."""
    assert bool(GPU_EXTRA.fullmatch(extra)) is expected
