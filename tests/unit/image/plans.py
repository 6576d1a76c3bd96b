"""A small valid plan for the tests, and changes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nb2image.image.base import base_for
from nb2image.model import BuildPlan, LockedPackage, Place, Requirements, Script

PACKAGE = LockedPackage(
    name="numpy",
    version="2.0.0",
    hashes=("sha256:" + "a" * 64,),
    wheel="numpy-2.0.0-cp311-cp311-manylinux_2_17_x86_64.whl",
)
SCRIPT = Script(name="train.py", text="print('hello')\n", lines=(Place(cell=1, line=1),), cells=())
REQUIREMENTS = Requirements(
    python="3.11",
    platform="x86_64-manylinux_2_36",
    locked=(PACKAGE,),
    text="numpy==2.0.0 --hash=sha256:" + "a" * 64 + "\n",
)
PLAN = BuildPlan(
    nb2image="0.1.0",
    name="analysis",
    notebook="work/analysis.ipynb",
    notebook_sha256="b" * 64,
    workdir="work",
    script=SCRIPT,
    requirements=REQUIREMENTS,
    base=base_for("3.11"),
    created=1704067200,
)


def plan(**changes: Any) -> BuildPlan:
    """``PLAN`` with some fields changed."""
    return replace(PLAN, **changes)
