"""The command-line application and the only place where an error becomes an exit status."""

from __future__ import annotations

from collections.abc import Sequence

import click
import typer

from nb2image import __version__
from nb2image.errors import Nb2ImageError

app = typer.Typer(
    name="nb2image",
    help="Turn a Jupyter notebook into a container image that is proved to run.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(wanted: bool) -> None:
    """Print the version and stop, for --version."""
    if wanted:
        typer.echo(f"nb2image {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=show_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Turn a Jupyter notebook into a container image that is proved to run."""


def main(argv: Sequence[str]) -> int:
    """Run the command line and return its exit status."""
    from nb2image import console
    from nb2image.cli import plan, requirements  # noqa: F401  each registers its command

    try:
        status = app(list(argv), standalone_mode=False)
    except Nb2ImageError as error:
        console.show_error(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        console.show_interrupted()
        return 130
    return status if isinstance(status, int) else 0
