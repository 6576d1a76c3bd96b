"""Which release and file the image would install."""

from __future__ import annotations

import pytest

from nb2image.requirements.index.release import choose_release, releases
from nb2image.requirements.target import Target
from tests.unit.requirements.fake_index import FakeIndex

TARGET = Target(python="3.11")


def chosen(index: FakeIndex, specifier: str = "", as_of: str = "") -> tuple[str, str, bool] | None:
    """(version, file, whether it fits) of project x."""
    project = index.project("x")
    assert project is not None
    found = choose_release(project, TARGET, specifier, as_of)
    return (str(found.version), found.file.name, found.fits) if found else None


def test_the_newest_final_release_that_fits() -> None:
    """Newer ones for other Pythons, yanked ones and pre-releases are passed over."""
    index = FakeIndex()
    index.add("x", "1.9", tag="cp311-cp311-manylinux_2_17_x86_64")
    index.add("x", "1.10", tag="cp311-cp311-manylinux_2_17_x86_64")
    index.add("x", "1.11", tag="cp312-cp312-manylinux_2_17_x86_64")
    index.add("x", "1.12", requires_python=">=3.12")
    index.add("x", "1.13", yanked=True)
    index.add("x", "2.0rc1")
    assert chosen(index) == ("1.10", "x-1.10-cp311-cp311-manylinux_2_17_x86_64.whl", True)


def test_a_yanked_release_that_is_named() -> None:
    """Only by its very version: whoever pinned it had it."""
    project = FakeIndex().add("x", "1.13", yanked=True).project("x")
    assert project is not None
    for specifier, version in (("==1.13", "1.13"), (">=1.13", None), ("==1.13.*", None)):
        found = next(releases(project, specifier), None)
        assert (str(found[0]) if found else None) == version


def test_the_best_wheel_of_a_release() -> None:
    """The wheel made for the platform beats the pure one."""
    index = FakeIndex().add("x", "1.0").add("x", "1.0", tag="cp311-cp311-manylinux_2_17_x86_64")
    assert chosen(index) == ("1.0", "x-1.0-cp311-cp311-manylinux_2_17_x86_64.whl", True)


@pytest.mark.parametrize(
    ("specifier", "as_of", "version"),
    [
        ("", "", "3.0"),
        ("<3", "", "2.0"),
        ("", "2021-06-01", "2.0"),
        ("<2", "2021-06-01", "1.0"),
        ("", "2019-01-01", None),
        ("not a bound", "", "3.0"),
    ],
)
def test_bounds(specifier: str, as_of: str, version: str | None) -> None:
    """A specifier and a date bound the choice."""
    index = FakeIndex()
    index.add("x", "1.0", uploaded="2020-01-01")
    index.add("x", "2.0", uploaded="2021-01-01")
    index.add("x", "3.0", uploaded="2022-01-01")
    found = chosen(index, specifier, as_of)
    assert (found[0] if found else None) == version


def test_a_release_for_others_shows_what_is_inside() -> None:
    """Where nothing fits, the newest release still tells its contents."""
    index = FakeIndex().add("x", "1.0", tag="cp38-cp38-win_amd64")
    assert chosen(index) == ("1.0", "x-1.0-cp38-cp38-win_amd64.whl", False)


def test_an_sdist_fits() -> None:
    """A release without a wheel for the target can be built; another's wheel shows its files."""
    index = FakeIndex().add("x", "1.0", sdist=True)
    assert chosen(index) == ("1.0", "x-1.0.tar.gz", True)
    index.add("x", "1.0", tag="cp38-cp38-win_amd64")
    assert chosen(index) == ("1.0", "x-1.0-cp38-cp38-win_amd64.whl", True)


def test_pre_releases_where_there_is_nothing_else() -> None:
    """A project that only has pre-releases is not without releases."""
    assert chosen(FakeIndex().add("x", "0.1a1")) == ("0.1a1", "x-0.1a1-py3-none-any.whl", True)
