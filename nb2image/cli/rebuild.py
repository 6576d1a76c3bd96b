"""``nb2image rebuild``: a context is built again and held against its image."""

from __future__ import annotations

from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, face


@app.command()
def rebuild(
    folder: o.Folder,
    image: Annotated[
        str,
        typer.Option(
            "--image",
            help="The image to compare with. Default: the one that the folder's report names.",
            metavar="NAME",
            show_default=False,
        ),
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Exit status 9 unless every file is the same.")
    ] = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Build a folder again from nothing and say whether the image is the same, file by file."""
    from nb2image import console
    from nb2image.errors import GateError
    from nb2image.origins import rebuild as work
    from nb2image.services import Services

    with face(quiet=quiet, json=json) as emit:
        found = work.rebuild(folder, image, Services(), emit)
        console.show_rebuilt(found, as_json=json)
        if check and not found.same_files:
            raise GateError(
                f"{folder} does not give {found.image} again: {len(found.differences)} differences",
                code="not-the-same",
                hint="the base image or what apt installs may have changed since",
            )
