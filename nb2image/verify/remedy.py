"""What would mend a failed run: options under which the notebook is converted again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from nb2image.model import BuildPlan
from nb2image.model.verdict import Failure
from nb2image.options import Options

SONAME = re.compile(r"(lib[\w+.-]+?)\.so\.(\d+)(?:\.\d+)*")
# packages whose names do not follow from their library's (Debian 11 to 13)
LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libcairo.so.2": "libcairo2",
    "libopenblas.so.0": "libopenblas0",
    "libtk8.6.so": "libtk8.6",
}
PROGRAMS = {
    "convert": "imagemagick",
    "curl": "curl",
    "dot": "graphviz",
    "ffmpeg": "ffmpeg",
    "git": "git",
    "gs": "ghostscript",
    "java": "default-jre-headless",
    "latex": "texlive-latex-base",
    "node": "nodejs",
    "pandoc": "pandoc",
    "pdflatex": "texlive-latex-base",
    "pdftotext": "poppler-utils",
    "pdftoppm": "poppler-utils",
    "ps": "procps",
    "tesseract": "tesseract-ocr",
    "unzip": "unzip",
    "wget": "wget",
}


def remedy(failure: Failure, options: Options) -> Options | None:
    """Options that add what a run lacked; None when nothing is known, or it was added already."""
    wanted = failure.wanted
    if failure.code == "module-missing" and wanted not in options.lacking:
        return replace(options, lacking=(*options.lacking, wanted))
    package = ""
    if failure.code == "library-missing":
        package = library_package(wanted)
    elif failure.code == "program-missing":
        package = PROGRAMS.get(wanted, "")
    if package and package not in options.apt:
        return replace(options, apt=(*options.apt, package))
    return None


def library_package(library: str) -> str:
    """The Debian package of a shared library: its name and its version in one, in lower case.

    https://www.debian.org/doc/debian-policy/ch-sharedlibs.html#run-time-shared-libraries
    """
    if library in LIBRARIES:
        return LIBRARIES[library]
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
