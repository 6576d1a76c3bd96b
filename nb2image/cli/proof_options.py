"""The options of the proof: how an image is run to be compared, and what counts as success."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nb2image.cli.gather import size
from nb2image.cli.options import option

if TYPE_CHECKING:
    from nb2image.proof.prove import Conditions
    from nb2image.run.request import Bind

PROOF = "The proof"
RUN = "The run"


class Require(StrEnum):
    """What makes an image a success."""

    ran = "ran"
    reproduced = "reproduced"


Network = Annotated[
    str,
    option(
        "--network",
        help="Run it with a network of the engine, such as bridge. Default: none.",
        panel=PROOF,
        metavar="NAME",
    ),
]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout", help="Seconds that a run may take.", rich_help_panel=PROOF, min=1, metavar="S"
    ),
]
Memory = Annotated[
    str, option("--memory", help="What it may use. Default: 8GiB.", panel=PROOF, metavar="SIZE")
]
Cpus = Annotated[
    float | None,
    option("--cpus", help="Processors that it may use; all by default.", panel=PROOF, metavar="N"),
]
Rtol = Annotated[
    float,
    typer.Option(
        "--rtol",
        help="How much numbers may differ, relative; whole ones never.",
        rich_help_panel=PROOF,
        min=0,
        metavar="X",
    ),
]
RunsOf = Annotated[
    int,
    typer.Option(
        "--runs",
        help="Runs at most: a second one tells which differing cells are random.",
        rich_help_panel=PROOF,
        min=1,
        max=10,
    ),
]
RequireOf = Annotated[
    Require,
    typer.Option(
        "--require",
        help="What is a success: the script runs to its end, or shows what the notebook shows.",
        rich_help_panel=PROOF,
    ),
]
Fix = Annotated[
    bool,
    option("--fix", help="Add what a failed run lacks and try again, three times.", panel=PROOF),
]
Html = Annotated[
    bool, option("--html", help="Write report.html too, one file with all in it.", panel=PROOF)
]
Stamp = Annotated[
    bool, option("--stamp", help="Put the verdict into the image's labels.", panel=PROOF)
]

Mounts = Annotated[
    list[str] | None,
    option(
        "--mount",
        help="Show the container a file or folder, read-only unless it ends in :rw. "
        "Can be repeated.",
        panel=RUN,
        metavar="HOST:PATH[:rw]",
    ),
]
Variables = Annotated[
    list[str] | None,
    option(
        "--env", "-e",
        help="A variable; NAME alone takes its value from here. Can be repeated.",
        panel=RUN,
        metavar="NAME[=VALUE]",
    ),
]  # fmt: skip
VariableFiles = Annotated[
    list[Path] | None,
    option("--env-file", help="Variables, one a line; can be repeated.", panel=RUN, metavar="FILE"),
]
Gpus = Annotated[
    str, option("--gpus", help="all, a number, or names of devices.", panel=RUN, metavar="WHICH")
]


def gather_conditions(given: Mapping[str, Any], *, with_variables: bool = True) -> Conditions:
    """How the image is to be run, of the options that a command was given.

    Raises OptionError.
    """
    import os
    from dataclasses import replace

    from nb2image.proof.prove import LIMITS, Conditions
    from nb2image.run import options as run

    return Conditions(
        network=run.network(given.get("network") or "none"),
        limits=replace(
            LIMITS,
            seconds=given.get("timeout", LIMITS.seconds),
            memory=size(given["memory"]) if given.get("memory") else LIMITS.memory,
            cpus=given.get("cpus"),
        ),
        rtol=given["rtol"],
        runs=given["runs"],
        env=run.variables(given.get("env") or (), given.get("env_file") or (), os.environ)
        if with_variables
        else (),
        binds=binds(given),
        gpus=run.gpus(given.get("gpus") or ""),
    )


def binds(given: Mapping[str, Any]) -> tuple[Bind, ...]:
    """The mounts of the options that a command was given. Raises OptionError."""
    from nb2image.run import options as run

    return tuple(run.bind(text) for text in given.get("mount") or ())
