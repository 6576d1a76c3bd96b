"""``nb2image run``: an image is run and its outputs are brought back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, face


@app.command()
def run(
    image: Annotated[str, typer.Argument(help="The image to run.", show_default=False)],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- ARGUMENTS]", help="For the script.", show_default=False),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the outputs are brought.")
    ] = Path("outputs"),
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Only /outputs and /tmp can be written.")
    ] = False,
    no_history: o.NoHistory = False,
    network: Annotated[
        str,
        typer.Option(
            "--network", help="none, or one of the engine's networks.", show_default=False
        ),
    ] = "",
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Run an image, show what it prints and bring its outputs; exits as the script does."""
    from nb2image import console, pipeline
    from nb2image.remember import remember
    from nb2image.run.request import RunRequest
    from nb2image.services import Services

    request = RunRequest(
        image=image,
        arguments=tuple(arguments or ()),
        outputs=output,
        read_only=read_only,
        network=network,
    )
    services = Services()
    with (
        face(quiet=quiet, json=json) as emit,
        remember("run", emit, services, keep=not no_history) as memory,
    ):
        report = pipeline.run(request, services, memory.emit)
        memory.done(report)
    console.show_run(report, output, quiet=quiet, as_json=json)
    raise typer.Exit(report.exit_status)
