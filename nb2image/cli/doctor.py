"""``nb2image doctor``: what is there, what is missing, how to get it."""

from __future__ import annotations

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, face


@app.command()
def doctor(json: o.Json = False) -> None:
    """Check engine, sandbox, disk, package index and GPU; exits 6 when no image can be built."""
    from nb2image import console
    from nb2image.doctor import examine
    from nb2image.services import Services

    with face(quiet=False, json=json):
        checks = examine(Services())
    console.show_checks(checks, as_json=json)
    if any(check.state == "missing" and check.needed for check in checks):
        raise typer.Exit(6)
