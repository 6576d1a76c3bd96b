"""What in a program's code speaks for a GPU: names of modules, calls, options and devices."""

from __future__ import annotations

import re

from nb2image.model import GpuNeed

GPU_MODULES = frozenset(
    {
        *("bitsandbytes", "cucim", "cudf", "cugraph", "cuml", "cupy", "cupyx", "cuquantum"),
        *("cuspatial", "cuvs", "cuxfilter", "dask_cuda", "dask_cudf", "flash_attn", "mamba_ssm"),
        *("nvidia.dali", "numba.cuda", "pycuda", "pylibraft", "rmm", "tensorrt", "torch_tensorrt"),
        *("triton", "unsloth", "vllm", "warpctc_pytorch"),
    }
)
"""Modules that cannot be imported, or do nothing, without a GPU."""
GPU_TOOLS = frozenset({"GPUtil", "deepspeed", "gpustat", "pynvml", "xformers"})
"""Modules that look at a GPU or make use of one that is there."""
GPU_PROGRAMS: dict[str, GpuNeed] = {"nvidia-smi": "optional", "nvcc": "required"}
"""Programs of shell lines. nvidia-smi is mostly a look at what Colab gave."""

DEVICE = re.compile(r"cuda(?::\d*)?|gpu(?::\d*)?|/?(?:device:)?gpu:\d*", re.IGNORECASE)
"""A GPU as frameworks write it: ``cuda:0``, ``gpu``, ``/device:GPU:0``."""
SWITCH = re.compile(r"cuda|gpu", re.IGNORECASE)
"""The name of a variable that says whether a GPU is to be used."""

ASKING = frozenset(
    {
        *("cuda_is_available", "get_num_gpus", "getAvailable", "getGPUs", "gpu_device_name"),
        *("is_built_with_cuda", "is_compiled_with_cuda", "is_gpu_available", "list_gpus"),
        *("list_local_devices", "num_gpus", "prefer_gpu", "default_backend"),
    }
)
"""Calls that ask for a GPU, whatever they are called upon."""
ASKING_OF_CUDA = frozenset({"is_available", "device_count"})
"""Calls that do so when ``cuda`` or ``gpu`` is in what they are called upon."""
LISTING = frozenset({"list_physical_devices", "list_logical_devices", "get_visible_devices"})
"""Calls that do so unless they ask for another kind of device."""

DEVICE_CALLS = frozenset(
    {
        *("Device", "Generator", "device", "device_put", "set_default_device", "set_device"),
        *("set_default_tensor_type", "to", "type", "to_device", "devices"),
    }
)
"""Calls with a device as an argument; they fail when the machine lacks it."""
TOLERANT_CALLS = frozenset({"GradScaler", "autocast"})
"""Calls that take ``cuda`` and only warn when there is none."""
CUDA_CALLS = frozenset(
    {
        *("Event", "Stream", "current_device", "get_device_capability", "get_device_name"),
        *("get_device_properties", "mem_get_info", "set_device", "synchronize"),
    }
)
"""Functions of ``torch.cuda`` that fail without a GPU; others, such as empty_cache, do not."""
DEVICE_KEYWORDS = frozenset({"accelerator", "device", "device_map", "devices", "map_location"})
DEVICE_NAMES = re.compile(r"device|accelerator", re.IGNORECASE)
"""Names and keys that hold a device."""
NUMBERED_DEVICE = {
    "transformers": frozenset({"pipeline"}),
    "ultralytics": frozenset({"train", "val", "predict", "track", "export"}),
}
"""By module the calls whose ``device=0`` is a GPU."""

OPTIONS: dict[str, tuple[object, ...]] = {
    "attn_implementation": ("flash_attention_2", "flash_attention_3"),
    "device_type": ("gpu", "cuda"),
    "fp16": (True,),
    "jax_platform_name": ("gpu", "cuda"),
    "load_in_4bit": (True,),
    "load_in_8bit": (True,),
    "predictor": ("gpu_predictor",),
    "task_type": ("GPU",),
    "tree_method": ("gpu_hist",),
    "use_cuda": (True,),
}
"""Options (keywords, or keys of a dictionary) with which a library refuses to go on without."""
SOFT_OPTIONS: dict[str, tuple[object, ...]] = {
    "bf16": (True,),
    "device_map": ("auto", "balanced", "sequential"),
    "gpu": (True,),
    "use_gpu": (True,),
}
"""Options with which a library takes a GPU that is there."""
PROVIDER = "CUDAExecutionProvider"
"""onnxruntime goes on with the next provider."""
FORCING = frozenset({"require_gpu", "StandardGpuResources", "index_cpu_to_gpu"})
"""Calls that stop when there is no GPU: spaCy's and faiss's."""
