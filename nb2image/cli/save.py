"""``nb2image save``: an image of the engine becomes a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, remembered


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

    keep = not no_history
    with remembered("save", context, quiet=quiet, json=json, keep=keep) as memory:
        done = delivery.save(image, output, memory.services, memory.emit, force=force)
        memory.done(done)
    console.show_delivered(done, as_json=json)
