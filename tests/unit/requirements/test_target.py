"""What can be installed on the image's Python and platform."""

from __future__ import annotations

import pytest
from packaging.tags import parse_tag

from nb2image.requirements.age.python_releases import last_patch
from nb2image.requirements.target import Target


@pytest.mark.parametrize(
    ("python", "platform", "tag", "fits"),
    [
        ("3.11", "x86_64-manylinux_2_36", "cp311-cp311-manylinux_2_28_x86_64", True),
        ("3.11", "x86_64-manylinux_2_36", "cp311-cp311-manylinux2014_x86_64", True),
        ("3.11", "x86_64-manylinux_2_36", "cp311-cp311-manylinux1_x86_64", True),
        ("3.11", "x86_64-manylinux_2_36", "cp38-abi3-manylinux_2_17_x86_64", True),
        ("3.11", "x86_64-manylinux_2_36", "py2.py3-none-any", True),
        ("3.11", "x86_64-manylinux_2_36", "cp311-cp311-manylinux_2_39_x86_64", False),
        ("3.11", "x86_64-manylinux_2_36", "cp312-cp312-manylinux_2_28_x86_64", False),
        ("3.11", "x86_64-manylinux_2_36", "cp312-abi3-manylinux_2_28_x86_64", False),
        ("3.11", "x86_64-manylinux_2_36", "cp311-cp311-manylinux_2_28_aarch64", False),
        ("3.11", "x86_64-manylinux_2_36", "cp311-cp311-musllinux_1_2_x86_64", False),
        ("3.11", "x86_64-manylinux_2_36", "py2-none-any", False),
        ("3.7", "x86_64-manylinux_2_36", "cp37-cp37m-manylinux1_x86_64", True),
        ("3.12", "aarch64-manylinux_2_36", "cp312-cp312-manylinux2014_aarch64", True),
        ("3.12", "aarch64-manylinux_2_36", "cp312-cp312-manylinux2010_aarch64", False),
    ],
)
def test_tags(python: str, platform: str, tag: str, fits: bool) -> None:
    """A wheel fits by its Python, ABI, architecture and glibc."""
    tags = set(Target(python=python, platform=platform).tags())
    assert bool(parse_tag(tag) & tags) is fits


def test_the_best_tag_is_first() -> None:
    """The newest glibc and the exact ABI beat the older and the pure ones."""
    tags = [str(tag) for tag in Target(python="3.11").tags()]
    assert tags[0] == "cp311-cp311-manylinux_2_36_x86_64"
    assert tags.index("cp311-abi3-manylinux_2_17_x86_64") < tags.index("py3-none-any")


@pytest.mark.parametrize(
    ("python", "requires", "accepted"),
    [
        ("3.11", ">=3.9", True),
        ("3.11", ">=3.12", False),
        ("3.11.9", ">=3.11.4", True),
        ("3.11", "<4.0,>=3.8,!=3.9.7", True),
        ("3.11", "", True),
        ("3.11", "not a specifier", True),
    ],
)
def test_requires_python(python: str, requires: str, accepted: bool) -> None:
    """Requires-Python is compared with the full version; an unreadable one shuts nobody out."""
    assert Target(python=python).accepts(requires) is accepted


def test_markers() -> None:
    """Markers see the image, not the machine that nb2image runs on."""
    environment = Target(python="3.12", platform="aarch64-manylinux_2_36").marker_environment()
    assert environment["python_full_version"] == last_patch("3.12")
    assert environment["platform_machine"] == "aarch64"
    assert environment["sys_platform"] == "linux"
