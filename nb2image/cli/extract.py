"""``nb2image extract``: an image gives back what it was made of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, face


@app.command()
def extract(
    image: Annotated[
        str,
        typer.Argument(
            help="An image of the engine, or one in a file.",
            metavar="IMAGE|TAR",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The folder; new or empty.", metavar="FOLDER"),
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Replace what nb2image wrote in FOLDER before.")
    ] = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Bring notebook, script, lock and plan back out of an image, as a context to build again."""
    from nb2image import console
    from nb2image.origins import extraction
    from nb2image.services import Services

    with face(quiet=quiet, json=json) as emit:
        folder = extraction.extract(image, output, Services(), emit, force=force)
    console.show_folder(folder, as_json=json)
