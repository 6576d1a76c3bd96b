"""What would mend a failed job, as a change of its options. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nb2image.jobs.job import Failure
from nb2image.verify.remedy import library_package

NO_APT = re.compile(r"has no package (\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A change of options; their names are those of the command line, ``_`` for ``-``."""

    label: str
    """What it does, as the text of a button."""
    add: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values to add to options that take several."""
    remove: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values to take out of them."""
    set: Mapping[str, Any] = field(default_factory=dict)
    """New values of options that take one."""


def suggest(
    failure: Failure,
    wanted: str = "",
    *,
    libraries: Mapping[str, str],
    programs: Mapping[str, Sequence[str]],
) -> Fix | None:
    """The fix for a failure; None when only the user can know one.

    ``wanted`` is what the run lacked, where a verdict says so; ``libraries`` and ``programs``
    name the Debian packages of sonames and of commands.
    """
    match failure.code:
        case "library-missing" if package := libraries.get(wanted) or library_package(wanted):
            return Fix(label=f"Add the package {package}", add={"apt": (package,)})
        case "program-missing" if packages := tuple(programs.get(wanted, ())):
            return Fix(label=f"Add {', '.join(packages)}", add={"apt": packages})
        case "module-missing" if wanted:
            return Fix(label=f"Add the module {wanted}", add={"needs": (wanted,)})
        case "module-missing":
            return Fix(label="Add what the run lacked, and build again", set={"fix": True})
        case "apt-package-missing" if found := NO_APT.search(failure.message):
            return Fix(label=f"Leave out the package {found[1]}", remove={"apt": (found[1],)})
        case "file-missing" if wanted and not wanted.startswith(("/", "~")):
            return Fix(label=f"Bring {wanted} along", add={"include": (wanted,)})
        case "compiler-missing":
            return Fix(label="Build in several stages", set={"single_stage": False})
        case "out-of-memory":
            return Fix(label="Allow the run 16 GiB of memory", set={"memory": "16GiB"})
        case "timed-out":
            return Fix(label="Allow the run an hour", set={"timeout": 3600})
        case "network-needed":
            return Fix(label="Run it with a network", set={"network": "bridge"})
        case "not-reproduced":
            return Fix(label="Accept an image that runs", set={"require": "ran"})
    return None
