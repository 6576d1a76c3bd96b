"""The look for names over a small index: what its tests have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from nb2image.model import DirectRequirement, Install, Place
from nb2image.options import Options
from nb2image.project.root import Project
from nb2image.requirements.code.imports import find_needs
from nb2image.requirements.naming.names import Names, find_names
from nb2image.requirements.target import Target
from nb2image.requirements.written.declared import Declared
from tests.unit.requirements.builders import code, notebook, script
from tests.unit.requirements.fake_index import FakeIndex

TARGET = Target(python="3.11")


def names(
    index: FakeIndex,
    *sources: str,
    folder: Path,
    installs: Sequence[str] = (),
    assume: tuple[tuple[str, str], ...] = (),
    written_on: str = "",
    settled_on: str = "",
    as_of: str = "",
    environment: tuple[Declared, ...] = (),
    at: str = "nb.ipynb",
) -> Names:
    """The names for a notebook of these cells in ``folder``."""
    made = script(*sources)
    lines = tuple(
        Install(tool="pip", requirement=text, place=Place(cell=9, line=n))
        for n, text in enumerate(installs, start=1)
    )
    made = type(made)(name="train.py", text=made.text, lines=(), cells=made.cells, installs=lines)
    needs, _ = find_needs(made)
    return find_names(
        needs,
        made,
        notebook(*(code(s, number=n) for n, s in enumerate(sources, start=1))),
        Project(root=folder, notebook=PurePosixPath(at)),
        TARGET,
        index,
        Options(assume=assume),
        as_of=as_of,
        written_on=written_on,
        settled_on=settled_on,
        environment=environment,
    )


def direct(found: Names) -> list[str]:
    """The names of the distributions."""
    assert not found.unresolved, found.unresolved
    return [d.name for d in found.direct]


def won(requirement: DirectRequirement) -> list[str]:
    """The rules that proposed the winner."""
    return [e.rule for e in requirement.evidence if e.won]


def known_index() -> FakeIndex:
    """Some well-known projects, and twins that only share an import's name."""
    index = FakeIndex()
    index.add("scikit-learn", "1.5", ("sklearn/__init__.py", "sklearn/svm/__init__.py"))
    index.add("sklearn", "0.0", (), sdist=True)
    index.add("opencv-python", "4.12", ("cv2/__init__.py",))
    index.add("opencv-python-headless", "4.12", ("cv2/__init__.py",))
    index.add("google-cloud-storage", "3.0", ("google/cloud/storage/__init__.py",))
    index.add("numpy", "2.0", ("numpy/__init__.py",))
    index.add("utils", "1.0", ("utils/__init__.py",))
    return index


def grown(
    index: FakeIndex, name: str, members: Mapping[str, str] | tuple[str, ...], **more: object
) -> None:
    """A project with a few releases behind it."""
    for version in ("0.8", "0.9", "1.0"):
        index.add(name, version, members, **more)  # type: ignore[arg-type]


def refusal(found: Names) -> str:
    """Why the only import was refused."""
    assert not found.direct
    (finding,) = found.unresolved
    assert finding.place is not None
    assert "--assume" in finding.hint
    return finding.message
