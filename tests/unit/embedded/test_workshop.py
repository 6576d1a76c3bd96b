"""What is asked of the sandbox that builds wheels, and what is taken from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from nb2image.build.embedded.bases.base import Base, BaseFacts
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.http import Http
from nb2image.build.embedded.wheels import workshop
from nb2image.build.embedded.wheels.files import FileSource
from nb2image.errors import BuildError
from nb2image.model import LockedPackage, SystemPackage
from nb2image.network import NetworkConfig
from tests.unit.image.plans import REQUIREMENTS, plan
from tests.unit.requirements.fake_index import FakeIndex

TOOL = LockedPackage(name="tool", version="1.0", hashes=("sha256:" + "0" * 64,))
GCC = SystemPackage(name="build-essential", reason="compiled", stage="build")
FINAL = SystemPackage(name="libgl1", reason="loaded")


def base(interpreter: str) -> Base:
    facts = BaseFacts(interpreter=interpreter, passwd="", group="")
    return Base(name="base", digest="", architecture="amd64", layers=(), facts=facts)


def test_the_sandbox_has_what_building_needs_and_no_more() -> None:
    """The plan's compilers; not its wheels, nor what running needs."""
    compiled = plan(requirements=replace(REQUIREMENTS, system=(GCC, FINAL)))
    made = workshop.with_compilers(compiled, base("/usr/local/bin/python3.11")).requirements
    assert {p.name for p in made.system} == set(workshop.ESSENTIAL)
    assert {p.stage for p in made.system} == {"final"}
    assert made.locked == ()


@pytest.mark.parametrize(
    ("interpreter", "system", "headers"),
    [
        ("/usr/bin/python3.11", (GCC,), True),
        ("/usr/bin/python3.11", (FINAL,), False),
        ("/usr/local/bin/python3.11", (GCC,), False),
    ],
)
def test_headers_of_debians_python(
    interpreter: str, system: tuple[SystemPackage, ...], headers: bool
) -> None:
    """The official images have theirs; pure Python needs none, nor anything else."""
    compiled = plan(requirements=replace(REQUIREMENTS, system=system))
    made = workshop.with_compilers(compiled, base(interpreter)).requirements.system
    assert ("libpython3.11-dev" in {p.name for p in made}) is headers
    assert bool(made) is (GCC in system)


def test_what_only_setup_py_asks_for() -> None:
    """pip's words give a requirement; what was given already, or is an address, is not asked."""
    words = (
        "ERROR: Could not find a version that satisfies the requirement {} (from versions: none)"
    )
    lines = [
        words.format(text) for text in ("numpy>=1.13", "cython", "x @ https://a.test/x.whl", "!!")
    ]
    assert workshop.asked(["Processing ./tool-1.0.tar.gz", *lines], ["cython"]) == ("numpy>=1.13",)


@pytest.mark.parametrize("name", ["../x.tar.gz", "-r.tar.gz", "a b.whl", "", "x\n.whl", "a/b.whl"])
def test_a_name_that_is_no_files(name: str) -> None:
    """It would stand in a path and a command."""
    with pytest.raises(BuildError):
        workshop.file_name(name)


@pytest.mark.parametrize(
    ("made", "taken"),
    [
        (("tool-1.0-py3-none-any.whl",), True),
        (("other-1.0-py3-none-any.whl", "tool-1.0-py3-none-any.whl"), True),
        (("tool-2.0-py3-none-any.whl",), False),
        (("pip-1.0-py3-none-any.whl",), False),
        (("tool.whl",), False),
        ((), False),
    ],
)
def test_only_a_wheel_of_the_package_is_taken(
    made: tuple[str, ...], taken: bool, tmp_path: Path
) -> None:
    """A setup.py may make what it likes; the cache gets this release's wheel or nothing."""
    folder = tmp_path / "made"
    folder.mkdir()
    for name in made:
        (folder / name).write_bytes(name.encode())
    cache = BlobCache(root=tmp_path / "cache")
    source = FileSource(index=FakeIndex(), http=Http(NetworkConfig()), cache=cache)
    if not taken:
        with pytest.raises(BuildError) as caught:
            workshop.kept(folder, TOOL, source)
        assert caught.value.code == "wheel-foreign"
        return
    built = workshop.kept(folder, TOOL, source)
    assert built.name == "tool-1.0-py3-none-any.whl"
    found = replace(source, built={"tool": built}).wheel(TOOL)
    assert found.path.read_bytes() == built.name.encode()


def test_a_wheel_that_was_built_is_taken_again(tmp_path: Path) -> None:
    """For the same source, base, tools and day; another of them builds it anew."""
    packages = replace(REQUIREMENTS, locked=(TOOL,))
    here = base("/usr/bin/python3.11")

    def key(**changed: object) -> str:
        requirements = replace(packages, **changed)  # type: ignore[arg-type]
        return workshop.built_key(requirements.locked[0], plan(requirements=requirements), here)

    assert key() == key()
    other = replace(TOOL, hashes=("sha256:" + "1" * 64,))
    assert len({key(), key(as_of="2020-01-01"), key(system=(GCC,)), key(locked=(other,))}) == 4
