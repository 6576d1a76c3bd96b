"""What an image for the CPU does not ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nb2image.requirements.accelerator.lean import without_cuda
from nb2image.requirements.accelerator.torch_cpu import cpu_builds, cpu_index, listing
from nb2image.requirements.index.listing import IndexFile, Project
from nb2image.requirements.target import Target
from tests.unit.requirements.builders import wanted


def file(version: str, *, tag: str = "cp311-cp311-linux_x86_64", uploaded: str = "") -> IndexFile:
    name = f"torch-{version}-{tag}.whl"
    return IndexFile(name=name, url=f"https://files.test/{name}", upload_time=uploaded)


@pytest.mark.parametrize(
    ("name", "extras", "specifier", "expected"),
    [
        ("jax", ("cuda12",), ">=0.4", ("jax", (), ">=0.4")),
        ("tensorflow", ("and-cuda",), "==2.14.1", ("tensorflow", (), "==2.14.1")),
        ("onnxruntime-gpu", (), "==1.17.0", ("onnxruntime", (), "==1.17.0")),
        ("faiss-gpu", (), "", ("faiss-cpu", (), "")),
        ("torch", (), "==2.1.0+cu121", ("torch", (), "==2.1.0")),
        ("transformers", ("torch",), "", ("transformers", ("torch",), "")),
    ],
)
def test_what_is_for_a_gpu_gives_way(
    name: str, extras: tuple[str, ...], specifier: str, expected: tuple[str, object, str]
) -> None:
    """Extras, builds and names for CUDA; the release stays."""
    asked = replace(wanted(name, specifier), extras=extras)
    (found,), findings = without_cuda([asked])
    assert (found.name, found.extras, found.specifier) == expected
    assert len(findings) == ((name, extras) != (found.name, found.extras))


def test_cuda_that_is_only_installed_is_left_out() -> None:
    """A pip freeze names NVIDIA's libraries one by one."""
    frozen = replace(wanted("nvidia-cublas-cu12", "==12.1"), modules=())
    kept, findings = without_cuda([frozen, wanted("numpy")])
    assert [k.name for k in kept] == ["numpy"]
    assert [f.code for f in findings] == ["cpu-build"]


def test_a_build_is_as_old_as_its_release() -> None:
    """PyTorch's index tells no times: they are those of the public index."""
    own = Project(name="torch", files=(file("2.1.0", uploaded="2023-10-04T00:00:00Z"),))
    found = cpu_builds("torch", own, lambda: (file("2.1.0+cpu"), file("2.9.0+cpu")))
    assert found is not None
    assert [(f.upload_time[:10], f.direct) for f in found.files] == [
        ("2023-10-04", True),
        ("", True),
    ]


def test_no_builds_for_the_cpu() -> None:
    """Nothing stands in for them."""
    assert cpu_builds("torch", Project(name="torch", files=(file("2.1.0"),)), lambda: ()) is None


def test_only_files_for_the_target_are_listed() -> None:
    """uv reads hundreds of files less; where none fits it must see that there are others."""
    files = (file("2.1.0+cpu"), file("2.1.0+cpu", tag="cp310-cp310-linux_x86_64"))
    project = Project(name="torch", files=files)
    page = listing(project, Target(python="3.11")).page
    assert ("cp311" in page, "cp310" in page) == (True, False)
    assert "cp310" in listing(project, Target(python="3.13")).page


def test_a_mirror_of_pytorchs_index() -> None:
    """The variable names the root, below which each kind of build has its folder."""
    assert cpu_index({"NB2IMAGE_TORCH_INDEX": "https://mirror.test/pytorch/whl/"}) == (
        "https://mirror.test/pytorch/whl/cpu"
    )
    assert cpu_index({}).endswith("/whl/cpu")
