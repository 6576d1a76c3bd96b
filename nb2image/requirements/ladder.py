"""Which Pythons and dates to try, one after another, until a set of versions fits.

The first rung is what the evidence says. A rung changes one thing: versions seen in outputs give
way first, then the date moves on by a year, then the Python is lifted, then the newest releases
are taken. What the user asked for outright is never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from nb2image.model import ResolutionStep
from nb2image.requirements.conflicts import Diagnosis, diagnose, mentioned
from nb2image.requirements.dates import YEAR, VersionPolicy
from nb2image.requirements.pins import Pin
from nb2image.requirements.python_releases import in_use_at, order
from nb2image.requirements.python_version import DEFAULT, PythonChoice
from nb2image.requirements.resolver import Refusal, Resolution

MAX_RELEASED_PINS = 6
"""How often pins that a refusal names are let go before all are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One combination to try."""

    python: str
    as_of: str = ""
    pins: tuple[Pin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """Where the ladder led."""

    rung: Rung
    """The rung that held; the first one when none did."""
    found: Resolution | None
    refused: Diagnosis | None = None
    """Why the first rung did not hold."""
    steps: tuple[ResolutionStep, ...] = ()


def rungs(
    python: PythonChoice,
    policy: VersionPolicy,
    available: tuple[str, ...],
    today: date,
) -> Iterator[Rung]:
    """The combinations after pins have given way, in order, without repetition."""
    pythons = [python.version]
    if not python.fixed:
        pythons += [v for v in available if order(v) > order(python.version)]
    day = policy.as_of
    tried = set()

    def rung(version: str, as_of: str) -> Iterator[Rung]:
        if (version, as_of) not in tried:
            tried.add((version, as_of))
            yield Rung(python=version, as_of=as_of)

    yield from rung(python.version, day)
    if day and not policy.fixed:
        later = date.fromisoformat(day) + YEAR
        if later < today:
            yield from rung(python.version, later.isoformat())
    for version in pythons[1:3]:
        yield from rung(version, day)
    if policy.fixed and day:
        return
    if day:
        # the newest Python of the time, with what had been made for it a year later
        later = date.fromisoformat(day) + 2 * YEAR
        then = in_use_at(later)
        if later < today and then in pythons:
            yield from rung(then, later.isoformat())
    yield from rung(python.version, "")
    default = DEFAULT if DEFAULT in pythons else pythons[-1]
    yield from rung(default, "")
    yield from rung(pythons[-1], "")


def climb(
    ladder: Iterator[Rung],
    pins: tuple[Pin, ...],
    attempt: Callable[[Rung], Resolution | Refusal],
    tell: Callable[[ResolutionStep], None],
) -> Climb:
    """Try rung after rung; ``tell`` hears of each step as it is made.

    Stops at once at what no other version can mend, such as an index that does not answer.
    """
    steps: list[ResolutionStep] = []
    first: Diagnosis | None = None
    start: Rung | None = None
    for rung in ladder:
        start = start or rung
        held = pins
        for _ in range(MAX_RELEASED_PINS + 2):
            current = replace(rung, pins=held)
            found = attempt(current)
            refused = diagnose(found.message) if isinstance(found, Refusal) else None
            step = ResolutionStep(
                python=rung.python,
                as_of=rung.as_of,
                ok=refused is None,
                message=step_message(refused, held),
            )
            steps.append(step)
            tell(step)
            if isinstance(found, Resolution):
                return Climb(rung=current, found=found, refused=first, steps=tuple(steps))
            assert refused is not None
            first = first or refused
            if not refused.passing:
                return Climb(rung=start, found=None, refused=refused, steps=tuple(steps))
            if not held:
                break
            held = release_pins(held, refused)
    assert start is not None
    return Climb(rung=start, found=None, refused=first, steps=tuple(steps))


def release_pins(pins: tuple[Pin, ...], refused: Diagnosis) -> tuple[Pin, ...]:
    """The pins without those that the refusal speaks of; none when it speaks of none."""
    named = {*mentioned(refused.explanation, [p.name for p in pins]), *refused.packages}
    kept = tuple(p for p in pins if p.name not in named)
    return kept if len(kept) < len(pins) else ()


def step_message(refused: Diagnosis | None, pins: tuple[Pin, ...]) -> str:
    """What a step tried and why it failed, for people."""
    held = f"with {len(pins)} versions seen in outputs" if pins else ""
    if refused is None:
        return held
    return f"{held}: {refused.explanation}" if held else refused.explanation
