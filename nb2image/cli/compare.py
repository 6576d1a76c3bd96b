"""``nb2image compare``: images side by side."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, face
from nb2image.cli.gather import gather
from nb2image.cli.groups import about_limits, about_notebook, takes


class Form(StrEnum):
    """How the comparison is printed."""

    text = "text"
    markdown = "markdown"
    csv = "csv"
    json = "json"
    svg = "svg"
    png = "png"


@app.command()
@takes(about_limits)
@takes(about_notebook)
def compare(
    context: typer.Context,
    images: Annotated[
        list[str],
        typer.Argument(
            help="Images of the engine, tars, OCI layouts, folders that convert wrote (their "
            "forecast), @12 for the image of the history's entry 12; the others are held "
            "against the first. With --variants one notebook.",
            metavar="IMAGE…",
        ),
    ],
    variants: Annotated[
        str,
        o.option(
            "--variants",
            help="Build the notebook in these ways and compare: cpu,cpu-single,cpu-bytecode.",
            panel=o.IMAGE,
            metavar="NAMES",
        ),
    ] = "",
    reuse: Annotated[
        bool,
        o.option(
            "--reuse",
            help="Do not build a variant again whose image is there, of the very same plan.",
            panel=o.IMAGE,
        ),
    ] = False,
    max_growth: Annotated[
        str,
        o.limit("--max-growth", "Against the first image: 20MB or 5%.", "SIZE|SHARE"),
    ] = "",
    top: Annotated[
        int,
        o.option("--top", help="Rows of each list. Default: 15.", panel=o.SHOWN, metavar="N"),
    ] = 15,
    form: Annotated[
        Form, o.option("--format", help="As a table, for documents, or a chart.", panel=o.SHOWN)
    ] = Form.text,
    no_history: o.NoHistory = False,
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Compare images: totals, layers, packages and folders, build times.

    Differences are against the first image. Build times are those of the variants, or what the
    history knows of an image's plan. Only limits that are given here are asked for.
    """
    from nb2image import console
    from nb2image.analysis.budget import failure, hold
    from nb2image.configuration import growth, stated_gates
    from nb2image.errors import OptionError
    from nb2image.measuring.comparing import Variants, compare_named, compare_variants
    from nb2image.model.comparison import Budget
    from nb2image.services import Services

    json = json or form is Form.json
    with face(quiet=quiet, json=json) as emit:
        budget = Budget(
            gates=stated_gates(context.params),
            max_growth=growth(max_growth) if max_growth else None,
        )
        if variants and len(images) != 1:
            raise OptionError(
                "--variants needs one notebook",
                code="compare-variants",
                hint="nb2image compare analysis.ipynb --variants cpu,cpu-single",
            )
        if variants:
            names = [name.strip() for name in variants.split(",") if name.strip()]
            asked = Variants(
                notebook=Path(images[0]),
                names=tuple(names),
                options=gather(context.params),
                reuse=reuse,
                history=not no_history,
                command=context.obj,
            )
            found = compare_variants(asked, Services(), emit)
        else:
            platform = context.params["platform"].value
            found = compare_named(images, Services(), emit, platform=platform)
        found = hold(found, budget)
        console.show_comparison(found, form="json" if json else form.value, top=top)
        if error := failure(found):
            raise error
