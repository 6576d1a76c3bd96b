"""The table of packages, and what an edit of it means."""

from __future__ import annotations

import pytest

from dashboard.build.packages import bounds, edited, rows, specifier
from nb2image.model import (
    BaseImage,
    BuildPlan,
    DirectRequirement,
    Evidence,
    LockedPackage,
    Place,
    Requirements,
    Script,
)
from nb2image.model.forecast import Forecast, ForecastItem

PLAN = BuildPlan(
    nb2image="1",
    name="a",
    notebook="a.ipynb",
    notebook_sha256="",
    workdir="",
    script=Script(name="train.py", text="", lines=(), cells=()),
    base=BaseImage(reference="python:3.11-slim", python="3.11"),
    created=0,
    requirements=Requirements(
        python="3.11",
        platform="x86_64-manylinux_2_36",
        text="",
        direct=(
            DirectRequirement(
                name="scikit-learn",
                evidence=(
                    Evidence(rule="pipreqs", candidate="sklearn", won=False, detail="no"),
                    Evidence(
                        rule="catalogue", candidate="scikit-learn", won=True,
                        detail="imports sklearn", place=Place(cell=2, line=1),
                    ),
                ),
            ),
        ),
        locked=(
            LockedPackage(name="numpy", version="2.1.0", via=("scikit-learn",), size=10),
            LockedPackage(name="scikit-learn", version="1.5.0", direct=True, size=20),
        ),
    ),
)  # fmt: skip
FORECAST = Forecast(
    size=1,
    error=0,
    compressed=1,
    items=(
        ForecastItem(kind="python-package", name="numpy", size=99, compressed=9, source="wheel"),
        ForecastItem(kind="base", name="scikit-learn", size=7, compressed=9, source="no package"),
    ),
)


def test_rows() -> None:
    """The notebook's own first; each with who asks for it, why, by which rule, and its size."""
    own, other = rows(PLAN, FORECAST, ("NumPy<3", "nonsense"))
    assert (own.name, own.direct, own.place, own.why) == (
        "scikit-learn", True, "cell 2, line 1", "imports sklearn",
    )  # fmt: skip
    assert own.rule == "catalogue of import names"
    assert own.size == 20  # nothing better than the download is known
    assert (other.name, other.place, other.size, other.held) == (
        "numpy", "scikit-learn", 99, "<3",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.26.4", "==1.26.4"),
        ("<2", "<2"),
        (" >=1.2, <2 ", "<2,>=1.2"),
        ("", ""),
        ("==1.*", "==1.*"),
    ],
)
def test_what_is_typed(text: str, expected: str) -> None:
    """A version holds it, bounds bound it, nothing lets it go."""
    assert specifier(text) == expected


@pytest.mark.parametrize("text", ["latest", "<2; x", "<2\n-r x", "@ https://x/y.whl", "1 2"])
def test_what_means_nothing(text: str) -> None:
    """Anything else is refused in words."""
    with pytest.raises(ValueError, match="is not a version"):
        specifier(text)


def test_an_edit_becomes_a_constraint() -> None:
    """It takes the place of an earlier one for the same package, however that was spelt."""
    shown = rows(PLAN, None)
    made, wrong = edited(shown, {0: "1.4", 1: "<2"}, ("Scikit_Learn>1", "pandas<3"))
    assert (made, wrong) == (("pandas<3", "scikit-learn==1.4", "numpy<2"), ())
    assert edited(shown, {0: ""}, made)[0] == ("pandas<3", "numpy<2")


def test_edits_that_a_browser_made_up() -> None:
    """Rows that are not there are passed over, wrong versions change nothing."""
    shown = rows(PLAN, None)
    made, wrong = edited(shown, {7: "1", -1: "1", 0: "newest"}, ("numpy<2",))
    assert made == ("numpy<2",)
    assert len(wrong) == 1
    assert wrong[0].startswith("scikit-learn: ")


def test_bounds_of_one_package_add_up() -> None:
    """Two constraints of one package hold both."""
    assert bounds(["numpy<2", "NumPy>1", "-r x"]) == {"numpy": "<2,>1"}
