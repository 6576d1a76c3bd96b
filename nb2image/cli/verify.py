"""``nb2image verify``: an image is run and compared with the notebook that it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli import proof_options as p
from nb2image.cli.app import app, remembered


@app.command()
def verify(
    context: typer.Context,
    subject: Annotated[
        str,
        typer.Argument(
            help="An image, a folder that convert wrote, or a notebook.",
            metavar="IMAGE|FOLDER|NOTEBOOK",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The folder for the report. Default: the context's; none for an image.",
            metavar="FOLDER",
            show_default=False,
        ),
    ] = None,
    tag: o.Tag = "",
    network: p.Network = "",
    timeout: p.Timeout = 600,
    memory: p.Memory = "",
    cpus: p.Cpus = None,
    rtol: p.Rtol = 1e-6,
    runs: p.RunsOf = 2,
    require: p.RequireOf = p.Require.reproduced,
    fix: p.Fix = False,
    html: p.Html = False,
    stamp: p.Stamp = False,
    mount: p.Mounts = None,
    env: p.Variables = None,
    env_file: p.VariableFiles = None,
    gpus: p.Gpus = "",
    no_history: o.NoHistory = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Run an image confined, as a user would, and compare it with its notebook, cell by cell."""
    from nb2image import console
    from nb2image.proof import verification

    keep = not no_history
    with remembered("verify", context, quiet=quiet, json=json, keep=keep) as kept:
        asked = verification.Verification(
            subject=subject,
            folder=output,
            tag=tag,
            conditions=p.gather_conditions(context.params),
            fix=fix,
            html=html,
            stamp=stamp,
        )
        report = verification.verify(asked, kept.services, kept.emit)
        kept.done(report)
        console.show_proof(report, as_json=json)
        verification.refuse(report, require.value)
