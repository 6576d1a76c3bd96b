"""``nb2image build``: a context folder becomes an image."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, remembered
from nb2image.cli.gather import gather_build


@app.command()
def build(
    context: typer.Context,
    folder: o.Folder,
    tag: o.Tag = "",
    no_cache: o.NoCache = False,
    builder: o.BuilderOf = o.Builder.auto,
    archive: o.Archive = None,
    push: o.Push = False,
    base: o.Base = "",
    snapshot: o.Snapshot = "",
    mirror: o.Mirror = "",
    compression: o.CompressionOf = o.Compression.gzip,
    check: o.Check = "",
    also: Annotated[
        list[Path] | None,
        typer.Option(
            "--also",
            help="A folder of the same image for another platform; one index then names both.",
            metavar="FOLDER",
            show_default=False,
        ),
    ] = None,
    no_history: o.NoHistory = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Build the image of a folder that convert wrote, edited by hand or not."""
    from nb2image import console, pipeline

    keep = not no_history
    with remembered("build", context, quiet=quiet, json=json, keep=keep) as memory:
        image = pipeline.build(
            folder,
            memory.services,
            memory.emit,
            tag=tag,
            no_cache=no_cache,
            how=gather_build(context.params),
        )
        memory.done(image, context=folder)
    console.show_image(image, as_json=json)
