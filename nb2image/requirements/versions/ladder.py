"""Which Pythons and dates to try, one after another, until a set of versions fits.

The first rung is what the evidence says. Versions that are only held give way first, then what is
installed and not imported. Where a refusal names packages without wheels, the next rung is the
nearest day or Python that has them; after that the date moves on by a year, the Python is lifted,
the newest releases are taken. What the user asked for outright is never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from nb2image.model import ResolutionStep
from nb2image.requirements.age.dates import YEAR, VersionPolicy
from nb2image.requirements.age.python_releases import all_series, order
from nb2image.requirements.age.python_version import DEFAULT, PythonChoice, distance
from nb2image.requirements.versions.conflicts import (
    LACKING,
    Diagnosis,
    depended_on,
    diagnose,
    mentioned,
)
from nb2image.requirements.versions.resolver import Refusal, Resolution
from nb2image.requirements.written.pins import Pin, described

MAX_STEPS = 24
NEWER_PYTHONS = 3
"""How many are tried above the one that the evidence names, with releases of the time."""

Days = tuple[str, str]
"""The first and the last day on which something came out; empty where the index tells none."""
WheelDays = Callable[[str, str], Days | None]
"""(package, Python) → when wheels of it for that Python came out; None when there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One combination to try."""

    python: str
    as_of: str = ""
    pins: tuple[Pin, ...] = ()
    left_out: tuple[str, ...] = ()
    """Soft requirements that gave way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """What may be changed, and into what."""

    python: PythonChoice
    policy: VersionPolicy
    available: tuple[str, ...]
    """The Pythons that have a base, oldest first."""
    today: date
    pins: tuple[Pin, ...] = ()
    soft: tuple[str, ...] = ()
    """Distributions that the notebook installs and does not import: they give way when they keep
    the rest from being installed."""
    start: Rung | None = None
    """Where an earlier climb ended: it is tried first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """Where the ladder led."""

    rung: Rung
    """The rung that held; the first one when none did."""
    found: Resolution | None
    refused: Diagnosis | None = None
    """Why the first rung did not hold."""
    steps: tuple[ResolutionStep, ...] = ()


def rungs(ladder: Ladder) -> Iterator[Rung]:
    """The combinations that are tried whatever the refusals say."""
    python, policy = ladder.python, ladder.policy
    day = policy.as_of
    newer = (
        [] if python.fixed else [v for v in ladder.available if order(v) > order(python.version)]
    )
    yield Rung(python=python.version, as_of=day)
    if day and not policy.fixed:
        yield Rung(python=python.version, as_of=later(day, ladder.today))
    for version in newer[:NEWER_PYTHONS]:
        # wheels for a Python are there about a year after it
        out = all_series()[version].patches[0].isoformat()
        mature = later(out, ladder.today)
        if not day or mature <= day or policy.fixed:
            yield Rung(python=version, as_of=day)
        elif mature:
            yield Rung(python=version, as_of=mature)
    if policy.fixed and day:
        return
    yield Rung(python=python.version)
    if newer:
        yield Rung(python=DEFAULT if DEFAULT in newer else newer[-1])
        yield Rung(python=newer[-1])


def later(day: str, today: date) -> str:
    """A year later; empty, for the newest, when that is still to come."""
    moved = date.fromisoformat(day) + YEAR
    return moved.isoformat() if moved < today else ""


def remedies(rung: Rung, refused: Diagnosis, ladder: Ladder, days: WheelDays) -> list[Rung]:
    """The nearest day, else the nearest Python, that has wheels of the packages that lack them."""
    if refused.kind not in LACKING or not refused.packages:
        return []
    first = first_common_day(refused.packages, rung.python, days)
    if first is not None:
        if rung.as_of and first > rung.as_of and not ladder.policy.fixed:
            return [replace(rung, as_of=first)]
        return []
    if ladder.python.fixed:
        return []
    for version in sorted(ladder.available, key=lambda v: (distance(v, rung.python), order(v))):
        first = first_common_day(refused.packages, version, days)
        if first is None or version == rung.python:
            continue
        if ladder.policy.fixed or not first:
            return [Rung(python=version, as_of=rung.as_of)]
        if rung.as_of:
            return [Rung(python=version, as_of=max(first, rung.as_of))]
        # Old releases go with what was there about when they were made.
        last = max(found[1] for p in refused.packages if (found := days(p, version)))
        return [Rung(python=version, as_of=later(last, ladder.today)), Rung(python=version)]
    return []


def first_common_day(packages: Sequence[str], python: str, days: WheelDays) -> str | None:
    """Since when all have wheels for a Python; None when one has none."""
    found = [days(package, python) for package in packages]
    if any(pair is None for pair in found):
        return None
    return max(pair[0] for pair in found if pair is not None)


def climb(
    ladder: Ladder,
    attempt: Callable[[Rung], Resolution | Refusal],
    days: WheelDays,
    tell: Callable[[ResolutionStep], None],
) -> Climb:
    """Try rung after rung; ``tell`` hears of each step as it is made.

    Stops at once at what no other version can mend, such as an index that does not answer; that
    is for the error to tell.
    """
    waiting = list(rungs(ladder))
    start, first = waiting[0], None
    pins = ladder.pins
    left_out: tuple[str, ...] = ()
    if ladder.start is not None:
        waiting.insert(0, ladder.start)
        pins, left_out = ladder.start.pins, ladder.start.left_out
    tried: set[Rung] = set()
    steps: list[ResolutionStep] = []
    while waiting and len(steps) < MAX_STEPS:
        rung = replace(waiting.pop(0), pins=pins, left_out=left_out)
        if rung in tried:
            continue
        tried.add(rung)
        found = attempt(rung)
        refused = diagnose(found.message) if isinstance(found, Refusal) else None
        message = step_message(refused, pins)
        step = ResolutionStep(
            python=rung.python, as_of=rung.as_of, ok=refused is None, message=message
        )
        steps.append(step)
        # two wishes of the notebook's own are for the user to settle; a held version gives way
        passing = refused is None or refused.passing or contradicts_pin(refused, pins)
        if passing:
            tell(step)
        if isinstance(found, Resolution):
            return Climb(rung=rung, found=found, refused=first, steps=tuple(steps))
        assert refused is not None
        first = first or refused
        if not passing:
            return Climb(rung=start, found=None, refused=refused, steps=tuple(steps))
        soft = [s for s in refused.packages if s in ladder.soft and s not in left_out]
        elsewhere = [
            way
            for way in remedies(rung, refused, ladder, days)
            if replace(way, pins=pins, left_out=left_out) not in tried
        ]
        if pins and elsewhere and not {p.name for p in pins} & set(refused.packages):
            # what the notebook ran with is worth more than the day
            waiting[:0] = elsewhere
        elif pins:
            pins = release_pins(pins, refused)
            waiting.insert(0, rung)
        elif soft:
            left_out = (*left_out, *soft)
            waiting.insert(0, rung)
        else:
            waiting[:0] = elsewhere
    return Climb(rung=start, found=None, refused=first, steps=tuple(steps))


def contradicts_pin(refused: Diagnosis, pins: tuple[Pin, ...]) -> bool:
    """Whether one of two releases that are wanted is only held."""
    return refused.kind == "contradiction" and any(p.name in refused.packages for p in pins)


def release_pins(pins: tuple[Pin, ...], refused: Diagnosis) -> tuple[Pin, ...]:
    """The pins without those that the refusal speaks of; none when it speaks of none.

    What is only depended on goes first.
    """
    named = {*mentioned(refused.explanation, [p.name for p in pins]), *refused.packages}
    held = {p.name for p in pins} & named & depended_on(refused.explanation)
    named = held or named
    kept = tuple(p for p in pins if p.name not in named)
    return kept if len(kept) < len(pins) else ()


def step_message(refused: Diagnosis | None, pins: tuple[Pin, ...]) -> str:
    """What a step tried and why it failed, for people."""
    held = f"with {described(pins)}" if pins else ""
    if refused is None:
        return f"fits {held}".rstrip()
    return f"{held}: {refused.explanation}" if held else refused.explanation
