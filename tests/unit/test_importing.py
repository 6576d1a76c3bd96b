"""Repair of an image whose imports fail: how often, and what is told when there is no way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nb2image.errors import BuildError, PlanError, RequirementsError
from nb2image.events import Event, Noticed
from nb2image.model import BuildPlan, BuiltImage, LockedPackage, Need, Place
from nb2image.options import Options
from nb2image.proof import imports as importing
from nb2image.proof.imports import checked, lacks_driver
from nb2image.requirements.import_check import ImportFailure
from nb2image.requirements.repair import Repair
from nb2image.services import Services
from tests.unit.test_pipeline import PLAN

NEED = Need(module="lib", place=Place(cell=1))
NOTHING: Mapping[tuple[str, ...], Exception] = {}
FAILURE = ImportFailure(need=NEED, error="ImportError", message="cannot import name 'a' from 'b'")


def built(number: int) -> BuiltImage:
    return BuiltImage(reference="img", id=f"sha256:{number}", size=1, builder="fake", seconds=1)


def codes(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    failing: int,
    refused: Mapping[tuple[str, ...], Exception] = NOTHING,
) -> tuple[list[str], str]:
    """The findings, and the image that is left, when the first ``failing`` images fail."""
    events: list[Event] = []
    made = [built(0)]
    written: list[tuple[str, ...]] = [()]

    def check(image: str, *rest: object) -> tuple[ImportFailure, ...]:
        return (FAILURE,) if len(made) <= failing else ()

    def ways(failures: object, found: object, options: Options, world: object) -> Iterator[Repair]:
        for line in ("b<2", "a>1"):
            yield Repair(options=replace(options, constraints=(line,)), what=line)

    def write(options: Options) -> BuildPlan:
        written.append(options.constraints)
        error = refused.get(options.constraints)
        if isinstance(error, RequirementsError):
            raise error
        return PLAN

    def make(plan: BuildPlan) -> BuiltImage:
        if written[-1] in refused:
            raise refused[written[-1]]
        made.append(built(len(made)))
        return made[-1]

    monkeypatch.setattr(importing, "check_imports", check)
    monkeypatch.setattr(importing, "repairs", ways)
    monkeypatch.setattr(importing, "make_world", lambda *given, **more: None)
    services = Services(cache=folder)
    _, image = importing.repair_imports(
        PLAN, made[0], Options(repair=2), write, make, services, events.append
    )
    if isinstance(refused.get(written[-1]), (PlanError, BuildError)):
        raise AssertionError("the context that is left is not the image's")
    return [e.finding.code for e in events if isinstance(e, Noticed)], image.id


@pytest.mark.parametrize(
    ("failing", "expected", "image"),
    [
        (0, [], "sha256:0"),
        (1, ["import-repaired"], "sha256:1"),
        (9, ["import-repaired", "import-repaired", "import-fails"], "sha256:2"),
    ],
)
def test_repairs_until_the_imports_pass_or_the_tries_are_used(
    failing: int, expected: list[str], image: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What still fails is told, and no error."""
    assert codes(monkeypatch, tmp_path, failing) == (expected, image)


NO_LOCK = RequirementsError("no wheel for b", code="no-wheel")
NO_PLAN = PlanError("the base takes no packages", code="embedded-needs-run")
NO_BUILD = BuildError("b does not compile", code="build-failed")


@pytest.mark.parametrize(
    ("refused", "expected", "image"),
    [
        ({("b<2",): NO_LOCK}, ["import-not-repaired", "import-repaired"], "sha256:1"),
        ({("b<2",): NO_BUILD}, ["import-not-repaired", "import-repaired"], "sha256:1"),
        ({("b<2",): NO_PLAN}, ["import-not-repaired", "import-repaired"], "sha256:1"),
        (
            {("b<2",): NO_LOCK, ("a>1",): NO_BUILD},
            ["import-not-repaired", "import-not-repaired", "import-fails"],
            "sha256:0",
        ),
    ],
    ids=["no lock", "no build", "no plan", "neither"],
)
def test_a_repair_that_cannot_be_made_gives_way_to_the_next(
    refused: Mapping[tuple[str, ...], Exception],
    expected: list[str],
    image: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Without any the image that is there is kept for its run to tell."""
    assert codes(monkeypatch, tmp_path, 1, refused) == (expected, image)


def test_an_edit_of_the_code_asks_no_imports_again() -> None:
    """Other packages, modules or a base of the user's own do; where an import stands does not."""

    def key(number: int, suite: str = "bookworm", **found: object) -> str:
        requirements = replace(PLAN.requirements, **found)  # type: ignore[arg-type]
        base = replace(PLAN.base, suite=suite)
        return checked(replace(PLAN, requirements=requirements, base=base), built(number))

    moved = replace(NEED, place=Place(cell=7, line=3))
    assert key(0, needs=(NEED,)) == key(1, needs=(moved,))
    other = LockedPackage(name="lib", version="9")
    assert len({key(0), key(0, needs=(NEED,)), key(0, locked=(other,))}) == 3
    assert key(0, suite="") != key(1, suite="")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("libcuda.so.1: cannot open shared object file: No such file or directory", True),
        ("cudaErrorNoDevice: no CUDA-capable device is detected", True),
        ("Found no NVIDIA driver on your system.", True),
        ("libgomp.so.1: cannot open shared object file: No such file or directory", False),
    ],
)
def test_a_driver_is_no_packages_fault(message: str, expected: bool) -> None:
    """An image for a GPU that is tried where there is none lacks what the machine brings."""
    failure = ImportFailure(
        need=Need(module="cupy", place=Place()), error="ImportError", message=message
    )
    assert lacks_driver(failure) is expected


WORDS = "Failed to build `frames==1.5`"


def first(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    *,
    said: str = WORDS,
    way: str = "frames<=1.0",
    second: Exception | None = None,
) -> list[str]:
    """The findings and the constraints of the image that is made when the first build fails."""
    events: list[Event] = []
    better = Repair(options=Options(constraints=(way,)), what=way) if way else None

    failures = [BuildError("frames does not build", details=[said])]

    def write(options: Options) -> BuildPlan:
        if isinstance(second, RequirementsError):
            raise second
        if isinstance(second, BuildError):
            failures.append(second)
        return PLAN

    def make(plan: BuildPlan) -> BuiltImage:
        if failures:
            raise failures.pop(0)
        return built(1)

    monkeypatch.setattr(importing, "wheels_instead", lambda *given: better)
    monkeypatch.setattr(importing, "make_world", lambda *given, **more: None)
    services = Services(cache=folder)
    _, _, options = importing.first_image(PLAN, Options(), write, make, services, events.append)
    codes = [e.finding.code for e in events if isinstance(e, Noticed)]
    return [*codes, *options.constraints]


def test_a_source_that_does_not_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An older release with a wheel takes its place."""
    assert first(monkeypatch, tmp_path) == ["build-repaired", "frames<=1.0"]


def test_a_header_and_then_a_release(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each change is told; the next one builds upon it."""
    events: list[Event] = []
    failures = [
        BuildError("a header", code="header-missing", subject="zlib.h"),
        BuildError("frames does not build", details=[WORDS]),
    ]
    later = replace(PLAN, requirements=replace(PLAN.requirements, python="3.9"))
    seen = []

    def write(options: Options) -> BuildPlan:
        return later

    def make(plan: BuildPlan) -> BuiltImage:
        if failures:
            raise failures.pop(0)
        return built(1)

    def older(details: object, found: object, options: Options, world: object) -> Repair:
        seen.append(found)
        return Repair(options=replace(options, constraints=("frames<=1.0",)), what="frames<=1.0")

    monkeypatch.setattr(importing, "wheels_instead", older)
    monkeypatch.setattr(importing, "make_world", lambda *given, **more: World())
    services = Services(cache=tmp_path)
    _, _, options = importing.first_image(PLAN, Options(), write, make, services, events.append)
    assert (options.apt, options.constraints) == (("zlib1g-dev",), ("frames<=1.0",))
    assert len(events) == 2
    assert seen == [later.requirements]  # those that the second build failed with


class World:
    """All that is asked of a world here."""

    def suite(self, python: str) -> str:
        return "bookworm"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"said": "no space left on device"}, "frames does not build"),
        ({"way": ""}, "frames does not build"),
        ({"second": NO_LOCK}, "frames does not build"),
        ({"second": NO_BUILD}, "b does not compile"),
    ],
    ids=["another cause", "no wheel", "no lock", "the wheel fails too"],
)
def test_a_build_that_nothing_mends(
    given: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is tried once; what was wrong at first is the error."""
    with pytest.raises(BuildError, match=message):
        first(monkeypatch, tmp_path, **given)
