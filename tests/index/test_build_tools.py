"""What a source distribution is built with, found on the index and run nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from nb2image.build.embedded.wheels.tools import LEGACY, Toolbox, build_requirements
from nb2image.errors import BuildError
from nb2image.network import read_network
from nb2image.requirements.target import Target
from nb2image.services import Services
from tests.index.fake_index import FakeIndex
from tests.index.wheels import sdist, wheel

TARGET = Target(python="3.11")


@pytest.fixture
def toolbox(index: FakeIndex, services: Services) -> Toolbox:
    """With setuptools of three years, and wheel."""
    for version, year, needs in (
        ("57.0", "2021", ""),
        ("65.0", "2022", ">=3.10"),
        ("80.0", "2025", ""),
    ):
        uploaded = f"{year}-06-01T00:00:00Z"
        file = wheel("setuptools", version, requires_python=needs)
        index.add(file, uploaded=uploaded, requires_python=needs)
    index.add(wheel("wheel", "0.40"))
    return Toolbox(services=services, network=read_network(services.environ))


@pytest.mark.parametrize(
    ("as_of", "wanted", "expected"),
    [
        ("", LEGACY, "80.0"),
        ("2022-12-31", LEGACY, "65.0"),
        ("2021-12-31", ("setuptools", "wheel"), "57.0"),
        ("2021-12-31", ("setuptools>=60",), "80.0"),  # none of that day fits: the newest then
    ],
)
def test_tools_are_of_the_day(
    toolbox: Toolbox, as_of: str, wanted: tuple[str, ...], expected: str
) -> None:
    """What is compiled is compiled with the tools of its time, as in a Dockerfile."""
    found = {p.name: p for p in toolbox.locked(wanted, TARGET, as_of)}
    assert found["setuptools"].version == expected
    assert found["setuptools"].wheel.startswith(f"setuptools-{expected}")
    assert found["setuptools"].hashes


def test_a_tool_without_a_wheel_is_none(toolbox: Toolbox, index: FakeIndex) -> None:
    """It would have to be built itself."""
    index.add(sdist("hammer", "1.0"))
    with pytest.raises(BuildError) as caught:
        toolbox.locked(("hammer",), TARGET, "")
    assert caught.value.code == "build-requirements"
    assert "hammer" in caught.value.message


@pytest.mark.parametrize(
    ("pyproject", "expected"),
    [
        (None, LEGACY),
        ("[tool.black]\n", (*LEGACY,)),
        ('[build-system]\nrequires = ["flit_core<4"]\n', ("flit_core<4", "wheel")),
        (
            "[build-system]\nrequires = [\"numpy==1.21; python_version<'3.10'\", "
            "\"numpy; python_version>='3.10'\"]\n",
            ("numpy", "wheel"),
        ),
    ],
)
def test_what_a_project_states(
    pyproject: str | None, expected: tuple[str, ...], tmp_path: Path
) -> None:
    """Of pyproject.toml (PEP 518); of a project without one what pip takes."""
    name, path = written(tmp_path, pyproject)
    assert build_requirements(path, name, TARGET) == expected


@pytest.mark.parametrize(
    ("pyproject", "code"),
    [
        ('[build-system]\nrequires = ["x @ https://example.com/x.whl"]\n', "build-requirements"),
        ('[build-system]\nrequires = ["-r /etc/passwd"]\n', "sdist-broken"),
        ("[build-system]\nrequires = 5\n", "sdist-broken"),
        ("build-system = 5\n", "sdist-broken"),
        ("[build-system\n", "sdist-broken"),
    ],
)
def test_a_project_that_is_none(pyproject: str, code: str, tmp_path: Path) -> None:
    """Nothing but names of the index is looked for."""
    name, path = written(tmp_path, pyproject)
    with pytest.raises(BuildError) as caught:
        build_requirements(path, name, TARGET)
    assert caught.value.code == code


def written(folder: Path, pyproject: str | None) -> tuple[str, Path]:
    """An sdist on disk."""
    files = {"tool.py": ""} | ({} if pyproject is None else {"pyproject.toml": pyproject})
    name, data = sdist("tool", "1.0", files=files)
    (folder / name).write_bytes(data)
    return name, folder / name
