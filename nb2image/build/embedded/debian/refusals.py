"""Packages that only their own programs can set up, and the error for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nb2image.errors import PlanError

REFUSED = {
    "tex-common": "TeX's formats and maps of fonts are made by running TeX",
    "cm-super": "its fonts are unpacked by a program of its own",
}
"""Those of which it is known beforehand."""


def refuse_known(names: Sequence[str]) -> None:
    """Raise PlanError for packages of which it is known, unread, that they cannot be set up."""
    refused = {name: REFUSED[name] for name in names if name in REFUSED}
    if refused:
        raise needs_scripts(refused)


def needs_scripts(reasons: Mapping[str, str]) -> PlanError:
    """The error for packages that only their own scripts can install, each with its reason."""
    named = ", ".join(f"{name} ({why})" for name, why in sorted(reasons.items()))
    return PlanError(
        "these packages run a script when they are installed, which the embedded builder "
        f"cannot: {named}",
        code="embedded-needs-run",
        hint="build with an engine (--builder docker) or with podman (--builder podman)",
    )
