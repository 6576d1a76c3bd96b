"""What a failed run lacked becomes options for the next conversion."""

from __future__ import annotations

import pytest

from nb2image.model import Failure
from nb2image.options import Options
from nb2image.verify.remedy import library_package, remedy

PROGRAMS = {"dot": ("graphviz",)}


@pytest.mark.parametrize(
    ("code", "wanted", "better"),
    [
        ("module-missing", "openpyxl", Options(lacking=("openpyxl",))),
        ("library-missing", "libGL.so.1", Options(apt=("libgl1",))),
        ("program-missing", "dot", Options(apt=("graphviz",))),
        ("program-missing", "unheard-of", None),
        ("library-missing", "libcuda", None),
        ("file-missing", "x.csv", None),
        ("timed-out", "", None),
    ],
)
def test_each_cause_has_its_remedy_or_none(code: str, wanted: str, better: Options | None) -> None:
    """Modules and packages are added; what cannot be added is left to the user."""
    failure = Failure(code=code, message="x", wanted=wanted)
    assert remedy(failure, Options(), libraries={}, programs=PROGRAMS) == better


def test_the_same_remedy_is_not_tried_twice() -> None:
    """What was added and did not help is not added again."""
    failure = Failure(code="module-missing", message="x", wanted="yaml")
    lacking = Options(lacking=("yaml",))
    assert remedy(failure, lacking, libraries={}, programs=PROGRAMS) is None


def test_a_known_library_is_looked_up() -> None:
    """The table of libraries wins over the rule for their packages' names."""
    failure = Failure(code="library-missing", message="x", wanted="libodd.so.3")
    found = remedy(failure, Options(), libraries={"libodd.so.3": "odd"}, programs={})
    assert found == Options(apt=("odd",))


@pytest.mark.parametrize(
    ("library", "package"),
    [
        ("libGL.so.1", "libgl1"),
        ("libgomp.so.1", "libgomp1"),
        ("libSM.so.6", "libsm6"),
        ("libusb-1.0.so.0", "libusb-1.0-0"),
        ("libsndfile.so.1", "libsndfile1"),
        ("libpango-1.0.so.0", "libpango-1.0-0"),
        ("libfoo", ""),
    ],
)
def test_a_library_names_its_package(library: str, package: str) -> None:
    """Debian's rule for the names of libraries' packages."""
    assert library_package(library) == package
