"""``nb2image history``: what was planned, built, run and verified on this machine."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nb2image.cli import options as o
from nb2image.cli.app import app, face

if TYPE_CHECKING:
    from nb2image.history.store import History

history_app = typer.Typer(
    invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
app.add_typer(history_app, name="history")


class Action(StrEnum):
    """What was done."""

    plan = "plan"
    convert = "convert"
    build = "build"
    run = "run"
    verify = "verify"
    save = "save"
    push = "push"


class State(StrEnum):
    """How it ended."""

    ok = "ok"
    failed = "failed"


def the_history() -> History:
    """The user's history. Raises OptionError when it is switched off."""
    import os

    from nb2image.errors import OptionError
    from nb2image.history.store import History, place

    path = place(os.environ)
    if path is None:
        raise OptionError(
            "the history is switched off: NB2IMAGE_HISTORY is 'off'",
            code="history-off",
            hint="unset NB2IMAGE_HISTORY, or name a file in it",
        )
    return History(path)


@history_app.callback()
def history(
    context: typer.Context,
    notebook: Annotated[
        str, o.option("--notebook", help="Only this notebook's.", panel=o.SHOWN, metavar="FILE")
    ] = "",
    action: Annotated[
        list[Action] | None,
        o.option("--action", help="Only commands of this kind; can be repeated.", panel=o.SHOWN),
    ] = None,
    state: Annotated[
        State | None, o.option("--state", help="Only what succeeded or failed.", panel=o.SHOWN)
    ] = None,
    find: Annotated[
        str,
        o.option(
            "--find",
            help="Only where this stands in a name, the base or an error.",
            panel=o.SHOWN,
            metavar="TEXT",
        ),
    ] = "",
    limit: Annotated[
        int,
        o.option("--limit", help="How many, the newest. Default: 30.", panel=o.SHOWN, metavar="N"),
    ] = 30,
    json: o.Json = False,
) -> None:
    """List what was planned, built, run and verified on this machine, newest first."""
    from nb2image import console

    subject = str(Path(notebook).resolve()) if notebook else ""
    if context.invoked_subcommand is None:
        with face(quiet=False, json=json):
            entries = the_history().entries(
                notebook=subject,
                actions=[kind.value for kind in action or ()],
                ok=None if state is None else state is State.ok,
                find=find,
                limit=limit,
            )
            console.show_history(entries, as_json=json)


@history_app.command()
def show(
    number: Annotated[int, typer.Argument(help="An entry's number.", metavar="ID")],
    log: Annotated[
        bool, o.option("--log", help="Only what the build or run printed.", panel=o.SHOWN)
    ] = False,
    output: Annotated[
        Path | None,
        o.option(
            "--output",
            "-o",
            help="Write the result, the log and the report's figures to this folder, new or empty.",
            panel=o.SHOWN,
            metavar="FOLDER",
        ),
    ] = None,
    json: o.Json = False,
) -> None:
    """Show one entry with its result and its log."""
    from nb2image import console
    from nb2image.history.files import write_detail

    with face(quiet=False, json=json):
        detail = the_history().detail(number)
        if output is not None:
            write_detail(detail, output)
            console.show_folder(output, as_json=json)
            return
        console.show_history_entry(detail, only_log=log, as_json=json)


@history_app.command()
def prune(
    keep: Annotated[
        int | None,
        o.option("--keep", help="Keep the newest N.", panel=o.SHOWN, metavar="N"),
    ] = None,
    older_than: Annotated[
        int | None,
        o.option("--older-than", help="Forget what is older.", panel=o.SHOWN, metavar="DAYS"),
    ] = None,
) -> None:
    """Forget old entries; say which with --keep, --older-than or both."""
    from nb2image import console
    from nb2image.errors import OptionError
    from nb2image.history.store import days_ago

    with face(quiet=False, json=False):
        if (keep is None and older_than is None) or min(keep or 0, older_than or 0) < 0:
            raise OptionError(
                "prune needs --keep N or --older-than DAYS",
                code="option-missing",
                hint="to forget everything: nb2image history prune --keep 0",
            )
        before = "" if older_than is None else days_ago(older_than)
        console.show_pruned(the_history().prune(keep=keep, before=before))
