"""The ladder: what is tried, in which order, and what is never given up."""

from __future__ import annotations

from datetime import date

from nb2image.model import Place, ResolutionStep
from nb2image.requirements.dates import VersionPolicy
from nb2image.requirements.ladder import Rung, climb, rungs
from nb2image.requirements.pins import Pin
from nb2image.requirements.python_version import PythonChoice
from nb2image.requirements.resolver import Refusal, Resolution

AVAILABLE = ("3.7", "3.8", "3.9", "3.10", "3.11", "3.12")
TODAY = date(2026, 11, 20)
FOUND = Resolution(packages=(), pylock="")
NO_WHEEL = Refusal(message="cause: Because old==1.0 has no wheels with a matching Python ABI tag")


def ladder(
    *, python: str = "3.8", fixed: bool = False, as_of: str = "", date_fixed: bool = False
) -> list[tuple[str, str]]:
    choice = PythonChoice(version=python, reason="", fixed=fixed)
    policy = VersionPolicy(
        kind="as-of" if as_of else "latest", as_of=as_of, reason="", fixed=date_fixed
    )
    return [(r.python, r.as_of) for r in rungs(choice, policy, AVAILABLE, TODAY)]


def test_date_then_python_then_newest() -> None:
    """A year later, newer Pythons, then the newest releases; nothing twice."""
    found = ladder(as_of="2021-01-01")
    assert found[:4] == [
        ("3.8", "2021-01-01"),
        ("3.8", "2022-01-01"),
        ("3.9", "2021-01-01"),
        ("3.10", "2021-01-01"),
    ]
    assert found[-3:] == [("3.8", ""), ("3.11", ""), ("3.12", "")]
    assert len(found) == len(set(found))


def test_what_the_user_asked_for_is_never_changed() -> None:
    """--python holds the Python, --as-of the date, both leave one rung."""
    assert {p for p, _ in ladder(fixed=True, as_of="2021-01-01")} == {"3.8"}
    assert {d for _, d in ladder(as_of="2021-01-01", date_fixed=True)} == {"2021-01-01"}
    assert ladder(fixed=True, as_of="2021-01-01", date_fixed=True) == [("3.8", "2021-01-01")]


def pin(name: str) -> Pin:
    return Pin(name=name, version="1.0", place=Place(cell=1), detail="")


def test_pins_give_way_before_dates_and_the_named_ones_first() -> None:
    """Only the pin that the refusal speaks of is let go."""
    tried: list[Rung] = []

    def attempt(rung: Rung) -> Resolution | Refusal:
        tried.append(rung)
        return NO_WHEEL if any(p.name == "old" for p in rung.pins) else FOUND

    start = (Rung(python="3.8", as_of="2021-01-01"), Rung(python="3.9"))
    found = climb(iter(start), (pin("old"), pin("kept")), attempt, lambda step: None)
    assert [[p.name for p in r.pins] for r in tried] == [["old", "kept"], ["kept"]]
    assert found.rung.python == "3.8"
    assert [s.ok for s in found.steps] == [False, True]


def test_an_index_that_does_not_answer_ends_the_climb() -> None:
    """No other Python or date mends a network; the step is told."""
    told: list[ResolutionStep] = []
    down = Refusal(message="error: Failed to fetch: http://x/y")
    found = climb(iter([Rung(python="3.8"), Rung(python="3.9")]), (), lambda r: down, told.append)
    assert found.found is None
    assert found.refused is not None
    assert found.refused.kind == "index-down"
    assert len(told) == 1


def test_when_nothing_holds_the_first_refusal_is_the_answer() -> None:
    """What the evidence asked for says most about what is wrong."""
    refusals = iter([NO_WHEEL, Refusal(message="cause: Because there is no version of b==1")])
    found = climb(
        iter([Rung(python="3.8"), Rung(python="3.9")]), (), lambda r: next(refusals), print
    )
    assert found.refused is not None
    assert found.refused.packages == ("old",)
    assert found.rung.python == "3.8"
