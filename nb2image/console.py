"""The only module that prints: results to stdout, everything else to stderr."""

from __future__ import annotations

import sys

import msgspec

from nb2image.errors import Nb2ImageError
from nb2image.events import Emit, Event, Noticed, OutputLine, StageStarted
from nb2image.model import BuildPlan, Requirements
from nb2image.model.plan import encode


def progress() -> Emit:
    """A sink that shows events as plain lines on stderr."""

    def show(event: Event) -> None:
        if isinstance(event, StageStarted) and not event.step:
            print(f"· {event.stage}", file=sys.stderr)
        elif isinstance(event, OutputLine):
            print(event.line, file=sys.stderr)
        elif isinstance(event, Noticed):
            where = f" ({event.finding.place})" if event.finding.place else ""
            print(f"  {event.finding.severity}: {event.finding.message}{where}", file=sys.stderr)

    return show


def show_plan(plan: BuildPlan, *, as_json: bool) -> None:
    """Print a plan, as JSON or for people."""
    if as_json:
        print(msgspec.json.format(encode(plan), indent=2).decode())
        return
    print(f"{plan.name}: Python {plan.requirements.python} on {plan.base.reference}")
    for package in plan.requirements.locked:
        print(f"  {package.name}=={package.version}")


def show_requirements(found: Requirements, *, as_json: bool) -> None:
    """Print the locked requirements: requirements.txt itself, or the whole record as JSON."""
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(found, order="deterministic")).decode())
        return
    print(found.text, end="")
    for package in found.system:
        print(f"# apt: {package.name} ({package.reason})")


def show_error(error: Nb2ImageError) -> None:
    """Print what happened, where, and what to do next."""
    where = f" ({error.where})" if error.where else ""
    print(f"error: {error.message}{where}", file=sys.stderr)
    for finding in error.findings:
        place = f"{finding.place}: " if finding.place else ""
        print(f"  {place}{finding.message}", file=sys.stderr)
    if error.hint:
        print(f"  → {error.hint}", file=sys.stderr)


def show_interrupted() -> None:
    """Say that the user's interrupt was heeded."""
    print("interrupted", file=sys.stderr)
