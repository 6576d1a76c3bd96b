"""What would make an image smaller, with what it would save; nothing is ever done unasked.

Where the bytes can be counted they are; a saving that comes from experience with other images
says so (``estimated``), and its source stands beside the number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass

from nb2image.analysis.imports import closure, dependencies, importing_cells
from nb2image.analysis.owners import Owner
from nb2image.gpu.packages import is_cuda_library
from nb2image.model.analysis import Advice, HiddenFile, PackageShare
from nb2image.model.layer import Entry
from nb2image.model.plan import BuildPlan
from nb2image.sizes import amount

LEAST = 1_000_000
"""Savings below a megabyte are not worth a line."""

CUDA_LIBRARY = re.compile(r".*/torch/lib/lib(torch_cuda|c10_cuda|torch_nvshmem|cud|nv).*\.so.*")
CPU_VARIANTS = {
    # compressed bytes of the package that has a CPU variant over those of the variant:
    # wheels of November 2026, tensorflow 633 and 335 MB, xgboost 536 and 58 MB
    "tensorflow": ("tensorflow-cpu", 335 / 633),
    "xgboost": ("xgboost-cpu", 58 / 536),
}
WINDOWS_OF_OPENCV = re.compile(r".*/(opencv[^/]*\.libs/libQt|cv2/qt/).*")
TESTS_NEEDED = {"astropy", "bottleneck", "tables", "tensorflow", "tensorflow-cpu", "keras", "alibi"}
"""Packages that import their own tests: measured over 222 top-level modules of 42 packages."""
TEST_PACKAGES = 5
LARGE_BASE = 250_000_000
SLIM_BASE = 150_000_000
"""Unpacked, python:3.X-slim has about 120 to 150 MB, python:3.X about 1 GB."""
LARGE_DATA = 50_000_000
DATA_SUFFIX = re.compile(
    r".*\.(csv|tsv|parquet|feather|h5|hdf5|npy|npz|pkl|pickle|json|jsonl|zip|gz|tar|db|sqlite"
    r"|png|jpe?g|tiff?|wav|mp4|nc|mat|xlsx?)",
    re.IGNORECASE,
)
CACHES = {
    "var/lib/apt/lists/": "apt's package lists (rm -rf /var/lib/apt/lists/* in the same RUN)",
    "var/cache/apt/": "apt's downloads (apt-get clean in the same RUN)",
    "root/.cache/": "a cache of root's (pip --no-cache-dir, or a cache mount)",
    "opt/conda/pkgs/": "conda's downloads (conda clean --all in the same RUN)",
}
COMPILERS = re.compile(r"(gcc|g\+\+|cpp|gfortran|binutils|make|build-essential)(-.*)?|.*-dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the rules look at."""

    packages: Sequence[PackageShare]
    visible: Mapping[str, tuple[int, Entry]]
    owned: Mapping[str, Owner]
    hidden: Sequence[HiddenFile]
    labels: Mapping[str, str]
    base_size: int | None
    plan: BuildPlan | None

    def sizes(self, kind: str) -> dict[str, int]:
        """Bytes by name of the packages of one kind."""
        return {p.name: p.size for p in self.packages if p.kind == kind}


def advise(facts: Facts) -> tuple[Advice, ...]:
    """Every advice that saves something, most first."""
    rules = (
        cuda,
        cpu_variants,
        opencv,
        unused,
        tests,
        bytecode,
        large_base,
        data,
        hidden,
        only_metadata,
        caches,
        compilers,
    )
    found = [advice for rule in rules for advice in rule(facts) if advice.saving >= LEAST]
    return tuple(sorted(found, key=lambda advice: (-advice.saving, advice.code)))


def cuda(facts: Facts) -> Iterator[Advice]:
    """CUDA in an image that was not made for a GPU."""
    sizes = facts.sizes("python-package")
    if "torch" not in sizes or made_for_gpu(facts):
        return
    packages = {name: size for name, size in sizes.items() if is_cuda_library(name)}
    libraries = sum(
        entry.size
        for path, (_, entry) in facts.visible.items()
        if entry.kind == "file" and CUDA_LIBRARY.fullmatch(path)
    )
    if packages or libraries:
        count = f"{len(packages)} packages of NVIDIA's and " if packages else ""
        yield Advice(
            code="torch-cpu",
            message=f"torch brings CUDA: {count}the GPU half of its own libraries, which a machine "
            "without a GPU never loads",
            saving=sum(packages.values()) + libraries,
            how="take torch from PyTorch's index of builds for the CPU, as nb2image convert --cpu "
            "does",
        )


def cpu_variants(facts: Facts) -> Iterator[Advice]:
    """Packages that are published without CUDA under another name."""
    if made_for_gpu(facts):
        return
    sizes = facts.sizes("python-package")
    for name, (variant, ratio) in CPU_VARIANTS.items():
        if name in sizes:
            yield Advice(
                code=f"{name}-cpu",
                message=f"{name} carries GPU code; {variant} is the same without",
                saving=round(sizes[name] * (1 - ratio)),
                how=f"name {variant} instead of {name} in the requirements, as nb2image convert "
                "--cpu does",
                estimated=True,
            )


def made_for_gpu(facts: Facts) -> bool:
    """Whether the image says that it wants a GPU."""
    return any(name.startswith("io.nb2image.cuda") for name in facts.labels)


def opencv(facts: Facts) -> Iterator[Advice]:
    """OpenCV with its windows, which a container cannot show."""
    sizes = facts.sizes("python-package")
    for name in ("opencv-python", "opencv-contrib-python"):
        if name in sizes:
            yield Advice(
                code="opencv-headless",
                message=f"{name} brings Qt to open windows, which a container has none of",
                saving=sum(
                    entry.size
                    for path, (_, entry) in facts.visible.items()
                    if entry.kind == "file" and WINDOWS_OF_OPENCV.fullmatch(path)
                ),
                how=f"name {name}-headless instead, unless the code calls cv2.imshow",
            )


def unused(facts: Facts) -> Iterator[Advice]:
    """Direct requirements that no cell imports, with what only they need."""
    if facts.plan is None:
        return
    requirements = facts.plan.requirements
    for_script = {name for name, _ in facts.plan.script.extra_requirements}
    needs = dependencies(requirements)
    sizes = facts.sizes("python-package")
    for direct in requirements.direct:
        won = next((e for e in direct.evidence if e.won), None)
        stated = won is not None and won.rule in ("user", "lock", "file", "install-line")
        if direct.name in for_script or not stated or importing_cells(direct, requirements):
            continue
        others = [d.name for d in requirements.direct if d.name != direct.name]
        alone = closure([direct.name], needs) - closure(others, needs)
        yield Advice(
            code="unused-requirement",
            message=f"{direct.name} is required but no cell imports it"
            + (f"; it alone brings {len(alone) - 1} more packages" if len(alone) > 1 else ""),
            saving=sum(sizes.get(name, 0) for name in alone),
            how=f"leave {direct.name} out of the requirements, unless something loads it by name",
        )


def tests(facts: Facts) -> Iterator[Advice]:
    """Test folders of packages that are known not to import their own."""
    found = [
        p
        for p in facts.packages
        if p.kind == "python-package" and p.tests and p.name not in TESTS_NEEDED
    ]
    largest = sorted(found, key=lambda package: -package.tests)
    if largest:
        names = ", ".join(f"{p.name} {amount(p.tests)}" for p in largest[:TEST_PACKAGES])
        yield Advice(
            code="test-folders",
            message=f"packages carry their own tests: {names}",
            saving=sum(p.tests for p in largest),
            how="delete their tests/ folders in the RUN that installs them, package by package: "
            "a few packages import their own tests",
        )


def bytecode(facts: Facts) -> Iterator[Advice]:
    """Compiled Python, which Python would make by itself."""
    compiled = sum(p.bytecode for p in facts.packages if p.kind == "python-package")
    yield Advice(
        code="bytecode",
        message="packages are compiled to bytecode, which starts faster and takes space",
        saving=compiled,
        how="build without --compile-bytecode (measured: start 1.3 s with, 3.8 s without)",
    )


def large_base(facts: Facts) -> Iterator[Advice]:
    """A base image with more than Python needs."""
    base = facts.labels.get("org.opencontainers.image.base.name", "")
    if facts.base_size is not None and facts.base_size > LARGE_BASE:
        yield Advice(
            code="slim-base",
            message=f"the base image {base or '(unnamed)'} has {amount(facts.base_size)}",
            saving=facts.base_size - SLIM_BASE,
            how="use python:X.Y-slim and add what is missing with --apt",
            estimated=True,
        )


def data(facts: Facts) -> Iterator[Advice]:
    """Large data files of the project, which could be mounted."""
    files = {
        path: entry.size
        for path, (_, entry) in facts.visible.items()
        if entry.kind == "file"
        and (owner := facts.owned.get(path)) is not None
        and owner.kind == "project"
        and DATA_SUFFIX.fullmatch(path)
    }
    total = sum(files.values())
    if total >= LARGE_DATA:
        largest = max(files, key=lambda path: files[path])
        yield Advice(
            code="mount-data",
            message=f"{count(files)} data in the image, the largest /{largest} "
            f"({amount(files[largest])})",
            saving=total,
            how="leave them out with --exclude and mount the folder when running",
        )


def hidden(facts: Facts) -> Iterator[Advice]:
    """Bytes that one layer stores and a later one deletes."""
    files = [f for f in facts.hidden if f.cause != "overwritten"]
    if files:
        yield Advice(
            code="deleted-later",
            message=f"{count(files)} deleted in a later layer, the largest "
            f"/{files[0].path} of layer {files[0].layer} in layer {files[0].hidden_by}",
            saving=sum(f.size for f in files),
            how="delete them in the RUN that makes them, or use a build stage of its own",
        )


def only_metadata(facts: Facts) -> Iterator[Advice]:
    """Files stored twice because a later layer changed their owner or mode."""
    files = [f for f in facts.hidden if f.same_content]
    if files:
        yield Advice(
            code="stored-twice",
            message=f"{count(files)} stored again only because owner, mode or time "
            f"changed, the largest /{files[0].path} in layer {files[0].hidden_by}",
            saving=sum(f.size for f in files),
            how="use COPY --chown and --chmod instead of a later RUN chown or chmod",
        )


def caches(facts: Facts) -> Iterator[Advice]:
    """Caches of package managers that are still there."""
    for folder, what in CACHES.items():
        size = sum(
            entry.size
            for path, (_, entry) in facts.visible.items()
            if path.startswith(folder) and entry.kind == "file"
        )
        yield Advice(
            code="package-cache",
            message=f"/{folder} is in the image",
            saving=size,
            how=f"remove {what}",
        )


def compilers(facts: Facts) -> Iterator[Advice]:
    """Build tools in the final image."""
    found = {n: size for n, size in facts.sizes("apt").items() if COMPILERS.fullmatch(n)}
    if found:
        largest = sorted(found, key=lambda name: -found[name])
        yield Advice(
            code="build-tools",
            message=f"{len(found)} packages are there only to compile: {', '.join(largest[:5])}",
            saving=sum(found.values()),
            how="compile in a build stage (the multi-stage layout does)",
        )


def count(files: Sized) -> str:
    """A number of files as a sentence begins with it."""
    return "1 file is" if len(files) == 1 else f"{len(files)} files are"
