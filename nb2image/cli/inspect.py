"""``nb2image inspect``: where the bytes of an image are."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, face
from nb2image.cli.groups import about_limits, takes


class Form(StrEnum):
    """How the result is printed."""

    text = "text"
    json = "json"
    junit = "junit"
    sarif = "sarif"


@app.command()
@takes(about_limits)
def inspect(
    context: typer.Context,
    image: Annotated[
        str,
        typer.Argument(
            help="An image of the engine, a tar that docker save wrote, or an OCI layout (folder "
            "or tar). Of a folder that convert wrote, the forecast of its image.",
            metavar="IMAGE",
        ),
    ],
    platform: o.PlatformOf = o.Platform.amd64,
    top: Annotated[
        int,
        o.option("--top", help="Rows of each list. Default: 15.", panel=o.SHOWN, metavar="N"),
    ] = 15,
    form: Annotated[
        Form, o.option("--format", help="For people, or for CI.", panel=o.SHOWN)
    ] = Form.text,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Show where an image's bytes are, and hold it to limits.

    By layer, package, cell, folder and kind of file; waste as dive counts it; what would make
    it smaller. Limits are also read from [tool.nb2image.gates] in pyproject.toml or [gates] in
    nb2image.toml; an option wins over the file.
    """
    from nb2image import console
    from nb2image.analysis.gates import check, failure
    from nb2image.configuration import gates_for
    from nb2image.measuring.forecasting import forecast_plan
    from nb2image.measuring.inspection import inspect_named
    from nb2image.project.context import read_context
    from nb2image.services import Services

    json = json or form is Form.json
    with face(quiet=quiet, json=json):
        if (Path(image) / "plan.json").is_file():
            expected = forecast_plan(read_context(Path(image)), Services())
            console.show_forecast(expected, as_json=json, top=top)
            return
        gates = gates_for(context.params)
        found = check(inspect_named(image, Services(), platform=platform.value), gates)
        console.show_inspection(found, form="json" if json else form.value, top=top, quiet=quiet)
        if error := failure(found):
            raise error
