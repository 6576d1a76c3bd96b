"""What was to come along with another requirement is asked for where it did not."""

from __future__ import annotations

from typing import cast

import pytest

from nb2image.model import DirectRequirement, LockedPackage
from nb2image.requirements.age.dates import VersionPolicy
from nb2image.requirements.age.python_version import PythonChoice
from nb2image.requirements.versions import joint
from nb2image.requirements.versions.ladder import Climb, Rung
from nb2image.requirements.versions.resolver import Resolution
from nb2image.requirements.wanted import Wanted
from nb2image.requirements.world import World
from tests.unit.requirements.builders import script

WANTED = Wanted(
    direct=(DirectRequirement(name="seaborn"),),
    brought=(DirectRequirement(name="scipy"),),
    needs=(),
    script=script(),
    python=PythonChoice(version="3.11", reason="asked for"),
    policy=VersionPolicy(kind="latest", reason="asked for"),
)
WORLD = cast(World, None)


def climbed(*names: str) -> Climb:
    packages = tuple(LockedPackage(name=name, version="1") for name in names)
    return Climb(rung=Rung(python="3.11"), found=Resolution(packages=packages, pylock=""))


@pytest.mark.parametrize(
    ("locked", "again", "direct"),
    [
        (climbed("scipy", "seaborn"), None, ["seaborn"]),
        (climbed("seaborn"), climbed("scipy", "seaborn"), ["scipy", "seaborn"]),
        (climbed("seaborn"), Climb(rung=Rung(python="3.11"), found=None), ["seaborn"]),
    ],
    ids=["there", "asked for", "does not fit"],
)
def test_what_was_to_come_along(
    locked: Climb, again: Climb | None, direct: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It becomes a requirement of its own, unless nothing fits with it."""
    monkeypatch.setattr(joint, "climb_ladder", lambda wanted, world, start: again)
    found, wanted = joint.with_brought(locked, WANTED, WORLD)
    assert [d.name for d in wanted.direct] == direct
    assert found.found is not None
