"""Chooses which releases to take: an environment's, those of the notebook's time, or the newest.

No single fact dates a notebook well. Its last commit comes a median 501 days after the release of
the Python that ran it, so the earliest of three clocks counts: the last change of its code in
git, its Python's patch release and a year, its saved execution times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from nb2image.errors import OptionError
from nb2image.model import Finding, Notebook
from nb2image.options import Options
from nb2image.requirements.age.git_history import LastChange
from nb2image.requirements.age.python_releases import release_date
from nb2image.requirements.written.inline import stamped_day

YEAR = timedelta(days=365)
FIRST_NOTEBOOKS = date(2011, 12, 19)
"""IPython 0.12, the first with notebooks: a clock that says less is wrong."""

DISTRIBUTION_PYTHONS = {
    "3.10.12": date(2024, 4, 25),  # Ubuntu 22.04, superseded by 24.04
    "3.11.2": date(2025, 8, 9),  # Debian 12, superseded by 13
    "3.12.3": date(2026, 4, 23),  # Ubuntu 24.04, superseded by 26.04
}
"""Patch releases that a distribution keeps for years, and the day of its next release: those who
use its Python have old Pythons and new packages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPolicy:
    """Which releases may be taken, and why."""

    kind: Literal["env", "as-of", "latest"]
    as_of: str = ""
    """ISO date for ``as-of``: nothing newer is taken."""
    reason: str
    fixed: bool = False
    """The user asked for it: it is never exchanged for another."""
    written_on: str = ""
    """ISO date of the notebook by its clocks, whichever releases are taken; empty if unknown."""
    changed_on: str = ""
    """ISO date of the last change of its code in git; empty if unknown."""


def choose_versions(
    notebook: Notebook, options: Options, change: LastChange | None, today: date
) -> VersionPolicy:
    """The policy by what the user asks for, else by the notebook's age.

    Raises OptionError when the options contradict each other or ``--as-of`` is no date.
    """
    dated = notebook_date(notebook, change)
    if dated and dated[0] > today:  # a clock that is ahead, or a year after a Python that is new
        dated = today, dated[1]
    stamped = stamped_day(notebook) is not None
    policy = policy_of(options, dated, today, stamped=stamped)
    return replace(
        policy,
        written_on=dated[0].isoformat() if dated else "",
        changed_on=change.day if change else "",
    )


def policy_of(
    options: Options, dated: tuple[date, str] | None, today: date, *, stamped: bool
) -> VersionPolicy:
    """See ``choose_versions``; ``stamped`` when the notebook itself names the day."""
    asked = options.versions
    if options.as_of:
        if asked in {"latest", "env"}:
            raise OptionError(
                f"--versions {asked} and --as-of contradict each other", code="options-contradict"
            )
        day = parse_day(options.as_of, today)
        return VersionPolicy(kind="as-of", as_of=day, reason="asked for with --as-of", fixed=True)
    if asked == "latest":
        return VersionPolicy(kind="latest", reason="asked for with --versions", fixed=True)
    if asked == "env" or (options.env_from and not asked):
        if not options.env_from:
            raise OptionError(
                "--versions env needs an environment",
                code="options-contradict",
                hint="name one with --env-from PYTHON or --env-from 'kernel NAME'",
            )
        return VersionPolicy(kind="env", reason=f"the environment {options.env_from}")
    if dated is None:
        if asked == "as-of":
            raise OptionError(
                "nothing in the notebook or its git history tells its date",
                code="date-unknown",
                hint="give one with --as-of 2023-06-30",
            )
        return VersionPolicy(kind="latest", reason="nothing tells the notebook's date")
    then, reason = dated
    if asked == "as-of" or today - then > YEAR or (stamped and then < today):
        return VersionPolicy(kind="as-of", as_of=then.isoformat(), reason=reason)
    return VersionPolicy(kind="latest", reason=f"less than a year old: {reason}")


def parse_day(text: str, today: date) -> str:
    """A date that the user gave. Raises OptionError."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise OptionError(
            f"--as-of: not a date: {text!r}", code="date-invalid", hint="write it as 2023-06-30"
        ) from error
    if day > today:
        raise OptionError(f"--as-of: {day} has not come yet", code="date-invalid")
    return day.isoformat()


def notebook_date(notebook: Notebook, change: LastChange | None) -> tuple[date, str] | None:
    """What it says itself, else the earliest of its clocks, and which it is; None without any."""
    if stamp := stamped_day(notebook):
        return stamp[0], f"{stamp[1]} says exclude-newer"
    clocks: list[tuple[date, str]] = []
    if change is not None:
        clocks.append((date.fromisoformat(change.day), "its code last changed then in git"))
    ran = notebook.python_version
    if superseded := DISTRIBUTION_PYTHONS.get(ran):
        reason = f"a year after the distribution with Python {ran}, which ran it, was superseded"
        clocks.append((superseded + YEAR, reason))
    elif released := release_date(ran):
        clocks.append((released + YEAR, f"a year after Python {ran}, which ran it, came out"))
    executed = [c.executed_at[:10] for c in notebook.cells if c.executed_at]
    days = [day for text in executed if (day := day_or_none(text)) is not None]
    if days:
        clocks.append((max(days), "its cells were last run then"))
    born = release_date(f"{ran.rpartition('.')[0]}.0") or FIRST_NOTEBOOKS
    return min((c for c in clocks if c[0] >= max(born, FIRST_NOTEBOOKS)), default=None)


def day_or_none(text: str) -> date | None:
    """A date that the notebook gives, None when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def not_before(policy: VersionPolicy, uploads: Mapping[str, str], limit: str) -> VersionPolicy:
    """The policy with its date moved up to the youngest thing that the notebook uses.

    ``uploads`` has the day since when each distribution, or the release that the notebook names
    exactly, is on the index: the notebook ran with it, so it is at least that young. ``limit`` is
    the day of its last change, empty when unknown: what is younger had another name then, or
    another home.
    """
    known = {name: day for name, day in uploads.items() if not limit or day <= limit}
    newest = max(known, key=lambda name: known[name], default="")
    if policy.kind != "as-of" or policy.fixed or not newest or known[newest] <= policy.as_of:
        return policy
    reason = f"the notebook uses {newest}, released then"
    return replace(policy, as_of=known[newest], reason=reason)


def date_finding(policy: VersionPolicy) -> tuple[Finding, ...]:
    """What the user should know of a date that was inferred."""
    if policy.kind != "as-of" or policy.fixed:
        return ()
    return (
        Finding(
            severity="note",
            code="versions-as-of",
            message=f"versions are those of {policy.as_of}: {policy.reason}",
            hint="--versions latest takes the newest, --as-of DATE another day",
        ),
    )
