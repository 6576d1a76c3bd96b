"""What the packages of a GPU image need of the system beside CUDA."""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.specifiers import SpecifierSet

from nb2image.gpu.majors import is_nvidia
from nb2image.gpu.table import table
from nb2image.model import LockedPackage, Place, Script, SystemPackage

COMPILES = re.compile(r"\btorch\.compile\b|^\s*(?:import|from)\s+triton\b")
"""Code that makes code: triton and inductor call a C compiler when they run."""
COMPILING = frozenset({"flash-linear-attention", "liger-kernel", "unsloth", "unsloth-zoo"})
"""Distributions that run triton's kernels on their own (their pyproject.toml, imports)."""


def not_found(locked: Sequence[LockedPackage]) -> tuple[str, ...]:
    """The packages that must be told where NVIDIA's wheels have their libraries, sorted."""
    if not any(is_nvidia(package.name) for package in locked):
        return ()
    releases = table().not_found
    return tuple(
        sorted(
            package.name
            for package in locked
            if package.name in releases
            and SpecifierSet(releases[package.name]).contains(package.version, prereleases=True)
        )
    )


def compilers(
    script: Script, locked: Sequence[LockedPackage], *, gpu: bool
) -> tuple[SystemPackage, ...]:
    """The compiler that the script calls while it runs: C for a GPU, C++ too without one.

    github.com/pytorch/pytorch/pull/170235: "Failed to find C compiler" without.
    """
    names = {package.name for package in locked}
    if "torch" not in names:
        return ()
    place = line_of(script, COMPILES)
    who = sorted(names & COMPILING)
    if place is None and not (gpu and who):
        return ()
    reason = f"{who[0]} compiles kernels while it runs" if place is None else "it compiles models"
    compiler = "gcc" if gpu else "g++"
    return tuple(
        SystemPackage(name=name, reason=f"{reason}, with a compiler", place=place)
        for name in (compiler, "libc6-dev")
    )


def line_of(script: Script, pattern: re.Pattern[str]) -> Place | None:
    """Where the code first matches; comments at a line's end count too."""
    for cell in script.cells:
        if cell.left_out:
            continue
        for number, line in enumerate(cell.source.splitlines(), start=1):
            if pattern.search(line) and not line.lstrip().startswith("#"):
                return Place(cell=cell.number, line=number)
    return None
