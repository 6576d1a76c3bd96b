"""Advice: each rule on an image made for it, with the saving that the files add up to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nb2image.analysis.inspect import inspect
from nb2image.model import BuildPlan, DirectRequirement, Evidence, LockedPackage, Need, Place
from nb2image.model.analysis import Advice
from nb2image.model.plan import encode
from tests.unit.analysis.layers import Short, image
from tests.unit.image.plans import REQUIREMENTS, plan

SITE = "opt/venv/lib/python3.11/site-packages"
MB = 1_000_000


def package(name: str, **files: int) -> dict[str, int | str | bytes]:
    """A Python package with files at the paths that the keywords name (``__`` is a slash)."""
    paths = {f"{name}/" + key.replace("__", "/"): size for key, size in files.items()}
    record = "".join(f"{path},,\n" for path in paths).encode()
    return {
        **{f"{SITE}/{path}": size for path, size in paths.items()},
        f"{SITE}/{name}-1.dist-info/RECORD": record,
    }


def dpkg(**sizes: int) -> dict[str, int | str | bytes]:
    """apt packages, each with one file."""
    files: dict[str, int | str | bytes] = {}
    for name, size in sizes.items():
        apt = name.replace("_", "-")
        files[f"usr/share/{apt}"] = size
        files[f"var/lib/dpkg/info/{apt}.list"] = f"/usr/share/{apt}\n".encode()
    return files


def advice(*shorts: Short, labels: dict[str, str] | None = None) -> dict[str, Advice]:
    found = inspect(image(*shorts, labels=labels)).advice
    return {a.code: a for a in found}


def test_cuda_in_an_image_for_cpus() -> None:
    """torch's CUDA counts: NVIDIA's packages and the GPU half of its own libraries."""
    files = {
        **package("torch", lib__libtorch_cuda=1),
        f"{SITE}/torch/lib/libtorch_cuda.so": 900 * MB,
        f"{SITE}/torch/lib/libtorch_cpu.so": 400 * MB,
        **package("nvidia_cublas_cu12", lib=500 * MB),
        **package("triton", lib=200 * MB),
    }
    found = advice(files)["torch-cpu"]
    records = sum(len(v) for p, v in files.items() if isinstance(v, bytes) and "/torch-" not in p)
    assert found.saving == 1600 * MB + records
    assert "torch-cpu" not in advice(files, labels={"io.nb2image.cuda.floor": "12.4"})


def test_torch_without_cuda() -> None:
    """A CPU build of torch has nothing to lose."""
    assert "torch-cpu" not in advice(package("torch", lib=400 * MB))


def test_opencv_with_windows() -> None:
    """OpenCV's saving is its Qt."""
    found = advice(
        {
            **package("opencv_python", cv2=5),
            f"{SITE}/opencv_python.libs/libQt5Core.so": 30 * MB,
            f"{SITE}/opencv_python.libs/libavcodec.so": 30 * MB,
        }
    )
    assert found["opencv-headless"].saving == 30 * MB


def test_gpu_package_with_a_cpu_variant() -> None:
    """The saving of another wheel is a guess, and says so."""
    found = advice(package("xgboost", lib=536 * MB))["xgboost-cpu"]
    assert found.estimated
    assert found.saving == pytest.approx(478 * MB, rel=0.001)


def planned(rule: str = "file", module: str = "numpy") -> BuildPlan:
    """numpy is imported; keras is stated, not imported, and brings h5py alone and numpy."""
    evidence = Evidence(rule=rule, candidate="keras", won=True, detail="")  # type: ignore[arg-type]
    return plan(
        requirements=replace(
            REQUIREMENTS,
            direct=(
                DirectRequirement(name="keras", modules=("keras",), evidence=(evidence,)),
                DirectRequirement(name="numpy", modules=("numpy",)),
            ),
            needs=(Need(module=module, place=Place(cell=1, line=1)),),
            locked=tuple(
                LockedPackage(name=name, version="1", via=via)
                for name, via in (("keras", ()), ("h5py", ("keras",)), ("numpy", ("keras",)))
            ),
        )
    )


PACKAGES = {
    **package("keras", a=20 * MB),
    **package("h5py", a=30 * MB),
    **package("numpy", a=40 * MB),
}


def test_unused_requirement() -> None:
    """A stated requirement that no cell imports goes with what only it needs."""
    found = advice({**PACKAGES, "opt/nb2image/plan.json": encode(planned())})
    assert found["unused-requirement"].saving // MB == 50
    assert "keras" in found["unused-requirement"].message


@pytest.mark.parametrize(
    "made", [planned(module="keras.layers"), planned(rule="hidden"), planned(rule="script")]
)
def test_used_requirement(made: BuildPlan) -> None:
    """What a cell imports, or nb2image itself found to be needed, is no advice."""
    assert "unused-requirement" not in advice({**PACKAGES, "opt/nb2image/plan.json": encode(made)})


def test_tests_and_bytecode() -> None:
    """Test folders count but for packages that import their own; bytecode counts for all."""
    found = advice(
        {
            **package("scipy", tests__a=10 * MB, tests__sub__b=2 * MB, a=MB),
            **package("astropy", tests__a=7 * MB),
            f"{SITE}/scipy/a.py": 5,
            f"{SITE}/scipy/__pycache__/a.cpython-311.pyc": 3 * MB,
            **package("x"),
            f"{SITE}/scipy-1.dist-info/RECORD": b"scipy/tests/a,,\nscipy/tests/sub/b,,\nscipy/a.py",
        }
    )
    assert found["test-folders"].saving == 12 * MB
    assert found["bytecode"].saving == 3 * MB


def test_large_base() -> None:
    """A full base image is set against a slim one."""
    found = inspect(image({"usr/lib/x": 1000 * MB}, {"app/a": 1}), (f"sha256:{1:064x}",)).advice
    assert [(a.code, a.saving, a.estimated) for a in found] == [("slim-base", 850 * MB, True)]


def test_data() -> None:
    """Large data files of the project could be mounted; code and small data stay."""
    files: Short = {"app/d/x.csv": 40 * MB, "app/d/y.PARQUET": 20 * MB, "app/big.py": 70 * MB}
    assert advice(files)["mount-data"].saving == 60 * MB
    assert "mount-data" not in advice({"app/d/x.csv": 40 * MB})


def test_deleted_later_and_stored_twice() -> None:
    """What later layers delete, and what they only chown, is told apart."""
    content = b"x" * (2 * MB)
    found = advice({"a": content, "b": 5 * MB, "c": 7 * MB}, {"a": content, "-b": 0, "c": 8 * MB})
    assert found["stored-twice"].saving == 2 * MB
    assert found["deleted-later"].saving == 5 * MB


@pytest.mark.parametrize("path", ["var/lib/apt/lists/x", "root/.cache/pip/x", "opt/conda/pkgs/x"])
def test_caches(path: str) -> None:
    """Caches of package managers have no place in an image."""
    assert advice({path: 9 * MB})["package-cache"].saving == 9 * MB


def test_build_tools() -> None:
    """Compilers and headers are named, largest first."""
    found = advice(dpkg(gcc_12=40 * MB, libc6_dev=10 * MB, libc6=12 * MB, make=MB))["build-tools"]
    assert found.saving == 51 * MB
    assert "gcc-12, libc6-dev, make" in found.message


def test_small_savings_are_not_worth_a_line() -> None:
    """Below a megabyte there is no advice, and the largest saving comes first."""
    assert advice({"root/.cache/x": 999_999}) == {}
    found = inspect(image({"root/.cache/x": 2 * MB, "var/cache/apt/x": 3 * MB})).advice
    assert [a.saving for a in found] == [3 * MB, 2 * MB]
