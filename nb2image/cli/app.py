"""The command-line application and the only place where an error becomes an exit status."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from nb2image import __version__

if TYPE_CHECKING:
    from nb2image.events import Emit
    from nb2image.history.remember import Memory
    from nb2image.model.history import Action

COMMANDS = (
    *("build", "cache", "compare", "convert", "dashboard", "doctor", "extract", "history"),
    *("inspect", "plan", "push", "rebuild", "requirements", "run", "save", "verify"),
)
"""Each is a file of this folder, which registers it."""

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


@contextmanager
def face(*, quiet: bool, json: bool) -> Iterator[Emit]:
    """Show what a command emits and how it fails; every command runs inside one."""
    from nb2image import console
    from nb2image.errors import Interrupted, Nb2ImageError

    try:
        with console.progress(quiet=quiet, as_json=json) as emit:
            yield emit
    except Nb2ImageError as error:
        console.show_error(error, as_json=json)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as stop:
        console.show_error(Interrupted("interrupted"), as_json=json)
        raise typer.Exit(Interrupted.exit_code) from stop


@contextmanager
def remembered(
    action: Action,
    context: typer.Context,
    *,
    quiet: bool,
    json: bool,
    keep: bool,
    notebook: str = "",
) -> Iterator[Memory]:
    """A ``face`` whose command is kept in the history, unless the user wants none."""
    from nb2image.history.remember import remember
    from nb2image.services import Services

    with (
        face(quiet=quiet, json=json) as emit,
        remember(
            action, emit, Services(), notebook=notebook, command=context.obj, keep=keep
        ) as memory,
    ):
        yield memory


def main(argv: Sequence[str]) -> int:
    """Run the command line and return its exit status."""
    # the one that is asked for; --help and what is no command need them all
    for name in argv[:1] if argv and argv[0] in COMMANDS else COMMANDS:
        import_module(f"nb2image.cli.{name}")

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, terminated)
    try:
        app(list(argv), prog_name="nb2image", obj=tuple(argv))
    except SystemExit as end:  # how typer ends, always
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def terminated(*_: Any) -> NoReturn:
    """Let SIGTERM take the way of Ctrl-C."""
    from nb2image.process import Terminated

    raise Terminated
