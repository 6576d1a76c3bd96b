"""Bounds for what the locked release lacks, from the files of other releases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.version import Version

from nb2image.model import LockedPackage, Need, Place
from nb2image.requirements.target import Target
from nb2image.requirements.versions.drift import (
    Drift,
    Missing,
    drift_of_lost,
    find_drift,
    nearest_with,
)
from tests.unit.requirements.builders import wanted
from tests.unit.requirements.fake_index import FakeIndex

TARGET = Target(python="3.11")


def index() -> FakeIndex:
    """tool: ``tool.old`` until 2.x, ``tool.new`` since 4.0, ``make`` until 3.x, all by year."""
    made = FakeIndex()
    for year in range(1, 6):
        members = {"tool/__init__.py": "def make(): pass" if year < 4 else ""}
        members |= {"tool/old.py": ""} if year < 3 else {}
        members |= {"tool/new.py": ""} if year > 3 else {}
        made.add("tool", f"{year}.0", members, uploaded=f"202{year}-01-01")
        made.add("tool", f"{year}.1", members, uploaded=f"202{year}-06-01")
    made.add("meta", "1.0", (), requires=("tool",))
    return made


def drift(
    module: str,
    *names: str,
    locked: str = "5.1",
    specifier: str = "",
    as_of: str = "",
    uses: dict[str, tuple[str, ...]] | None = None,
) -> Drift | None:
    need = Need(module=module, names=names, place=Place(cell=1))
    direct = wanted("tool", specifier, module=module)
    package = LockedPackage(name="tool", version=locked)
    found = find_drift((direct,), (package,), (need,), uses or {}, index(), TARGET, as_of)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("module", "names", "locked", "specifier"),
    [
        ("tool.old", (), "5.1", "<3.0"),
        ("tool", ("make",), "5.1", "<4.0"),
        ("tool.new", (), "2.1", ">=4.0"),
        ("tool.new", (), "5.1", None),
        ("tool.never", (), "5.1", None),
        ("tool", ("old",), "2.0", None),
        ("tool", ("*",), "5.1", None),
    ],
)
def test_modules_and_names(
    module: str, names: tuple[str, ...], locked: str, specifier: str | None
) -> None:
    """Removed: below the next release; not there yet: from the first; never there: no bound."""
    found = drift(module, *names, locked=locked)
    assert (found.specifier if found else None) == specifier


LISTING = "__getattr__ = attach(__name__, attrs={'models': ['Model'%s]})"
OPEN = "'Repo is no more'\n%s\nsys.modules[__name__] = LazyModule(__name__, found_on_disk())"


@pytest.mark.parametrize(
    ("new", "locks", "repairs"),
    [(LISTING % "", "<3.0", "<3.0"), (OPEN % "", None, "<3.0")],
    ids=["listed", "anything"],
)
def test_names_behind_a_lazy_module(new: str, locks: str | None, repairs: str) -> None:
    """A list in the source tells at once; where nothing does, a failed import shows that a name is
    gone, and the last release that speaks of it has it."""
    made = FakeIndex()
    for year, text in enumerate((OPEN % "names = ['Repo']", LISTING % ", 'Repo'", new, new), 1):
        made.add("tool", f"{year}.0", {"tool/__init__.py": text}, uploaded=f"202{year}-01-01")
    package = LockedPackage(name="tool", version="4.0")
    need = Need(module="tool", names=("Repo",), place=Place(cell=1))
    direct = wanted("tool", module="tool")
    told: list[str] = []
    found = find_drift((direct,), (package,), (need,), {}, made, TARGET, "", told.append)
    assert (found[0].specifier if found else None) == locks
    assert told == (["tool 4.0 lacks tool.Repo: looking into other releases"] if locks else [])
    lost = Missing(module="tool", name="Repo", place=Place())
    drift = drift_of_lost(package, lost, made, TARGET, "")
    assert drift is not None
    assert drift.specifier == repairs
    assert drift_of_lost(package, replace(lost, name="Never"), made, TARGET, "") is None


def test_names_of_a_stub() -> None:
    """A module that makes the names of its stub has those and no others."""
    module = "__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)"
    made = FakeIndex()
    for version, names in (("1.0", "a, b"), ("2.0", "a")):
        stub = f"from .core import {names}"
        made.add("tool", version, {"tool/__init__.py": module, "tool/__init__.pyi": stub})
    package = LockedPackage(name="tool", version="2.0")
    needs = [Need(module="tool", names=(name,), place=Place()) for name in ("a", "b")]
    found = find_drift((wanted("tool", module="tool"),), (package,), needs, {}, made, TARGET)
    assert [(d.what, d.specifier) for d in found] == [("tool.b", "<2.0")]


def test_a_release_that_is_younger_than_the_date() -> None:
    """setuptools is always of today: what it has lost is looked for all the same."""
    found = drift("tool.old", as_of="2021-12-31")
    assert found is not None
    assert found.specifier == "<3.0"


def test_a_release_comes_before_a_pre_release() -> None:
    """What a final release has is no reason for a candidate of the next one."""
    made = FakeIndex()
    for version, text in (("1.0", ""), ("2.0", "def new(): pass"), ("3.0rc1", "def new(): pass")):
        made.add("tool", version, {"tool/__init__.py": text})
    package = LockedPackage(name="tool", version="1.0")
    need = Need(module="tool", names=("new",), place=Place(cell=1))
    (drift,) = find_drift((wanted("tool", module="tool"),), (package,), (need,), {}, made, TARGET)
    assert drift.specifier == ">=2.0"


def test_attributes_count_as_names() -> None:
    """``tool.make()`` needs what ``from tool import make`` needs."""
    found = drift("tool", uses={"tool": ("make",)})
    assert found is not None
    assert found.told == "tool.make is last in tool 3.1"


def test_the_users_own_bounds_hold() -> None:
    """No older release is looked into than the notebook allows."""
    assert drift("tool.old", specifier=">=3") is None


@pytest.mark.parametrize(
    ("span", "found"), [((0, 0), None), ((0, 40), 0), ((39, 40), 39), ((10, 30), 10), ((7, 40), 7)]
)
def test_the_nearest_release_is_found_with_few_questions(
    span: tuple[int, int], found: int | None
) -> None:
    """Forty releases, a thing that came and went: the first that has it, in a few rounds."""
    versions = [Version(str(n)) for n in range(40, 0, -1)]
    asked: list[Version] = []

    def has(version: Version) -> bool:
        asked.append(version)
        return versions.index(version) in range(*span)

    assert nearest_with(versions, has) == (None if found is None else versions[found])
    assert len(asked) <= 24
