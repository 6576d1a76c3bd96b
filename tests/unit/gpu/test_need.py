"""What a notebook tells of the GPU that it needs."""

from __future__ import annotations

from typing import Any

import pytest

from nb2image.gpu.need import gpu_evidence
from nb2image.gpu.policy import Asked, decide
from nb2image.model import GpuEvidence, Place
from tests.unit.notebook.build import cell, notebook, script

GUARDED = """\
import torch
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
model = torch.nn.Linear(2, 1).to(device)
if device.type == "cuda":
    torch.cuda.synchronize()
"""
EARLY_RETURN = """\
import torch
def best():
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda")
"""
COLAB_CHECK = """\
import tensorflow as tf
name = tf.test.gpu_device_name()
if name != "/device:GPU:0":
    raise SystemError("GPU device not found")
"""
OWN_FUNCTION = """\
import torch
def have_gpu():
    return torch.cuda.is_available()
if have_gpu():
    x = torch.ones(3).cuda()
"""
GROWTH = """\
import tensorflow as tf
gpus = tf.config.list_physical_devices("GPU")
for gpu in gpus:
    tf.config.experimental.set_memory_growth(gpu, True)
"""
MANY = "import torch\n[torch.device(f'cuda:{i}') for i in range(torch.cuda.device_count())]"
SWITCH = "def move(x, use_cuda=False):\n    return x.cuda() if use_cuda else x"


def evidence(*cells: Any, **metadata: Any) -> GpuEvidence:
    return gpu_evidence(notebook(*cells, **metadata), script(*cells, **metadata))


@pytest.mark.parametrize(
    "source",
    [
        "model.cuda()",
        "import torch\nx = torch.ones(3, device='cuda:0')",
        "import torch\ndevice = torch.device('cuda')",
        "device = 'cuda'",
        "import torch\ntorch.set_default_device('cuda')",
        "import torch\nx = torch.cuda.FloatTensor(3)",
        "import torch\nprint(torch.cuda.get_device_name(0))",
        "import torch\nassert torch.cuda.is_available()",
        "import torch\nif not torch.cuda.is_available():\n    raise RuntimeError('no GPU')",
        COLAB_CHECK,
        "use_gpu = True\nif use_gpu:\n    model.cuda()",
        "import tensorflow as tf\nwith tf.device('/GPU:0'):\n    pass",
        "import cupy as cp",
        "import cudf",
        "from numba import cuda",
        "import jax\njax.devices('gpu')",
        "import mxnet as mx\nctx = mx.gpu()",
        "import xgboost as xgb\nxgb.XGBClassifier(tree_method='gpu_hist')",
        "params = {'task_type': 'GPU'}",
        "import transformers\nm = transformers.AutoModel.from_pretrained('x', load_in_4bit=True)",
        "from transformers import TrainingArguments\nTrainingArguments('out', fp16=True)",
        "from transformers import pipeline\npipeline('ner', device=0)",
        "import spacy\nspacy.require_gpu()",
        "%load_ext cudf.pandas",
        "!nvcc kernel.cu -o kernel",
    ],
)
def test_code_that_fails_without_a_gpu_requires_one(source: str) -> None:
    """What no condition guards fails on a machine without a GPU."""
    assert evidence(source).need == "required"


@pytest.mark.parametrize(
    "source",
    [
        GUARDED,
        EARLY_RETURN,
        OWN_FUNCTION,
        GROWTH,
        MANY,
        SWITCH,
        "try:\n    import cudf as pd\nexcept ImportError:\n    import pandas as pd",
        "import torch\nuse = torch.cuda.is_available()\nif use:\n    model.cuda()",
        "import torch\nwith torch.autocast(device_type='cuda'):\n    pass",
        "from transformers import AutoModel\nAutoModel.from_pretrained('x', device_map='auto')",
        "import onnxruntime as rt\nrt.InferenceSession('m', providers=['CUDAExecutionProvider'])",
        "import spacy\nspacy.prefer_gpu()",
        "!nvidia-smi",
    ],
)
def test_code_that_goes_on_without_a_gpu_makes_it_optional(source: str) -> None:
    """What asks for a GPU first, or falls back, runs on the CPU too."""
    assert evidence(source).need == "optional"


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.cuda.empty_cache()\ntorch.cuda.manual_seed_all(0)",
        "import torch\ndevice = torch.device('cpu')",
        "import torch\ndevice = 'mps' if torch.backends.mps.is_available() else 'cpu'",
        "import tensorflow as tf\ntf.config.list_physical_devices('CPU')",
        "import xgboost as xgb\nxgb.XGBClassifier(tree_method='hist', device='cpu')",
        "print('cuda')",
        "# model.cuda()",
        "gpu_price = 300\ntotal = gpu_price * 2",
        "if False:\n    model.cuda()",
    ],
)
def test_code_that_only_speaks_of_a_gpu_is_no_need(source: str) -> None:
    """Words, comments and calls that do nothing without a GPU are no reason."""
    assert evidence(source) == GpuEvidence()


def test_every_reason_names_its_cell_and_line() -> None:
    """The line is the notebook's, below a magic too; the strongest reason comes first."""
    found = evidence("!nvidia-smi", "%matplotlib inline\n\nmodel.cuda()")
    assert [(r.level, r.message, r.place) for r in found.reasons] == [
        ("required", "uses a GPU: model.cuda()", Place(cell=2, line=3)),
        ("optional", "runs nvidia-smi", Place(cell=1, line=1)),
    ]


def test_a_long_chain_of_calls_is_told_by_its_end() -> None:
    """What uses the GPU is there."""
    (reason,) = evidence(f"torch.tensor([{', '.join('12345' * 9)}]).cuda()").reasons
    assert reason.message == "uses a GPU: ….cuda()"


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ({"accelerator": "GPU", "colab": {"gpuType": "T4"}}, "T4"),
        ({"accelerator": "GPU"}, ""),
        ({"kaggle": {"isGpuEnabled": True, "accelerator": "nvidiaTeslaT4"}}, "T4"),
    ],
)
def test_metadata_alone_makes_a_gpu_optional(metadata: dict[str, Any], kind: str) -> None:
    """Templates bring Colab's setting along: it is no proof of a need."""
    found = evidence("x = 1", **metadata)
    assert (found.need, found.gpu_type) == ("optional", kind)


@pytest.mark.parametrize(
    "metadata",
    [
        {"accelerator": "TPU"},
        {"accelerator": 3, "colab": [1], "kaggle": "x"},
        {"kaggle": {"accelerator": "none", "isGpuEnabled": False}},
    ],
)
def test_other_metadata_is_no_need(metadata: dict[str, Any]) -> None:
    """A TPU, no accelerator, or nonsense."""
    assert evidence("x = 1", **metadata).need == "none"


def test_saved_outputs_tell_what_it_ran_on() -> None:
    """The torch with its CUDA, the driver, and the GPU's name."""
    smi = (
        "| NVIDIA-SMI 535.104.05   Driver Version: 535.104.05   CUDA Version: 12.2 |\n| Tesla T4 |"
    )
    text = "2.4.0+cu121 on cuda:0\n" + smi
    output = {"output_type": "stream", "name": "stdout", "text": text}
    found = evidence(cell("print('it')", outputs=[output]))
    assert (found.torch, found.driver, found.gpu_type) == ("2.4.0+cu121", "535.104.05", "Tesla T4")
    assert found.need == "optional"
    assert {r.place for r in found.reasons} == {Place(cell=1)}


def test_cells_that_are_left_out_do_not_count() -> None:
    """A cell that its tag leaves out is no part of the script."""
    assert (
        evidence(cell("model.cuda()", metadata={"tags": ["nb2image-skip"]}), "x = 1").need == "none"
    )


@pytest.mark.parametrize(
    ("source", "asked", "kind", "code"),
    [
        ("model.cuda()", "auto", "cuda", "gpu-image"),
        ("model.cuda()", "cpu", "cpu", "gpu-needed"),
        ("model.cuda()", "gpu", "cuda", ""),
        (GUARDED, "auto", "cpu", "gpu-optional"),
        (GUARDED, "cpu", "cpu", ""),
        (GUARDED, "gpu", "cuda", ""),
        ("x = 1", "auto", "cpu", ""),
    ],
)
def test_what_is_asked_for_decides_else_the_need(
    source: str, asked: Asked, kind: str, code: str
) -> None:
    """Required makes an image for a GPU, optional one for the CPU, which is said."""
    made, findings = decide(evidence(source), asked)
    assert made.kind == kind
    assert "".join(f.code for f in findings) == code
