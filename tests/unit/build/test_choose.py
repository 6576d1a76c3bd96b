"""The builder is chosen by destination, by what the plan needs and by what is here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nb2image.build.choose import BuildOptions, base_without_engine, choose, choose_base
from nb2image.errors import OptionError, PlanError
from nb2image.image.base import base_for
from nb2image.model import Accelerator, BuildPlan, SystemPackage
from nb2image.options import Options
from tests.unit.gpu.locks import ONNX_12, TORCH_12
from tests.unit.image.plans import PACKAGE, PLAN, REQUIREMENTS, plan

SOURCE = replace(REQUIREMENTS, locked=(replace(PACKAGE, wheel=""),))
BUILT = plan(requirements=SOURCE)
GCC = SystemPackage(name="build-essential", reason="compiled", stage="build")
COMPILED = plan(requirements=replace(SOURCE, system=(GCC,)))
CLONED = plan(requirements=replace(REQUIREMENTS, locked=(replace(PACKAGE, hashes=()),)))
SYSTEM = plan(
    requirements=replace(REQUIREMENTS, system=(SystemPackage(name="libgl1", reason="asked for"),))
)
NAMED = plan(base=base_for("3.11", Options(base_image="registry.test/python:3.11")))
NEWER = plan(
    base=base_for("3.12"), requirements=replace(REQUIREMENTS, python="3.12"), bytecode=False
)


@pytest.mark.parametrize(
    ("of", "asked", "engine", "builder", "why"),
    [
        (PLAN, {}, True, "docker", "local engine"),
        (PLAN, {}, False, "embedded", "no container engine"),
        (PLAN, {"builder": "docker"}, False, "docker", "asked for"),
        (PLAN, {"builder": "embedded"}, True, "embedded", "asked for"),
        (PLAN, {"archive": Path("image.tar")}, True, "embedded", "--archive"),
        (PLAN, {"push": True}, True, "embedded", "--push"),
        (PLAN, {"base": "debian"}, True, "embedded", "--base"),
        (PLAN, {"compression": "zstd"}, True, "embedded", "--compression zstd"),
        (BUILT, {}, True, "docker", "build"),
        (SYSTEM, {}, True, "docker", "Debian packages"),
    ],
)
def test_builder(
    of: BuildPlan, asked: dict[str, Any], engine: bool, builder: str, why: str
) -> None:
    """Each row: what is built, what was asked, whether an engine answers → who builds and why."""
    choice = choose(of, BuildOptions(**asked), lambda: engine)
    assert choice.builder == builder
    assert why in choice.reason


@pytest.mark.parametrize(
    ("of", "asked", "podman", "builder"),
    [
        (COMPILED, {}, True, "podman"),
        (CLONED, {}, True, "podman"),
        (BUILT, {}, True, "embedded"),
        (COMPILED, {}, False, "embedded"),
        (COMPILED, {"archive": Path("image.tar")}, True, "podman"),
        (COMPILED, {"push": True}, True, "podman"),
        (COMPILED, {"push": True, "base": "debian"}, True, "embedded"),
        (COMPILED, {"builder": "embedded"}, True, "embedded"),
        (plan(trim=True), {}, True, "embedded"),
        (PLAN, {}, True, "embedded"),
        (PLAN, {"builder": "podman"}, True, "podman"),
        (PLAN, {"builder": "podman", "push": True}, True, "podman"),
    ],
)
def test_podman_makes_what_must_be_compiled(
    of: BuildPlan, asked: dict[str, Any], podman: bool, builder: str
) -> None:
    """Where no engine answers: each row as above, with whether podman is here."""
    choice = choose(of, BuildOptions(**asked), lambda: False, lambda: podman)
    assert choice.builder == builder


@pytest.mark.parametrize(
    ("of", "asked"),
    [
        (PLAN, {"builder": "docker", "push": True}),
        (PLAN, {"builder": "podman", "push": True, "base": "debian"}),
        (PLAN, {"builder": "podman", "archive": Path("x.tar"), "check": "sha256:0"}),
    ],
)
def test_contradictions(of: BuildPlan, asked: dict[str, Any]) -> None:
    """Options that no builder can honour together are an error, not a guess."""
    with pytest.raises(OptionError):
        choose(of, BuildOptions(**asked), lambda: True)


GPU = Accelerator(kind="cuda")


@pytest.mark.parametrize(
    ("of", "says"),
    [
        (plan(base=replace(PLAN.base, python_from="python:3.11"), accelerator=GPU), "put in"),
        (plan(base=replace(PLAN.base, build="nvidia/cuda:12"), accelerator=GPU), "compiler"),
        (plan(requirements=replace(REQUIREMENTS, locked=ONNX_12), accelerator=GPU), "ldconfig"),
    ],
)
def test_gpu_images_that_need_a_run(of: BuildPlan, says: str) -> None:
    """Without an engine they are refused with exit 5 and the reason, and the plan says so."""
    with pytest.raises(PlanError, match=says):
        choose(of, BuildOptions(), lambda: False)
    assert choose(of, BuildOptions(), lambda: True).builder == "docker"
    assert base_without_engine(of).startswith("not possible: ")


def test_cuda_in_wheels_needs_no_engine() -> None:
    """A GPU image upon Python's own base is made of layers like any other."""
    torch = plan(requirements=replace(REQUIREMENTS, locked=TORCH_12), accelerator=GPU)
    assert choose(torch, BuildOptions(), lambda: False).builder == "embedded"


@pytest.mark.parametrize(
    ("asked", "packaged"),
    [
        ({}, False),
        ({"base": "debian"}, True),
        ({"snapshot": "2026-01-15"}, True),
        ({"base": "base.tar", "mirror": "http://mirror.test"}, False),
    ],
)
def test_what_makes_a_base_of_packages(asked: dict[str, Any], packaged: bool) -> None:
    """The plan then chooses among the Pythons that Debian has."""
    assert BuildOptions(**asked).packaged is packaged


@pytest.mark.parametrize(
    ("of", "asked", "kind", "said"),
    [
        (PLAN, {}, "registry-or-debian", "Debian bookworm's packages when none answers"),
        (SYSTEM, {}, "registry-or-debian", "this base from its registry"),
        (NAMED, {}, "registry", "named with --base-image"),
        (NEWER, {}, "registry", "no Debian release has Python 3.12"),
        (NAMED, {"base": "debian"}, "debian", ""),
        (PLAN, {"snapshot": "2026-01-15"}, "debian", ""),
        (NAMED, {"snapshot": "2026-01-15"}, "registry", ""),
        (PLAN, {"base": "base.tar"}, "archive", ""),
    ],
)
def test_base_without_an_engine(of: BuildPlan, asked: dict[str, Any], kind: str, said: str) -> None:
    """Each row: what is built, what was asked → where the base comes from, and the plan's words."""
    assert choose_base(of, BuildOptions(**asked)).kind == kind
    assert said in base_without_engine(of)
