"""Which distributions are CUDA, or hang on it, by their names."""

from __future__ import annotations

import re

CUDA_LIBRARY = re.compile(
    r"nvidia-[a-z-]+-cu\d+"
    r"|nvidia-(?:cublas|cuda-[a-z-]+|cudnn|cufft|cufile|curand|cusolver|cusparse|cusparselt|nccl"
    r"|npp|nvimgcodec|nvjitlink|nvjpeg|nvshmem|nvtx|nvvm)"
    r"|cuda-(?:bindings|core|pathfinder|python|toolkit)|triton"
)
"""NVIDIA's libraries, which since CUDA 13 often have no ``-cu13`` at the end, and triton, which
compiles for them. Not among them: what only reads the driver (nvidia-ml-py)."""
GPU_EXTRA = re.compile(r"(?:and-)?cuda[\w-]*|cu\d+[\w-]*|ctk|gpu")
"""Extras that bring CUDA: ``tensorflow[and-cuda]``, ``jax[cuda12]``."""
CUDA_BUILD = re.compile(r"\+cu\d+\b")
"""The local part of a version that names a CUDA: ``2.4.0+cu121``."""
CPU_TWINS = {
    "onnxruntime-gpu": "onnxruntime",
    "tensorflow": "tensorflow-cpu",
    "xgboost": "xgboost-cpu",
}
"""Projects that are published without CUDA under another name, release by release."""
CPU_NAMES = {
    "faiss-gpu": "faiss-cpu",
    "faiss-gpu-cu11": "faiss-cpu",
    "faiss-gpu-cu12": "faiss-cpu",
    "onnxruntime-gpu": "onnxruntime",
    "paddlepaddle-gpu": "paddlepaddle",
    "tensorflow-gpu": "tensorflow",
}
"""What has the same modules without a GPU; the releases need not be the same."""
OPENED_LATE = frozenset({"xgboost"})
"""Packages that open CUDA's libraries only when they compute on a GPU: they do without."""


def is_cuda_library(name: str) -> bool:
    """Whether a distribution is one of NVIDIA's libraries, or triton."""
    return CUDA_LIBRARY.fullmatch(name) is not None
