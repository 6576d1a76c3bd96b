"""``nb2image save``: an image of the engine becomes a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, face


@app.command()
def save(
    context: typer.Context,
    image: Annotated[str, typer.Argument(help="An image of the engine.", metavar="IMAGE")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The file, as docker load reads it.",
            metavar="FILE",
            show_default=False,
        ),
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    no_history: o.NoHistory = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Write an image to a file, to be carried elsewhere: docker load --input FILE."""
    from nb2image import console, delivery
    from nb2image.remember import remember
    from nb2image.services import Services

    services = Services()
    with (
        face(quiet=quiet, json=json) as emit,
        remember("save", emit, services, command=context.obj, keep=not no_history) as memory,
    ):
        done = delivery.save(image, output, services, memory.emit, force=force)
        memory.done(done)
    console.show_delivered(done, as_json=json)
