"""``nb2image cache``: what is kept on this machine to be faster next time."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, face

cache_app = typer.Typer(
    invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
app.add_typer(cache_app, name="cache")


class Part(StrEnum):
    """A part of the cache."""

    INDEX = "index"
    IMAGES = "images"
    ROOTS = "roots"


@cache_app.callback()
def cache(context: typer.Context, json: o.Json = False) -> None:
    """Show what nb2image keeps to be faster next time, and how much of it."""
    from nb2image import console
    from nb2image.caching import cache_parts
    from nb2image.services import Services

    if context.invoked_subcommand is None:
        with face(quiet=False, json=json):
            console.show_cache(cache_parts(Services().cache), as_json=json)


@cache_app.command()
def clear(
    part: Annotated[
        list[Part] | None,
        typer.Argument(help="Only these. Default: all.", metavar="[index|images|roots]..."),
    ] = None,
) -> None:
    """Forget it. Builds and runs without an engine that are under way may fail then."""
    from nb2image import console
    from nb2image.caching import clear_cache
    from nb2image.services import Services

    with face(quiet=False, json=False):
        console.show_cleared(clear_cache(Services().cache, part or list(Part)))
