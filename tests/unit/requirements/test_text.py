"""requirements.txt: pins, hashes and evidence that cannot break out of its comment."""

from __future__ import annotations

import pytest

from nb2image.model import DirectRequirement, Evidence, LockedPackage, Place
from nb2image.requirements.versions.text import comment, requirements_text

HOSTILE = [
    "x\nevil==1.0",
    "x\r\nevil==1.0",
    "x\x0bevil==1.0",
    "x\x0cevil==1.0",
    "x\x1cevil==1.0",
    "x\x85evil==1.0",
    "x\u2028evil==1.0",
    "x\u2029evil==1.0",
    "ends in a backslash \\",
    "y" * 500 + "\nevil==1.0",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_comment_is_one_line_whatever_it_quotes(text: str) -> None:
    """Every line end that pip knows is neutralised, and no comment continues."""
    made = comment(text)
    assert len(made.splitlines()) == 1
    assert made.startswith("# ")
    assert not made.endswith("\\")


def test_each_pin_stands_under_its_evidence() -> None:
    """The winner's detail and who asks for it precede the pin; every hash follows."""
    seen = Evidence(
        rule="catalogue",
        candidate="scikit-learn",
        won=True,
        detail="import sklearn",
        place=Place(cell=3, line=1),
    )
    lost = Evidence(rule="same-name", candidate="sklearn", won=False, detail="a stub")
    text = requirements_text(
        packages=(
            LockedPackage(
                name="scikit-learn",
                version="1.3.2",
                hashes=("sha256:aa", "sha256:bb"),
                direct=True,
                via=("imbalanced-learn",),
            ),
        ),
        direct=(DirectRequirement(name="scikit-learn", evidence=(lost, seen)),),
        python="3.11",
        platform="x86_64-manylinux_2_36",
        versions="as-of",
        as_of="2023-12-01",
    )
    assert text.splitlines()[3:] == [
        "# cell 3, line 1: import sklearn",
        "# via imbalanced-learn",
        "scikit-learn==1.3.2 \\",
        "    --hash=sha256:aa \\",
        "    --hash=sha256:bb",
    ]
    assert "2023-12-01" in text.splitlines()[0]
