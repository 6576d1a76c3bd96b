"""The CUDA of an image, as its locked packages tell, and what a machine must have for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from packaging.version import Version

from nb2image.gpu.limits import told
from nb2image.gpu.majors import cuda_majors, cuda_version
from nb2image.gpu.table import table
from nb2image.model import Accelerator, CudaChoice, LockedPackage


def settle(accelerator: Accelerator, locked: Sequence[LockedPackage]) -> Accelerator:
    """The accelerator with its CUDA; unchanged for the CPU and where no package uses CUDA."""
    found = cuda_majors(locked)
    if accelerator.kind == "cpu" or not found:
        return accelerator
    known = table()
    major = next(iter(found))
    version = cuda_version(locked, major)
    rows = [
        row
        for package in locked
        for row in known.at(package.name, package.version)
        if row.major == major
    ]
    floors = [known.driver_floor(version), *(row.driver for row in rows)]
    oldest = [known.oldest_gpu("", version), *(known.oldest_gpu(r.dist, r.cuda) for r in rows)]
    names = ", ".join(f"{p.name} {p.version}" for p in found[major])
    because = f"; {told(accelerator.limits)}" if told(accelerator.limits) else ""
    return replace(
        accelerator,
        cuda=CudaChoice(
            version=version,
            major=major,
            driver_floor=max((f for f in floors if f), key=Version),
            min_compute_capability=max((o for o in oldest if o), key=Version, default=""),
            reason=f"{names} {'is' if len(found[major]) == 1 else 'are'} built for it{because}",
        ),
    )
