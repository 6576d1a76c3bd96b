"""A failure's way back into the form: the change that mends it, or the field to look at."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import msgspec

from dashboard.build.form import DEFAULTS, NAMES, Form, known
from nb2image.jobs import Failure
from nb2image.jobs.fix import Fix, suggest
from nb2image.model import Report
from nb2image.requirements.system import system_table

OPTION = re.compile(r"--([a-z][a-z-]+)")
FIELDS = {
    "file-missing": "include",
    "input-needed": "answer",
    "gpu-needed": "no_verify",
    "api-changed": "as_of",
    "import-unresolved": "assume",
    "import-fails": "assume",
    "module-conflict": "assume",
    "unknown-package": "assume",
    "no-such-version": "constraint",
    "conflict": "constraint",
    "yanked": "constraint",
    "broken-metadata": "constraint",
    "no-wheel": "python",
    "package-build-failed": "python",
    "python-too-old": "python",
    "too-new": "as_of",
    "header-missing": "apt",
    "base-image-unavailable": "base_image",
    "context-too-large": "exclude",
    "include-missing": "include",
    "include-outside": "include",
    "builder-option": "builder",
    "offline-missing": "offline",
}
"""The field that decides, by an error's code, where only a person knows its value."""


def fix_of(failure: Failure, result: bytes = b"") -> Fix | None:
    """The change that mends a failure; ``result`` is what the failed job printed."""
    table = system_table()
    return suggest(failure, lacked(result), libraries=table.libraries, programs=table.programs)


def fix_named(text: str) -> Fix | None:
    """The change that a link's ``CODE`` or ``CODE:VALUE`` names; None for what means nothing."""
    code, _, value = text[:400].partition(":")
    table = system_table()
    failure = Failure(code=code, message=f"has no package {value}")
    return suggest(failure, value, libraries=table.libraries, programs=table.programs)


def lacked(result: bytes) -> str:
    """What the run lacked, as the report of a job says; empty when it does not."""
    try:
        report = msgspec.json.decode(result, type=Report)
    except msgspec.DecodeError:
        return ""
    failure = report.verdict.failure if report.verdict else None
    return failure.wanted if failure else ""


def applied(fix: Fix, form: Form) -> Form:
    """The form with the change; what it has no field for is left out."""
    changes: dict[str, Any] = {n: v for n, v in fix.set.items() if n in NAMES}
    for name in {*fix.add, *fix.remove} & set(NAMES):
        before: tuple[str, ...] = getattr(form, name)
        kept = [entry for entry in before if entry not in fix.remove.get(name, ())]
        changes[name] = tuple(dict.fromkeys([*kept, *fix.add.get(name, ())]))
    return replace(form, **changes)


def changed(before: Form, after: Form = DEFAULTS) -> tuple[str, ...]:
    """The fields in which two forms differ."""
    return tuple(name for name in NAMES if getattr(before, name) != getattr(after, name))


def deciding(failure: Failure) -> tuple[str, ...]:
    """The fields to look at after a failure, the likeliest first; empty when none is known."""
    codes = [f.code for f in failure.findings if f.severity == "error"] + [failure.code]
    named = [option.replace("-", "_") for option in OPTION.findall(failure.hint)]
    found = [*(FIELDS[code] for code in codes if code in FIELDS), *named]
    return tuple(dict.fromkeys(name for name in found if name in NAMES and known(name)))
