"""``nb2image dashboard``: configure, watch and compare builds in a browser."""

from __future__ import annotations

import importlib.util
import os
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
            metavar="FOLDER",
            show_default="the current folder",
        ),
    ] = Path(),
    host: Annotated[
        str,
        typer.Option(
            "--host",
            help="The address to listen on. Whoever reaches it and has the token can run code "
            "on this machine through the container engine.",
            metavar="ADDRESS",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            help="The port to listen on; 0 for any that is free.",
            min=0,
            max=65535,
            metavar="PORT",
            show_default="8501 or the next that is free",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            help="A name under which the server is reached too, as through a proxy.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    open_browser: Annotated[
        bool, typer.Option(" /--no-open", help="Do not open a browser.", show_default=False)
    ] = True,
) -> None:
    """Open the dashboard in a browser: configure, watch and compare builds. Ctrl-C ends it."""
    from nb2image import console
    from nb2image.errors import OptionError
    from nb2image.resources import folder as find

    with face(quiet=False, json=False):
        if importlib.util.find_spec("streamlit") is None:
            raise OptionError(
                "the dashboard is not installed",
                code="dashboard-missing",
                hint="pip install 'nb2image[dashboard]'",
            )
        # the folder that holds the package "dashboard": beside this package in a checkout,
        # below it in an installed wheel
        sys.path.insert(0, str(find("dashboard").parent))
        from dashboard.gate import is_loopback
        from dashboard.server import serve

        if not is_loopback(host):
            console.tell_open_address(host)

        def ready(address: str) -> None:
            console.show_address(address)
            if open_browser and (sys.platform != "linux" or has_display()):
                import webbrowser

                webbrowser.open(address)

        try:
            serve(
                start=folder,
                host=host,
                port=port,
                names=tuple(allow_host or ()),
                ready=ready,
            )
        except KeyboardInterrupt:
            return  # the usual end of a server


def has_display() -> bool:
    """Whether a browser could show itself: on a server a text browser would take the terminal."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
