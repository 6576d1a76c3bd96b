"""``nb2image requirements``: what the notebook needs, with the evidence, without building."""

from __future__ import annotations

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, face
from nb2image.cli.gather import gather
from nb2image.cli.groups import about_notebook, takes


@app.command()
@takes(about_notebook)
def requirements(
    context: typer.Context,
    notebook: o.Notebook,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Show the locked requirements and the evidence for each; builds nothing."""
    from nb2image import console, pipeline
    from nb2image.services import Services

    with face(quiet=quiet, json=json) as emit:
        found = pipeline.find(notebook, gather(context.params), Services(), emit)
    console.show_requirements(found, as_json=json)
