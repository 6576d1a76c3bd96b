"""Images for a GPU, built of every form with small packages in place of the frameworks.

No test here needs a GPU. NVIDIA's images, of several gigabytes, are stood in for by Python's slim
image without a ``python`` on its path, under their names; where the engine has the real ones, they
are used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal

import pytest

from nb2image.build.secrets import build_network
from nb2image.gpu.settle import settle
from nb2image.image.plan import make_build_plan
from nb2image.model import (
    Accelerator,
    BuildPlan,
    GpuEvidence,
    GpuNeed,
    LockedPackage,
    Notebook,
    Requirements,
    Script,
    ScriptCell,
)
from nb2image.network import read_network
from nb2image.options import Options
from nb2image.project.context import write_context
from nb2image.project.files import plan_files
from nb2image.project.root import Project
from tests.engine.conftest import BuildImage, RunImage
from tests.engine.engine import Engine

NVTX = LockedPackage(
    name="nvidia-nvtx-cu12",
    version="12.8.90",
    hashes=("sha256:5b17e2001cc0d751a5bc2c6ec6d26ad95913324a4adb86788c944f8ce9ba441f",),
    wheel="nvidia_nvtx_cu12-12.8.90-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    via=("onnxruntime-gpu",),
)
"""The smallest of NVIDIA's wheels: 90 kB, with one library."""
ONNX = LockedPackage(name="onnxruntime-gpu", version="1.26.0", wheel="onnxruntime_gpu.whl")
"""In the lock, so that the plan is one for CUDA 12, and not installed: 300 MB."""
DOCOPT = LockedPackage(
    name="docopt",
    version="0.6.2",
    hashes=("sha256:49b3a825280bd66b3aa83585ef59c4a8c82f2c8a522dbe754a8bc8d08c85c491",),
)
"""It has no wheel."""
SOURCE = """
import ctypes, os, sys
ctypes.CDLL("libnvToolsExt.so.1")
print("ran", sys.argv[1:], sorted(n for n in os.environ if "NVIDIA" in n or n == "LD_LIBRARY_PATH"))
"""
Layout = Literal["multi-stage", "single-stage"]


@pytest.fixture(scope="module")
def nvidia_images(
    engine: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Stand-ins for the images of nvidia/cuda that these plans name."""
    context = tmp_path_factory.mktemp("nvidia")
    lines = [f"FROM {base_image}", "RUN rm /usr/local/bin/python* && ! command -v python"]
    made = []
    for kind in ("runtime", "devel"):
        name = f"nvidia/cuda:12.9.1-{kind}-ubuntu22.04"
        if engine.docker("image", "inspect", name, check=False).returncode == 0:
            continue
        (context / "Dockerfile").write_text("\n".join([*lines, f"ENV KIND={kind}", ""]))
        engine.docker("build", "--tag", name, str(context))
        made.append(name)
    yield
    for name in made:
        engine.docker("image", "rm", name, check=False)


@pytest.fixture(scope="module")
def network() -> Iterator[tuple[str, ...]]:
    """The build's options for this host's package index."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        settings = stack.enter_context(build_network(read_network(os.environ)))
        for name, value in settings.environ.items():
            patch.setenv(name, value)
        yield settings.arguments


@pytest.fixture
def context(tmp_path: Path) -> Callable[[BuildPlan], Path]:
    """``context(plan)`` writes its folder."""

    def write(plan: BuildPlan) -> Path:
        return write_context(plan, project_in(tmp_path), tmp_path / "gpu-image", force=True)

    return write


def project_in(folder: Path) -> Project:
    """A project with one notebook."""
    (folder / "gpu.ipynb").write_text("{}")
    return Project(root=folder, notebook=PurePosixPath("gpu.ipynb"))


def planned(
    folder: Path,
    *,
    need: GpuNeed = "optional",
    layout: Layout = "multi-stage",
    gpu_base: Literal["slim", "nvidia"] = "slim",
    locked: tuple[LockedPackage, ...] = (NVTX, ONNX),
    source: str = SOURCE,
) -> BuildPlan:
    """The plan of a GPU image; of the lock, what has a hash is installed."""
    options = Options(layout=layout, gpu_base=gpu_base)
    cell = ScriptCell(number=1, source=source, first_line=1, last_line=source.count("\n") + 1)
    script = Script(name="train.py", text=source, lines=(), cells=(cell,))
    notebook = Notebook(name="gpu.ipynb", cells=(), sha256="0" * 64, format="4.5")
    project = project_in(folder)
    installed = [p for p in locked if p.hashes]
    requirements = Requirements(
        python="3.11",
        platform="x86_64-manylinux_2_35",
        locked=locked,
        text="".join(f"{p.name}=={p.version} --hash={p.hashes[0]}\n" for p in installed),
    )
    accelerator = Accelerator(kind="cuda", evidence=GpuEvidence(need=need), reason="a test")
    files = plan_files(notebook, script, project, options)
    plan = make_build_plan(
        notebook,
        script,
        requirements,
        files.files,
        project,
        options,
        accelerator=settle(accelerator, locked),
    )
    # hashes are asked of all or of none
    stated = tuple(p if p.hashes else replace(p, hashes=NVTX.hashes) for p in locked)
    return replace(plan, requirements=replace(requirements, locked=stated))


@pytest.mark.parametrize("gpu_base", ["slim", "nvidia"])
@pytest.mark.parametrize("layout", ["multi-stage", "single-stage"])
def test_a_gpu_image_of_each_form(
    gpu_base: Literal["slim", "nvidia"],
    layout: Layout,
    nvidia_images: None,
    network: tuple[str, ...],
    engine: Engine,
    build_image: BuildImage,
    run_image: RunImage,
    context: Callable[[BuildPlan], Path],
    tmp_path: Path,
) -> None:
    """It builds, finds NVIDIA's libraries, has a Python, says that there is no GPU, and runs."""
    plan = planned(tmp_path, gpu_base=gpu_base, layout=layout)
    assert plan.base.reference.startswith("nvidia/cuda:12.9.1-" if gpu_base == "nvidia" else "py")
    image = build_image(context(plan), *network)
    config = json.loads(engine.docker("inspect", "--format", "{{json .Config}}", image).stdout)
    assert config["Labels"]["io.nb2image.cuda.driver"] == "525.60.13"
    assert "NVIDIA_DRIVER_CAPABILITIES=compute,utility" in config["Env"]
    assert not [line for line in config["Env"] if line.startswith("CUDA_VERSION")]
    closed = ("--read-only", "--network", "none", "--cap-drop", "ALL")
    for options in ((), closed, (*closed, "--user", "12345:12345")):
        done = run_image(image, "--epochs", "3", options=options)
        says = "nb2image: no GPU can be used, the run is on the CPU: no GPU is handed"
        assert says in done.stderr
        assert done.stderr.count("nb2image:") == 1
        names = "['NVIDIA_DRIVER_CAPABILITIES', 'NVIDIA_VISIBLE_DEVICES']"
        assert done.stdout == f"ran ['--epochs', '3'] {names}\n", done.stderr
    quiet = run_image(image, options=("--env", "NB2IMAGE_PREFLIGHT=0"))
    assert "nb2image" not in quiet.stderr


def test_a_gpu_that_is_required_and_not_there(
    network: tuple[str, ...],
    build_image: BuildImage,
    run_image: RunImage,
    context: Callable[[BuildPlan], Path],
    tmp_path: Path,
) -> None:
    """The run ends with 1 before the script, and one line says what to do."""
    image = build_image(context(planned(tmp_path, need="required")), *network)
    done = run_image(image)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("nb2image: this notebook needs a GPU")
    assert "--gpus all" in line


def test_what_is_compiled_for_cuda_leaves_its_compiler_behind(
    nvidia_images: None,
    network: tuple[str, ...],
    engine: Engine,
    build_image: BuildImage,
    run_image: RunImage,
    context: Callable[[BuildPlan], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The build stage is NVIDIA's devel image; the image itself is Python's, with what was made."""
    monkeypatch.setattr("nb2image.gpu.bases.NEED_NVCC", frozenset({"docopt"}))
    plan = planned(tmp_path, locked=(DOCOPT, NVTX, ONNX), source="import docopt\nprint('made')\n")
    assert plan.base.build == "nvidia/cuda:12.9.1-devel-ubuntu22.04"
    image = build_image(context(plan), *network)
    done = run_image(image)
    assert done.stdout == "made\n", done.stderr
    config = json.loads(engine.docker("inspect", "--format", "{{json .Config}}", image).stdout)
    assert not [line for line in config["Env"] if line.startswith("KIND=")]
