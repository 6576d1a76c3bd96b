"""What would mend a failed run: options under which the notebook is converted again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from nb2image.model import BuildPlan
from nb2image.model.verdict import Failure
from nb2image.options import Options

SONAME = re.compile(r"(lib[\w+.-]+?)\.so\.(\d+)(?:\.\d+)*")


def remedy(
    failure: Failure,
    options: Options,
    *,
    libraries: Mapping[str, str],
    programs: Mapping[str, Sequence[str]],
) -> Options | None:
    """Options that add what a run lacked; None when nothing is known, or it was added already.

    ``libraries`` and ``programs`` name the Debian packages of sonames and of commands.
    """
    wanted = failure.wanted
    if failure.code == "module-missing" and wanted not in options.lacking:
        return replace(options, lacking=(*options.lacking, wanted))
    packages: Sequence[str] = ()
    if failure.code == "library-missing":
        packages = [libraries.get(wanted) or library_package(wanted)]
    elif failure.code == "program-missing":
        packages = programs.get(wanted, ())
    missing = tuple(p for p in packages if p and p not in options.apt)
    return replace(options, apt=(*options.apt, *missing)) if missing else None


def library_package(library: str) -> str:
    """The Debian package of a shared library: its name and its version in one, in lower case.

    https://www.debian.org/doc/debian-policy/ch-sharedlibs.html#run-time-shared-libraries
    """
    found = SONAME.fullmatch(library)
    if found is None:
        return ""
    name = found[1].lower().replace("_", "-")
    return f"{name}{'-' if name[-1].isdigit() else ''}{found[2]}"


def difference(before: BuildPlan, after: BuildPlan) -> Sequence[str]:
    """What the second plan installs and the first did not (+), and the other way round (-)."""
    sides = [
        {f"{p.name}=={p.version}" for p in plan.requirements.locked}
        | {f"{p.name} (apt)" for p in plan.requirements.system if p.stage == "final"}
        for plan in (before, after)
    ]
    old, new = sides
    return [
        *(f"-{name}" for name in sorted(old - new)),
        *(f"+{name}" for name in sorted(new - old)),
    ]
