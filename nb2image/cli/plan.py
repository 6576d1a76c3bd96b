"""``nb2image plan``: what would happen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli.app import app


@app.command()
def plan(
    notebook: Annotated[Path, typer.Argument(help="The notebook.")],
    json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Show what convert would do; touches nothing and needs no engine."""
    from nb2image import console, pipeline
    from nb2image.options import Options
    from nb2image.services import Services

    made = pipeline.make_plan(notebook, Options(), Services(), console.progress())
    console.show_plan(made, as_json=json)
