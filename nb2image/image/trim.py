"""What of the installed packages the image can do without, on ``--trim``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from nb2image.model import BuildPlan

TESTED = {
    "numpy": "numpy",
    "pandas": "pandas",
    "scikit-learn": "sklearn",
    "scipy": "scipy",
}
"""Distributions whose folders ``tests`` are a tenth of a usual image, and their packages.

Of nobody else: other packages import their own tests (astropy, bottleneck, tables, tensorflow).
Checked by importing every module of these four, with and without their tests, in sets of
releases from 2019 to 2026.
"""
RUNNERS = frozenset({"pytest", "nose", "hypothesis"})
"""With one of these installed the notebook may run a package's tests."""


def packages_without_tests(plan: BuildPlan) -> tuple[str, ...]:
    """The packages whose folders ``tests``, at any depth, are left out of the image, sorted.

    None unless the plan says so, nor where the notebook itself might use one: editors complete
    imports out of test modules, and such lines are found in the wild.
    """
    if not plan.trim:
        return ()
    locked = {package.name for package in plan.requirements.locked}
    sources = [plan.script.text, *(module.source for module in plan.script.local_modules)]
    if locked & RUNNERS or any(re.search(r"\.tests\b", source) for source in sources):
        return ()
    return tuple(sorted(TESTED[name] for name in locked & TESTED.keys()))


@dataclass(frozen=True, slots=True)
class Unneeded:
    """Files of a distribution that only some programs use."""

    names: re.Pattern[str]
    """Of the distributions."""
    paths: tuple[str, ...]
    """Below site-packages; ``*`` stands for a part of a name."""
    users: re.Pattern[str] | None = None
    """Code that does use them."""
    compiling: bool = False
    """They are used where the image has a compiler, too."""


UNNEEDED = (
    Unneeded(re.compile("torch"), ("torch/bin/protoc*", "torch/bin/test_*", "torch/test")),
    Unneeded(
        re.compile("torch"),
        ("torch/include",),
        re.compile(r"cpp_extension|torch\.compile|_inductor|load_inline"),
        compiling=True,
    ),
    Unneeded(
        re.compile("tensorflow(-cpu)?"),
        ("tensorflow/include",),
        re.compile(r"sysconfig|load_op_library"),
        compiling=True,
    ),
    Unneeded(
        re.compile("triton"),
        ("triton/backends/amd/lib", "triton/backends/nvidia/lib/cupti*/*.a"),
        re.compile(r"proton|ROCM|\bhip\b"),
    ),
    Unneeded(
        re.compile(r"nvidia-nvshmem(-cu\d+)?"),
        ("nvidia/nvshmem/lib/*.a", "nvidia/nvshmem/lib/*.bc"),
        re.compile("nvshmem"),
    ),
    Unneeded(
        re.compile(r"nvidia-cusolver(-cu\d+)?"),
        ("nvidia/*/lib/libcusolverMg.so*",),
        re.compile("cusolverMg"),
    ),
)
"""Static libraries, code for GPUs of others, programs that test the package, and the headers with
which extensions are compiled. The libraries of torch, TensorFlow and JAX link none of them (read
from their ELF headers); torch and TensorFlow for the CPU were run without, on a GPU nothing was.
torch/bin/torch_shm_manager stays: torch starts it."""
COMPILER = re.compile(r"gcc|g\+\+|build-essential|clang(-\d+)?")


def unneeded_paths(plan: BuildPlan) -> tuple[str, ...]:
    """The paths below site-packages that are left out of the image, sorted; see ``UNNEEDED``.

    None unless the plan says so, nor what the notebook's own code speaks of.
    """
    if not plan.trim:
        return ()
    locked = {package.name for package in plan.requirements.locked}
    sources = [plan.script.text, *(module.source for module in plan.script.local_modules)]
    compiler = any(
        COMPILER.fullmatch(p.name) for p in plan.requirements.system if p.stage == "final"
    )
    found: set[str] = set()
    for one in UNNEEDED:
        used = one.users is not None and any(one.users.search(source) for source in sources)
        if any(map(one.names.fullmatch, locked)) and not used and not (one.compiling and compiler):
            found.update(one.paths)
    return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What the image leaves out of its packages."""

    tested: tuple[str, ...] = ()
    """Packages whose folders ``tests``, at any depth, are left out."""
    paths: tuple[str, ...] = ()
    """See ``unneeded_paths``."""

    def has(self, path: str) -> bool:
        """Whether a file, by its path below site-packages, is left out."""
        package, _, below = path.partition("/")
        if package in self.tested and "tests" in below.split("/")[:-1]:
            return True
        return any(fnmatchcase(path, p) or fnmatchcase(path, f"{p}/*") for p in self.paths)


WHOLE = Trimmed()


def trimmed(plan: BuildPlan) -> Trimmed:
    """What the image of a plan leaves out."""
    return Trimmed(packages_without_tests(plan), unneeded_paths(plan))
