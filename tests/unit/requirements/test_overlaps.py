"""Distributions that would overwrite each other."""

from __future__ import annotations

from dataclasses import replace

from nb2image.model import LockedPackage
from nb2image.requirements.naming.catalogue import load_catalogue
from nb2image.requirements.versions.overlaps import overlaps, parted
from tests.unit.requirements.builders import wanted
from tests.unit.requirements.fake_index import FakeIndex

PLAIN, HEADLESS = "opencv-python", "opencv-python-headless"


def locked(name: str, *via: str) -> LockedPackage:
    """A package of the lock."""
    wheel = f"{name.replace('-', '_')}-4.1-py3-none-any.whl"
    return LockedPackage(name=name, version="4.1", hashes=(), wheel=wheel, via=via)


def index(*, headless: str = "cv2") -> FakeIndex:
    """An index with both."""
    made = FakeIndex()
    made.add(PLAIN, "4.1", members=("cv2/__init__.py",))
    made.add(HEADLESS, "4.1", members=(f"{headless}/__init__.py",))
    return made


def test_two_that_own_a_module() -> None:
    """Told by their files: names alone say little."""
    packages = (locked(PLAIN), locked(HEADLESS, "albumentations"))
    catalogue = load_catalogue()
    (found,) = overlaps(packages, catalogue, index())
    assert "opencv-python (for the notebook) and opencv-python-headless (for albument" in (
        found.told.message
    )
    assert overlaps(packages, catalogue, index(headless="other")) == ()
    assert overlaps(packages[:1], catalogue, index()) == ()


def test_the_one_that_is_brought_stays() -> None:
    """Its bounds are others' to say; the evidence stays, and tells what became of it."""
    packages = (locked(PLAIN), locked(HEADLESS, "albumentations"))
    (found,) = overlaps(packages, load_catalogue(), index())
    asked = wanted(PLAIN, "==4.1", module="cv2")
    (made,) = parted([asked], found)
    assert (made.name, made.specifier, made.modules) == (HEADLESS, "", ("cv2",))
    assert [(e.candidate, e.won) for e in made.evidence] == [(HEADLESS, True), (PLAIN, False)]
    both = parted([asked, wanted(HEADLESS, "<5", module="cv2")], found)
    assert [(d.name, d.specifier) for d in both] == [(HEADLESS, "<5")]


def test_nobodys_word_is_overruled() -> None:
    """What the user names stays; where others bring both, nothing helps but a warning."""
    packages = (locked(PLAIN), locked(HEADLESS, "albumentations"))
    (found,) = overlaps(packages, load_catalogue(), index())
    asked = wanted(PLAIN, module="cv2")
    users = replace(asked, evidence=(replace(asked.evidence[0], rule="user"),))
    assert parted([users], found) == (users,)
    brought = replace(found, packages=(locked(PLAIN, "ultralytics"), packages[1]))
    assert parted([asked], brought) == (asked,)
