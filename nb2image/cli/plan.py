"""``nb2image plan``: what would happen."""

from __future__ import annotations

from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, remembered
from nb2image.cli.gather import gather
from nb2image.cli.groups import about_notebook, takes


@app.command()
@takes(about_notebook)
def plan(
    context: typer.Context,
    notebook: o.Notebook,
    forecast: Annotated[
        bool,
        o.option(
            "--forecast",
            help="Say how large the image will be, for the CPU and for a GPU.",
            panel=o.SHOWN,
        ),
    ] = False,
    no_history: o.NoHistory = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Show what convert would do; touches nothing and needs no engine."""
    from nb2image import console, pipeline

    keep = not no_history
    with remembered(
        "plan", context, quiet=quiet, json=json, keep=keep, notebook=str(notebook.resolve())
    ) as memory:
        options = gather(context.params)
        made = pipeline.make_plan(notebook, options, memory.services, memory.emit)
        memory.done(made)
        expected = other = None
        if forecast:
            from nb2image.measuring.forecasting import forecast_plan
            from nb2image.measuring.other_kind import other_kind

            expected = forecast_plan(made, memory.services, offline=options.offline)
            other = other_kind(notebook, made, options, memory.services)
    console.show_plan(made, as_json=json, forecast=expected, other=other)
