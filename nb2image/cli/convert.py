"""``nb2image convert``: a notebook becomes a build context and an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, face


@app.command()
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
    order: o.OrderOf = o.Order.notebook,
    parameter_cell: o.ParameterCell = None,
    skip_cells: o.SkipCells = "",
    until: o.Until = None,
    answer: o.Answer = None,
    python: o.Python = "",
    requirements: o.Requirements = "",
    assume: o.Assume = None,
    env_from: o.EnvFrom = "",
    versions: o.VersionsOf = None,
    as_of: o.AsOf = "",
    apt: o.Apt = None,
    no_apt: o.NoApt = None,
    repair: o.Repair = 3,
    offline: o.Offline = False,
    base_image: o.BaseImage = "",
    single_stage: o.SingleStage = False,
    compile_bytecode: o.CompileBytecode = False,
    platform: o.PlatformOf = o.Platform.amd64,
    env: o.Env = None,
    include: o.Include = None,
    exclude: o.Exclude = None,
    max_context: o.MaxContext = "",
    no_history: o.NoHistory = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Make an image of a notebook: script, requirements, Dockerfile, build."""
    from nb2image import console, pipeline
    from nb2image.remember import remember
    from nb2image.services import Services

    asked = pipeline.Conversion(
        notebook=notebook,
        context=output,
        force=force,
        build=build,
        tag=tag,
        no_cache=no_cache,
        how=o.gather_build(context.params),
    )
    services, subject = Services(), str(notebook.resolve())
    with (
        face(quiet=quiet, json=json) as emit,
        remember("convert", emit, services, notebook=subject, keep=not no_history) as memory,
    ):
        report = pipeline.convert(asked, o.gather(context.params), services, memory.emit)
        memory.done(report)
    console.show_report(report, as_json=json)
