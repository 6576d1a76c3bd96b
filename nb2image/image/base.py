"""The base images that exist for each Python."""

from __future__ import annotations

import re

from nb2image.errors import OptionError, PlanError
from nb2image.image import quote
from nb2image.model import BaseImage

GLIBC = {
    "stretch": "2.24",
    "buster": "2.28",
    "bullseye": "2.31",
    "bookworm": "2.36",
    "trixie": "2.41",
}
"""Debian's C library by release. https://tracker.debian.org/pkg/glibc"""

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
"""The newest release, bookworm at most, for which ``python:X.Y-slim-RELEASE`` was published."""


def base_for(python: str, named: str = "") -> BaseImage:
    """The base image for a Python (``3.11``); ``named`` is the user's own choice.

    Raises PlanError when there is none, OptionError when ``named`` is no image reference.
    """
    quote.python_version(python)
    if named:
        return named_base(python, named)
    suite = SUITES.get(python)
    if suite is None:
        raise PlanError(
            f"there is no official image of Python {python}",
            code="base-missing",
            hint=f"choose --python from {', '.join(SUITES)}, or name one with --base-image",
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
    tag = named.partition("@")[0].rpartition(":")[2]
    suite = next((s for s in re.split(r"[-._]", tag) if s in GLIBC), "")
    return BaseImage(
        reference=named,
        python=python,
        suite=suite,
        glibc=GLIBC.get(suite, ""),
        reason="named with --base-image",
    )
