"""Chooses the Python of the image, and says why.

In this order: asked for; runtime files; the environment; the notebook's metadata and the paths in
its outputs; what the code's syntax and stdlib modules allow; the date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from nb2image.errors import OptionError
from nb2image.model import Finding, Notebook
from nb2image.options import Options
from nb2image.requirements.age.python_releases import all_series, in_use_at, last_patch, order
from nb2image.requirements.code.syntax import Bound, Bounds
from nb2image.requirements.written.runtime_files import NamedPython

DEFAULT = "3.11"
"""Without any evidence: maintained until October 2027, and wheels are published for it."""
ASKED = re.compile(r"^3\.\d{1,2}$")
METADATA = re.compile(r"^(3\.\d{1,2})(?:\.|$)")
END_OF_LIFE = "python-end-of-life"
"""The code of a finding."""
PATH_IN_OUTPUT = re.compile(r"/python(3\.\d{1,2})/(?:site|dist)-packages/")


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonChoice:
    """A Python and the evidence for it."""

    version: str
    """``3.11``."""
    reason: str
    fixed: bool = False
    """The user asked for it: it is never exchanged for another."""
    findings: tuple[Finding, ...] = ()


def choose_python(
    notebook: Notebook,
    options: Options,
    *,
    available: tuple[str, ...],
    files: list[NamedPython],
    environment: str = "",
    bounds: Bounds | None = None,
    as_of: str = "",
    today: date,
) -> PythonChoice:
    """The Python for the image among those ``available`` (``3.6``, …, oldest first).

    ``environment`` is the Python of the environment that versions are taken from, ``as_of`` the
    notebook's date. Raises OptionError for an invalid ``--python``.
    """
    bounds = bounds or Bounds()
    if options.python:
        if not ASKED.match(options.python):
            raise OptionError(
                f"not a Python version: {options.python!r}",
                code="python-invalid",
                hint="write it as 3.11",
            )
        findings = [*beyond(options.python, bounds), *end_of_life(options.python, today)]
        return PythonChoice(
            version=options.python,
            reason="asked for with --python",
            fixed=True,
            findings=tuple(findings),
        )
    version, reason, known = evidence(notebook, files, environment, as_of)
    findings = []
    bounding = [f for f in files if not (f.of_package and known)][:1]
    allowed = [v for v in available if all(f.allowed.contains(last_patch(v)) for f in bounding)]
    candidates = fitting(available, allowed, bounds, known)
    chosen = min(candidates, key=lambda v: (distance(v, version), order(v)))
    if chosen != version and known:
        why = why_not(version, available, bounds, bounding)
        findings.append(
            Finding(
                severity="warning",
                code="python-changed",
                message=f"Python {chosen} is used although {reason} says {version}: {why}",
                place=bounds.at_least.place if bounds.at_least and version in available else None,
                hint=f"--python {chosen} says the same without this warning",
            )
        )
    elif chosen != version:
        bound = bounds.below if order(chosen) < order(version) else bounds.at_least
        if bound:
            reason = bound.reason
        elif version in available:
            reason = f"the nearest to {version} that {bounding[0].place} allows"
        else:
            reason = f"the nearest to {version} that has a base image"
    findings += end_of_life(chosen, today)
    return PythonChoice(version=chosen, reason=reason, findings=tuple(findings))


def evidence(
    notebook: Notebook, files: list[NamedPython], environment: str, as_of: str
) -> tuple[str, str, bool]:
    """(version, reason, whether something names it) before it is clamped."""
    for file in files:
        if file.exact:
            return file.exact, str(file.place), True
    if match := METADATA.match(environment):
        return match[1], "the environment", True
    if match := METADATA.match(notebook.python_version):
        return match[1], "the notebook's metadata", True
    for cell in notebook.cells:
        for output in cell.outputs:
            if match := PATH_IN_OUTPUT.search(output.text):
                return match[1], f"a path in the output of cell {cell.number}", True
    if as_of:
        then = in_use_at(date.fromisoformat(as_of))
        if order(then) < order(DEFAULT):
            return then, f"in use in {as_of[:7]}", False
    return DEFAULT, "nothing in the notebook asks for another", False


def fitting(
    available: tuple[str, ...], allowed: list[str], bounds: Bounds, known: bool
) -> list[str]:
    """The Pythons to choose from: those that the code runs on and the files allow, if any.

    Removed modules bound only a Python that nothing names: where the notebook names one it ran
    there, so the import is guarded or a package brings the module back.
    """
    low, high = bounds.at_least, None if known else bounds.below
    for pool in (allowed, list(available)):
        found = [v for v in pool if above(v, low) and not reaches(v, high)]
        if found:
            return found
    return list(available)


def above(version: str, bound: Bound | None) -> bool:
    """Whether a version satisfies a lower bound."""
    return bound is None or order(version) >= order(bound.version)


def reaches(version: str, bound: Bound | None) -> bool:
    """Whether a version lies beyond an upper bound."""
    return bound is not None and order(version) >= order(bound.version)


def distance(a: str, b: str) -> int:
    """How many minor versions lie between."""
    return abs(order(a)[1] - order(b)[1])


def why_not(
    version: str, available: tuple[str, ...], bounds: Bounds, bounding: list[NamedPython]
) -> str:
    """Why a version that the evidence names is not taken."""
    if version not in available:
        return f"there is no base image of Python {version}"
    if bounds.at_least and not above(version, bounds.at_least):
        return bounds.at_least.reason
    return f"{bounding[0].place} does not allow it"


def beyond(version: str, bounds: Bounds) -> list[Finding]:
    """Warnings when the Python that was asked for cannot run the code."""
    found = []
    for bound, wrong in (
        (bounds.at_least, not above(version, bounds.at_least)),
        (bounds.below, reaches(version, bounds.below)),
    ):
        if bound and wrong:
            message = f"Python {version} was asked for, but {bound.reason}"
            found.append(
                Finding(severity="warning", code="python-unfit", message=message, place=bound.place)
            )
    return found


def end_of_life(version: str, today: date) -> list[Finding]:
    """A warning when the Python gets no more security fixes."""
    series = all_series().get(version)
    if series is None or series.end_of_life > today:
        return []
    message = f"Python {version} has had no security fixes since {series.end_of_life}"
    return [
        Finding(
            severity="warning",
            code=END_OF_LIFE,
            message=message,
            hint="do not serve it to the public; --python takes a newer one",
        )
    ]
