"""What an image for a GPU is put upon: Python's slim image, or NVIDIA's with its CUDA.

CUDA in wheels needs nothing of the base and the image is 38-43 % smaller; NVIDIA's is for the
packages that look for the system's CUDA, and for who asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from packaging.version import Version

from nb2image.errors import PlanError
from nb2image.gpu.majors import system_rows
from nb2image.gpu.settle import settle
from nb2image.gpu.table import Row, table
from nb2image.image.base import GLIBC, base_for
from nb2image.model import Accelerator, BaseImage, LockedPackage
from nb2image.options import Options

UBUNTU = {"22.04": "jammy", "20.04": "focal"}
"""The releases that are taken, the preferred one first."""
PYTHON_SUITES = {"jammy": "bookworm", "focal": "bullseye"}
"""The Debian whose Python runs there: the same libssl and libffi, and no newer glibc is asked for
(bookworm's python3.11 and its modules ask for 2.35, which jammy has)."""
PYTHON_LIBRARIES = {
    "jammy": ("libffi8", "libssl3"),
    "focal": ("libffi7", "libssl1.1"),
}
EVERY_PYTHON = (
    "ca-certificates",
    "libbz2-1.0",
    "libcrypt1",
    "libexpat1",
    "liblzma5",
    "libncursesw6",
    "libreadline8",
    "libsqlite3-0",
    "libuuid1",
    "zlib1g",
)
"""What the modules of the standard library are linked with."""
NEED_NVCC = frozenset(
    {
        "apex",
        "causal-conv1d",
        "cupy",
        "flash-attn",
        "gsplat",
        "mamba-ssm",
        "pycuda",
        "pytorch3d",
        "tiny-cuda-nn",
        "torch-cluster",
        "torch-scatter",
        "torch-sparse",
        "torch-spline-conv",
        "xformers",
    }
)
"""Distributions whose source is compiled with CUDA's own compiler (their setup.py)."""
NVIDIA = re.compile(r"(?:docker\.io/)?nvidia/cuda:(\d+\.\d+\.\d+)-\S*?ubuntu([\d.]+)(?:@|$)")


def planned_base(
    accelerator: Accelerator, python: str, locked: Sequence[LockedPackage], options: Options
) -> BaseImage:
    """The base of an image. Raises PlanError when there is none that serves the packages."""
    if accelerator.kind == "cpu":
        return base_for(python, options)
    if options.base_image:
        check_named(options.base_image)
        return base_for(python, options)
    system = system_rows(locked)
    if options.gpu_base == "slim" and system:
        raise PlanError(
            f"{names(system)} looks for the system's CUDA, which a slim base has not",
            code="gpu-base",
            hint="leave out --gpu-base slim",
        )
    if options.gpu_base != "nvidia" and not system:
        return slim_base(accelerator, python, locked)
    return nvidia_base(accelerator, python, locked, system)


def slim_base(accelerator: Accelerator, python: str, locked: Sequence[LockedPackage]) -> BaseImage:
    """Python's own image; what needs nvcc is compiled upon NVIDIA's."""
    base = base_for(python)
    reason = f"{base.reason}; CUDA comes with the packages"
    if not needs_nvcc(locked) or settle(accelerator, locked).cuda is None:
        return replace(base, reason=reason)
    nvidia = nvidia_base(accelerator, python, locked, ())
    return replace(base, reason=reason, build=nvidia.build)


def nvidia_base(
    accelerator: Accelerator,
    python: str,
    locked: Sequence[LockedPackage],
    system: tuple[Row, ...],
) -> BaseImage:
    """``nvidia/cuda:X.Y.Z-[cudnn-]runtime-ubuntuVV`` and the image that its Python is from.

    Raises PlanError when the tag was deleted or there is no Python for it.
    """
    cuda = settle(accelerator, locked).cuda
    asked = system[0].cuda if system else cuda.version if cuda else "12"
    version, release = image_of(asked, python, exact=bool(system), who=names(system))
    suite = UBUNTU[release]
    with_cudnn = cudnn(version) if any(row.cudnn for row in system) else ""
    stem = f"nvidia/cuda:{version}-{with_cudnn}"
    why = f"{names(system)} needs the system's CUDA" if system else "--gpu-base nvidia"
    return BaseImage(
        reference=f"{stem}runtime-ubuntu{release}",
        python=python,
        suite=suite,
        glibc=GLIBC[suite],
        reason=f"{why}: NVIDIA's image of CUDA {version}, with Python {python} put in",
        python_from=f"python:{python}-slim-{PYTHON_SUITES[suite]}",
        build=f"{stem}devel-ubuntu{release}" if needs_nvcc(locked) else "",
    )


def image_of(cuda: str, python: str, *, exact: bool, who: str) -> tuple[str, str]:
    """(``12.8.1``, ``22.04``): the newest image of a CUDA that the Python can be put in.

    Where the packages bring their own CUDA, any of its major serves (``exact`` is false).
    """
    images = table().images
    fits = [v for v in images if f"{v}.".startswith(f"{cuda}.")]
    if not fits and not exact:
        major = cuda.partition(".")[0]
        fits = [v for v in images if v.startswith(f"{major}.")]
    # a Python of bullseye alone goes with focal alone
    old = base_for(python).suite == "bullseye"
    for version in sorted(fits, key=Version, reverse=True):
        for release, suite in UBUNTU.items():
            if release in images[version] and (not old or PYTHON_SUITES[suite] == "bullseye"):
                return version, release
    raise PlanError(
        f"there is no nvidia/cuda image of CUDA {cuda} any more"
        + (f", which {who} needs" if who else "")
        + ": NVIDIA deletes the images of a CUDA half a year after its end",
        code="cuda-image-deleted",
        hint=f"take a release for CUDA {next(iter(images)).rpartition('.')[0]} or newer, or build "
        "for the CPU with --cpu",
    )


def cudnn(version: str) -> str:
    """How the tag of a CUDA's image says that cuDNN is in it."""
    if Version(version) <= Version("12.2.2"):
        return "cudnn8-"
    return "cudnn9-" if Version(version) <= Version("12.3.2") else "cudnn-"


def check_named(reference: str) -> None:
    """Raise PlanError for an image of NVIDIA's that is known to be deleted."""
    match = NVIDIA.match(reference)
    images = table().images
    if match is None or match[2] in images.get(match[1], ()):
        return
    if match[1] not in images and Version(match[1]) > max(map(Version, images)):
        return  # newer than the list
    of_release = [v for v, releases in images.items() if match[2] in releases]
    near = [v for v in of_release if v.split(".")[:2] == match[1].split(".")[:2]] or of_release
    raise PlanError(
        f"there is no {reference} (any more)",
        code="cuda-image-deleted",
        hint=f"nvidia/cuda:{near[-1]}-…-ubuntu{match[2]} is there"
        if near
        else f"there are images for CUDA {', '.join(list(images)[-3:])} and others",
    )


def needs_nvcc(locked: Sequence[LockedPackage]) -> bool:
    """Whether a package without a wheel is compiled with CUDA's compiler."""
    return any(package.name in NEED_NVCC and not package.wheel for package in locked)


def python_libraries(base: BaseImage) -> tuple[str, ...]:
    """The packages that a Python which is put in needs; none where the base has its own."""
    if not base.python_from:
        return ()
    return (*EVERY_PYTHON, *PYTHON_LIBRARIES.get(base.suite, ()))


def build_libraries(base: BaseImage) -> tuple[str, ...]:
    """The same for the image that the dependencies are compiled upon."""
    release = base.build.rpartition("ubuntu")[2]
    return (*EVERY_PYTHON, *PYTHON_LIBRARIES.get(UBUNTU.get(release, ""), ()))


def names(system: Sequence[Row]) -> str:
    """The builds in words."""
    return ", ".join(f"{row.dist} {row.release}" for row in system)
