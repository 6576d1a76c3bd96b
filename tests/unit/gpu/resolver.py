"""A resolver over a handful of releases, in uv's place: the newest that fits, with its CUDA."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from nb2image.events import ignore
from nb2image.model import Limits, LockedPackage
from nb2image.options import Options
from nb2image.requirements.accelerator import for_gpu as accelerated
from nb2image.requirements.age.dates import VersionPolicy
from nb2image.requirements.age.python_version import PythonChoice
from nb2image.requirements.versions.conflicts import diagnose
from nb2image.requirements.versions.ladder import Climb, Rung
from nb2image.requirements.versions.resolver import Resolution
from nb2image.requirements.wanted import Wanted
from nb2image.requirements.world import World
from nb2image.services import Services
from tests.unit.requirements.builders import script

RELEASES = """
torch 2.15.0: nvidia-cuda-runtime==13.2.86 nvidia-cudnn-cu13==9.26.0.51
torch 2.10.0: nvidia-cuda-runtime-cu12==12.8.90 nvidia-cudnn-cu12==9.10.2.21
torch 2.7.1: nvidia-cuda-runtime-cu12==12.6.77 nvidia-cudnn-cu12==9.5.1.17
torch 2.0.1: nvidia-cuda-runtime-cu11==11.7.99 nvidia-cudnn-cu11==8.5.0.96
tensorflow 2.21.0:
tensorflow[and-cuda] 2.21.0: nvidia-cuda-runtime-cu12==12.9.79 nvidia-cudnn-cu12==9.28.0.42
tensorflow 2.11.1:
jax 0.10.2:
jax[cuda12] 0.10.2: jax-cuda12-plugin==0.10.2 nvidia-cuda-runtime-cu12==12.9.79
jax[cuda13] 0.10.2: jax-cuda13-plugin==0.10.2 nvidia-cuda-runtime==13.5.37
cupy-cuda12x 14.2.0:
cupy-cuda12x[ctk] 14.2.0: nvidia-cuda-runtime-cu12==12.9.79
cupy-cuda13x 14.2.0:
cupy-cuda13x[ctk] 14.2.0: nvidia-cuda-runtime==13.4.92
cupy-cuda11x 13.6.0:
xgboost 3.4.1: nvidia-nccl-cu13==2.32.3
xgboost 3.3.0: nvidia-nccl-cu12==2.32.3
xgboost-cu12 3.4.1: nvidia-nccl-cu12==2.32.3
onnxruntime 1.31.1:
onnxruntime-gpu 1.31.1:
onnxruntime-gpu[cuda] 1.31.1: nvidia-cuda-runtime==13.5.37
onnxruntime-gpu[cudnn] 1.31.1: nvidia-cudnn-cu13==9.28.0.42
onnxruntime-gpu 1.26.0:
onnxruntime-gpu[cuda] 1.26.0: nvidia-cuda-runtime-cu12==12.9.79
onnxruntime-gpu[cudnn] 1.26.0: nvidia-cudnn-cu12==9.28.0.42
onnxruntime-gpu 1.18.1:
"""
"""What the real index has of these, as far as it matters here."""


def brought() -> dict[tuple[str, str, str], list[str]]:
    """(name, version, extra) → what it requires."""
    found = {}
    for line in RELEASES.strip().splitlines():
        head, _, needs = line.partition(":")
        asked, version = head.split()
        requirement = Requirement(asked)
        extra = next(iter(requirement.extras), "")
        found[requirement.name, version, extra] = needs.split()
    return found


def resolve(wanted: Wanted, *_: Any) -> tuple[Climb, Wanted]:
    """As ``climb_without_drift``."""
    known = brought()
    bounds = [Requirement(line) for line in wanted.constraints]
    locked: dict[str, LockedPackage] = {}
    rung = Rung(python=wanted.python.version)
    for direct in wanted.direct:
        asked = Requirement(f"{direct.name}{direct.specifier}")
        specifiers = [asked.specifier, *(b.specifier for b in bounds if b.name == direct.name)]
        versions = [
            version
            for name, version, extra in known
            if name == direct.name and not extra and all(s.contains(version) for s in specifiers)
        ]
        if not versions:
            refused = diagnose(f"Because there is no version of {asked} you cannot use it.")
            return Climb(rung=rung, found=None, refused=refused), wanted
        version = max(versions, key=Version)
        locked[direct.name] = package(direct.name, version, ())
        for extra in ("", *direct.extras):
            for line in known.get((direct.name, version, extra), ()):
                name, _, number = line.partition("==")
                via = locked[name].via if name in locked else ()
                locked[name] = package(name, number, (*via, direct.name))
    packages = tuple(locked[name] for name in sorted(locked))
    return Climb(rung=rung, found=Resolution(packages=packages, pylock="")), wanted


def package(name: str, version: str, via: tuple[str, ...]) -> LockedPackage:
    return LockedPackage(
        name=name,
        version=version,
        hashes=("sha256:" + "c" * 64,),
        wheel=f"{name.replace('-', '_')}-{version}-py3-none-any.whl",
        via=via,
    )


def locked_for(
    wanted: Wanted, limits: Limits, options: Options, monkeypatch: pytest.MonkeyPatch
) -> tuple[Climb, Wanted, World]:
    """``climb_for_gpu`` over these releases."""
    monkeypatch.setattr(accelerated, "climb_without_drift", resolve)
    nothing = cast(Any, None)
    world = World(
        services=Services(environ={}, cache=Path("/nowhere")),
        network=nothing,
        cache=nothing,
        index=nothing,
        options=options,
        emit=ignore,
    )
    return accelerated.climb_for_gpu(wanted, {}, world, limits)


def wants(*direct: Any, python: str = "3.12") -> Wanted:
    """A notebook that asks for these distributions."""
    return Wanted(
        direct=direct,
        needs=(),
        script=script(),
        python=PythonChoice(version=python, reason=""),
        policy=VersionPolicy(kind="latest", reason=""),
    )
