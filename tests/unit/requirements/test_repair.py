"""What is changed for an import that fails in the image, and in which order."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from nb2image.events import ignore
from nb2image.model import LockedPackage, Need, Place, Requirements
from nb2image.options import Options
from nb2image.requirements.import_check import ImportFailure
from nb2image.requirements.repair import header_packages, repairs, wheels_instead
from nb2image.requirements.world import World
from nb2image.services import Services
from tests.unit.requirements.fake_index import FakeIndex

NEED = Need(module="plots", place=Place(cell=1))


@pytest.fixture
def index() -> FakeIndex:
    """Frames lost a name in 1.0, which plots 0.7 wants and plots 0.8 does not."""
    made = FakeIndex()
    made.add("frames", "0.9", {"frames/__init__.py": "def trim(): ..."}, uploaded="2017-01-01")
    made.add("frames", "1.0", {"frames/__init__.py": "def cut(): ..."}, uploaded="2021-01-01")
    made.add("plots", "0.7", ("plots/__init__.py",), uploaded="2017-02-01")
    made.add("plots", "0.8", ("plots/__init__.py",), uploaded="2021-02-01")
    return made


def world(index: FakeIndex, options: Options) -> World:
    """A run whose index is this one."""
    nothing = cast(Any, None)
    return World(
        services=Services(environ={}, cache=Path("/nowhere")),
        network=nothing,
        cache=nothing,
        index=cast(Any, index),
        options=options,
        emit=ignore,
    )


def ways(index: FakeIndex, failure: ImportFailure, plots: str, **options: Any) -> list[str]:
    """The constraints that each way adds, in their order."""
    asked = Options(**options)
    locked = tuple(
        LockedPackage(name=name, version=version, wheel=f"{name}-{version}-py3-none-any.whl")
        for name, version in (("frames", "1.0"), ("plots", plots))
    )
    found = Requirements(
        python="3.11", platform="x86_64-manylinux_2_36", locked=locked, needs=(NEED,), text=""
    )
    made = repairs((failure,), found, asked, world(index, asked))
    return [" ".join(w.options.constraints[len(asked.constraints) :]) for w in made]


def of_wheels(index: FakeIndex, *said: str, locked: str = "1.5") -> str:
    """What is built no more after a build that said this; frames 1.5 has no wheel."""
    index.add("frames", "1.5", sdist=True, uploaded="2022-01-01")
    packages = (
        LockedPackage(name="frames", version=locked, wheel="" if locked == "1.5" else "a.whl"),
        LockedPackage(name="plots", version="0.8", wheel="plots-0.8-py3-none-any.whl"),
    )
    found = Requirements(python="3.11", platform="x86_64-manylinux_2_36", locked=packages, text="")
    made = wheels_instead(said, found, Options(), world(index, Options()))
    return " ".join(made.options.constraints) if made else ""


@pytest.mark.parametrize(
    ("said", "locked", "expected"),
    [
        ("× Failed to build `frames==1.5`", "1.5", "frames<=1.0"),
        ("it does not say which", "1.5", "frames<=1.0"),
        ("× Failed to build `frames==1.0`", "1.0", ""),
    ],
)
def test_a_source_that_cannot_be_built_gives_way_to_a_wheel(
    said: str, locked: str, expected: str, index: FakeIndex
) -> None:
    """An older release that has one; a wheel is not at fault."""
    assert of_wheels(index, said, locked=locked) == expected


def failed(message: str, **more: str) -> ImportFailure:
    return ImportFailure(need=NEED, error="ImportError", message=message, importer="plots", **more)


LOST = failed("cannot import name 'trim' from 'frames'")


def test_the_notebooks_time_is_kept_to_where_it_can_be(index: FakeIndex) -> None:
    """First the release that has the name, then a newer one of what wants it."""
    assert ways(index, LOST, "0.7") == ["frames<1.0", "plots>0.7"]


def test_what_was_tried_is_not_tried_again(index: FakeIndex) -> None:
    """The release of the time after the one that has the name; then nothing is left."""
    tried = ("frames<1.0", "plots>0.7")
    assert ways(index, LOST, "0.7", constraints=tried) == ["frames<=0.9"]
    assert ways(index, LOST, "0.7", constraints=(*tried, "frames<=0.9")) == []


def test_the_newest_release_can_only_be_suited(index: FakeIndex) -> None:
    """There is none that is newer."""
    assert ways(index, LOST, "0.8") == ["frames<1.0"]


def test_a_package_that_python_itself_left_behind(index: FakeIndex) -> None:
    """No distribution can be bounded: where Python is given, what fails must be newer."""
    lost = failed("module 'collections' has no attribute 'Mapping'")
    assert ways(index, lost, "0.7", python="3.11") == ["plots>0.7"]


def test_what_needs_no_choice_is_offered_once(index: FakeIndex) -> None:
    """A missing module is one way, whoever should be newer."""
    failure = ImportFailure(
        need=NEED, error="ModuleNotFoundError", message="no", missing="gone", importer="plots"
    )
    assert ways(index, failure, "0.7") == [""]


@pytest.mark.parametrize(
    ("header", "given", "expected"),
    [
        ("zlib.h", (), ("zlib1g-dev",)),
        ("libxml/tree.h", (), ("libxml2-dev",)),
        ("zlib.h", ("zlib1g-dev",), None),
        ("of_their_own.h", (), None),
        ("../../etc/passwd.h", (), None),
    ],
)
def test_a_header_that_a_build_lacks(
    index: FakeIndex, header: str, given: tuple[str, ...], expected: tuple[str, ...] | None
) -> None:
    """The package that has it is added; one that is there and does not help is not added again."""
    found = Requirements(python="3.11", platform="x86_64-manylinux_2_36", text="")
    options = Options(apt=given)
    made = header_packages([header], found, options, world(index, options))
    assert (made.options.apt if made else None) == expected
