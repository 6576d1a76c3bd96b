"""``nb2image push``: an image of the engine goes to a registry."""

from __future__ import annotations

from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, remembered


@app.command()
def push(
    context: typer.Context,
    image: Annotated[str, typer.Argument(help="An image of the engine.", metavar="IMAGE")],
    tag: Annotated[
        str,
        typer.Option(
            "--tag",
            "-t",
            help="The name to push it by, with its registry: ghcr.io/me/analysis:1.0. "
            "Default: the image's own.",
            metavar="NAME",
            show_default=False,
        ),
    ] = "",
    no_history: o.NoHistory = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Push an image to the registry that its name says, with docker login's credentials."""
    from nb2image import console, delivery

    keep = not no_history
    with remembered("push", context, quiet=quiet, json=json, keep=keep) as memory:
        done = delivery.push(image, memory.services, memory.emit, tag=tag)
        memory.done(done)
    console.show_delivered(done, as_json=json)
