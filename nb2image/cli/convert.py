"""``nb2image convert``: a notebook becomes a build context and an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli import proof_options as p
from nb2image.cli.app import app, remembered
from nb2image.cli.gather import gather, gather_build
from nb2image.cli.groups import about_notebook, takes


@app.command()
@takes(about_notebook)
def convert(
    context: typer.Context,
    notebook: o.Notebook,
    tag: o.Tag = "",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The folder for the Dockerfile and all that it needs; new or empty. "
            "Default: NAME-image in the current folder, made anew each time.",
            metavar="FOLDER",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace what nb2image wrote in FOLDER before; nothing else."),
    ] = False,
    build: Annotated[
        bool, typer.Option(" /--no-build", help="Only write the folder.", show_default=False)
    ] = True,
    no_cache: o.NoCache = False,
    builder: o.BuilderOf = o.Builder.auto,
    archive: o.Archive = None,
    push: o.Push = False,
    base: o.Base = "",
    snapshot: o.Snapshot = "",
    mirror: o.Mirror = "",
    compression: o.CompressionOf = o.Compression.gzip,
    check: o.Check = "",
    no_verify: Annotated[
        bool,
        o.option("--no-verify", help="Do not run the image.", panel=p.PROOF),
    ] = False,
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
    no_history: o.NoHistory = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Make an image of a notebook, run it and compare it with the notebook."""
    from nb2image import console, pipeline
    from nb2image.proof import verification

    keep = not no_history
    with remembered(
        "convert", context, quiet=quiet, json=json, keep=keep, notebook=str(notebook.resolve())
    ) as kept:
        proof = verification.Verification(
            subject=str(notebook),
            conditions=p.gather_conditions(context.params, with_variables=False),
            fix=fix,
            html=html,
            stamp=stamp,
        )
        asked = pipeline.Conversion(
            notebook=notebook,
            context=output,
            force=force,
            build=build,
            tag=tag,
            no_cache=no_cache,
            how=gather_build(context.params),
            proof=proof if build and not no_verify else None,
        )
        make = verification.convert_and_fix if fix and asked.proof else pipeline.convert
        report = make(asked, gather(context.params), kept.services, kept.emit)
        kept.done(report)
        console.show_report(report, as_json=json)
        if report.verdict is not None and not (quiet or json):
            console.tell_proof(report.verdict)
        verification.refuse(report, require.value)
