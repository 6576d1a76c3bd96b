"""Locks of a few lines for these tests: what matters of real ones."""

from __future__ import annotations

from nb2image.model import LockedPackage


def lock(text: str) -> tuple[LockedPackage, ...]:
    """``name version`` a line, ``< asker asker`` behind it for who asks for it."""
    found = []
    for line in text.strip().splitlines():
        what, _, via = line.partition("<")
        name, version = what.split()
        found.append(
            LockedPackage(
                name=name,
                version=version,
                hashes=("sha256:" + "c" * 64,),
                wheel=f"{name.replace('-', '_')}-{version}-py3-none-any.whl",
                direct=not via,
                via=tuple(via.split()),
            )
        )
    return tuple(found)


TORCH_13 = lock("""
nvidia-cuda-runtime 13.2.86 < cuda-toolkit
cuda-toolkit 13.2.1 < torch
nvidia-cudnn-cu13 9.26.0.51 < torch
torch 2.15.0
triton 3.8.0 < torch
""")
TORCH_12 = lock("""
nvidia-cuda-runtime-cu12 12.8.90 < torch
nvidia-cudnn-cu12 9.10.2.21 < torch
torch 2.10.0
triton 3.6.0 < torch
""")
TENSORFLOW_12 = lock("""
nvidia-cuda-nvcc-cu12 12.9.86 < tensorflow
nvidia-cuda-runtime-cu12 12.9.79 < tensorflow
nvidia-cudnn-cu12 9.28.0.42 < tensorflow
tensorflow 2.21.0
""")
TENSORFLOW_SYSTEM = lock("tensorflow 2.11.1")
TENSORFLOW_2_16 = lock("""
nvidia-cuda-nvcc-cu12 12.3.107 < tensorflow
nvidia-cuda-runtime-cu12 12.3.101 < tensorflow
tensorflow 2.16.2
""")
JAX_13 = lock("""
jax 0.10.2
jax-cuda13-pjrt 0.10.2 < jax-cuda13-plugin
jax-cuda13-plugin 0.10.2 < jax
nvidia-cuda-runtime 13.5.37 < jax-cuda13-plugin
nvidia-cudnn-cu13 9.28.0.42 < jax-cuda13-plugin
""")
JAX_12 = lock("""
jax 0.10.2
jax-cuda12-pjrt 0.10.2 < jax-cuda12-plugin
jax-cuda12-plugin 0.10.2 < jax
nvidia-cuda-runtime-cu12 12.9.79 < jax-cuda12-plugin
""")
CUPY_13 = lock("""
cuda-toolkit 13.4.3 < cupy-cuda13x
cupy-cuda13x 14.2.0
nvidia-cuda-runtime 13.4.92 < cuda-toolkit
""")
CUPY_12 = lock("""
cuda-toolkit 12.9.2.0 < cupy-cuda12x
cupy-cuda12x 14.2.0
nvidia-cuda-runtime-cu12 12.9.79 < cuda-toolkit
""")
XGBOOST_13 = lock("nvidia-nccl-cu13 2.32.3 < xgboost\nxgboost 3.4.1")
XGBOOST_12 = lock("nvidia-nccl-cu12 2.32.3 < xgboost-cu12\nxgboost-cu12 3.4.1")
ONNX_13 = lock("""
nvidia-cuda-runtime 13.5.37 < onnxruntime-gpu
nvidia-cudnn-cu13 9.28.0.42 < onnxruntime-gpu
onnxruntime-gpu 1.31.1
""")
ONNX_12 = lock("""
nvidia-cuda-runtime-cu12 12.9.79 < onnxruntime-gpu
nvidia-cudnn-cu12 9.28.0.42 < onnxruntime-gpu
onnxruntime-gpu 1.26.0
""")
MIXED = TORCH_13 + TENSORFLOW_12
"""What ``torch`` and ``tensorflow[and-cuda]`` resolve to today."""
