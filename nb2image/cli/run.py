"""``nb2image run``: an image is run and its outputs are brought back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli import proof_options as p
from nb2image.cli.app import app, remembered
from nb2image.cli.gather import size


@app.command()
def run(
    context: typer.Context,
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
    publish: Annotated[
        list[str] | None,
        typer.Option(
            "--publish",
            "-p",
            help="Let this machine reach a port: 8888:8888; can be repeated.",
            metavar="[ADDRESS:]HOST:CONTAINER",
        ),
    ] = None,
    mount: p.Mounts = None,
    env: p.Variables = None,
    env_file: p.VariableFiles = None,
    gpus: p.Gpus = "",
    memory: Annotated[
        str, typer.Option("--memory", help="What it may use; all by default.", metavar="SIZE")
    ] = "",
    name: Annotated[
        str, typer.Option("--name", help="The container's name.", show_default=False)
    ] = "",
    detach: Annotated[
        bool,
        typer.Option("--detach", "-d", help="Leave it running; its outputs stay inside."),
    ] = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Run an image, show what it prints and bring its outputs; exits as the script does."""
    import os

    from nb2image import console, pipeline
    from nb2image.run import options as given
    from nb2image.run.record import write_record
    from nb2image.run.request import Limits, RunRequest

    keep = not (no_history or detach)
    with remembered("run", context, quiet=quiet, json=json, keep=keep) as kept:
        request = RunRequest(
            image=image,
            arguments=tuple(arguments or ()),
            outputs=output,
            read_only=read_only,
            network=given.network(network),
            ports=tuple(given.port(text) for text in publish or ()),
            env=given.variables(env or (), env_file or (), os.environ),
            binds=tuple(given.bind(text) for text in mount or ()),
            gpus=given.gpus(gpus),
            name=given.container_name(name),
            limits=Limits(memory=size(memory) if memory else None),
        )
        if detach:
            console.show_started(pipeline.start(request, kept.services, kept.emit), as_json=json)
            return
        report = pipeline.run(request, kept.services, kept.emit)
        write_record(output, report)
        kept.done(report)
    console.show_run(report, output, quiet=quiet, as_json=json)
    raise typer.Exit(report.exit_status)
