"""``nb2image requirements``: what the notebook needs, with the evidence, without building."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli.app import app


@app.command()
def requirements(
    notebook: Annotated[Path, typer.Argument(help="The notebook.")],
    json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Show the locked requirements and the evidence for each; builds nothing."""
    from nb2image import console, pipeline
    from nb2image.options import Options
    from nb2image.services import Services

    found = pipeline.find(notebook, Options(), Services(), console.progress())
    console.show_requirements(found, as_json=json)
