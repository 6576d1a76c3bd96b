"""The base images that exist for each Python."""

from __future__ import annotations

import re

from nb2image.errors import OptionError, PlanError
from nb2image.image import quote
from nb2image.model import BaseImage
from nb2image.options import Options

SUITES = {
    "3.6": "bullseye",
    "3.7": "bookworm",
    "3.8": "bookworm",
    "3.9": "bookworm",
    "3.10": "bookworm",
    "3.11": "bookworm",
    "3.12": "bookworm",
    "3.13": "bookworm",
    "3.14": "bookworm",
}
"""The newest Debian up to bookworm for which ``python:X.Y-slim-SUITE`` was published.

Read from the history of library/python in docker-library/official-images up to August 2026.
Images of Pythons past their end of life stay in the registry but are no longer rebuilt.
"""

PACKAGED = {"3.9": "bullseye", "3.11": "bookworm", "3.13": "trixie"}
"""The Debian release whose own Python it is. https://packages.debian.org/python3"""

GLIBC = {
    "stretch": "2.24",
    "buster": "2.28",
    "bullseye": "2.31",
    "bookworm": "2.36",
    "trixie": "2.41",
    "focal": "2.31",
    "jammy": "2.35",
    "noble": "2.39",
}
"""The C library of Debian's and Ubuntu's releases (their packages' pages for libc6)."""

OLDEST_GLIBC = "2.28"
"""Taken for a base that does not tell its release: every distribution still served has it, and
the wheels of the large packages ask for no more (numpy, scipy, torch: manylinux_2_28)."""


DEFAULT = Options()


def suites_for(options: Options) -> dict[str, str]:
    """The Debian release by Python, of the bases that can be had."""
    return PACKAGED if options.packaged_base and not options.base_image else SUITES


def base_for(python: str, options: Options = DEFAULT) -> BaseImage:
    """The base image for a Python (``3.11``).

    Raises PlanError when there is none, OptionError when the one that is named is no reference.
    """
    quote.python_version(python)
    if options.base_image:
        return named_base(python, options.base_image)
    suites = suites_for(options)
    suite = suites.get(python)
    if suite is None:
        what = "Debian release with" if options.packaged_base else "official slim image of"
        raise PlanError(
            f"there is no {what} Python {python}",
            code="base-missing",
            hint=f"choose --python from {', '.join(suites)}, or name an image with --base-image",
        )
    return BaseImage(
        reference=f"python:{python}-slim-{suite}",
        python=python,
        suite=suite,
        glibc=GLIBC[suite],
        reason=f"the official slim image of Python {python}",
    )


def named_base(python: str, named: str) -> BaseImage:
    """The base that the user named; its release is read from its tag where the tag tells."""
    try:
        quote.reference(named)
    except PlanError as error:
        raise OptionError(
            f"--base-image: {error.message}", code=error.code, hint=error.hint
        ) from error
    tag = named.partition("@")[0].rpartition("/")[2].partition(":")[2]
    suite = next((part for part in re.split(r"[-._]", tag) if part in GLIBC), "")
    return BaseImage(
        reference=named,
        python=python,
        suite=suite,
        glibc=GLIBC.get(suite, OLDEST_GLIBC),
        reason="named with --base-image"
        + ("" if suite else f"; its tag names no release, so its glibc is taken as {OLDEST_GLIBC}"),
    )
