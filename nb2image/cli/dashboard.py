"""``nb2image dashboard``: configure, watch and compare builds in a browser."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli.app import app, face


@app.command()
def dashboard(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Notebooks below this folder can be opened.",
            exists=True,
            file_okay=False,
            show_default="the current folder",
        ),
    ] = Path(),
    host: Annotated[
        str, typer.Option("--host", help="The address to listen on.", metavar="ADDRESS")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The port to listen on.")] = 8501,
) -> None:
    """Open the dashboard in a browser."""
    from nb2image.errors import OptionError
    from nb2image.resources import folder as find

    with face(quiet=False, json=False):
        if importlib.util.find_spec("streamlit") is None:
            raise OptionError(
                "the dashboard is not installed",
                code="dashboard-missing",
                hint="pip install 'nb2image[dashboard]'",
            )
        sys.path.insert(0, str(find("dashboard").parent))
        from dashboard.server import serve

        serve(start=folder, host=host, port=port)
