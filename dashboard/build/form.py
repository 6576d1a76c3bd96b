"""What the form of the Build page holds, as one record, and the command line that it stands for.

The command line is the form's only meaning: a build is started with it, a plan is asked for with
it, and what the page reads itself gets its options by parsing it as the command does. The names
and defaults of the options are taken from the command, so the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from functools import cache
from typing import Any, Literal

import typer

from nb2image.errors import OptionError
from nb2image.options import Options

Command = Literal["convert", "plan"]
WRONG: Any = typer.BadParameter.__base__
"""click's UsageError: typer brings a click of its own from 0.26 on and exports only this child."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """All that can be chosen: each field but ``target`` is the parameter of convert of that name.

    None of them names a file to write, an interpreter to start or a folder of this machine: a
    link can fill the form in, so the form must be harmless until its button is pressed.
    """

    # what the image computes on
    target: Literal["auto", "gpu", "cpu"] = "auto"
    """``auto`` lets the notebook decide."""
    allow_cuda_in_cpu: bool = False
    driver: str = ""
    cuda: str = ""
    compute_cap: str = ""
    gpu_base: str = ""

    # the image
    tag: str = ""
    single_stage: bool = False
    python: str = ""
    base_image: str = ""
    builder: str = "auto"
    platform: str = "linux/amd64"
    compile_bytecode: bool = False
    trim: bool = False
    no_cache: bool = False
    env: tuple[str, ...] = ()
    """``NAME=VALUE``."""

    # the packages
    constraint: tuple[str, ...] = ()
    assume: tuple[str, ...] = ()
    """``MODULE=PACKAGE``."""
    needs: tuple[str, ...] = ()
    apt: tuple[str, ...] = ()
    no_apt: tuple[str, ...] = ()
    versions: str = ""
    as_of: str = ""
    offline: bool = False

    # the files
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_context: str = ""

    # what runs
    entry: str = "script"
    order: str = "notebook"
    skip_cells: str = ""
    until: int | None = None
    parameter_cell: int | None = None
    answer: tuple[str, ...] = ()

    # the proof
    no_verify: bool = False
    require: str = "reproduced"
    fix: bool = False
    network: str = ""
    timeout: float = 600.0
    memory: str = ""


DEFAULTS = Form()
NAMES = tuple(field.name for field in fields(Form))


def known(name: str) -> bool:
    """Whether the command can be told a field: a build of nb2image may have fewer options."""
    return name == "target" or name in parameters("convert")


def arguments(form: Form, notebook: str, command: Command = "convert") -> tuple[str, ...]:
    """What follows ``nb2image convert``: all that is not its default, and the notebook.

    For ``plan`` what concerns only the build and its proof is left out.
    """
    dashed = ("--",) if notebook.startswith("-") else ()
    return (*options(form, command), *dashed, notebook)


def options(form: Form, command: Command = "convert") -> Iterator[str]:
    """The options alone."""
    options = parameters(command)
    if form.target != "auto" and form.target in options:
        yield f"--{form.target}"
    for name in NAMES:
        value = getattr(form, name)
        if name not in options or value == getattr(DEFAULTS, name):
            continue
        option = options[name].opts[0]
        if value is True:
            yield option
            continue
        for one in value if isinstance(value, tuple) else (value,):
            text = f"{one:g}" if isinstance(one, float) else str(one)
            yield from (f"{option}={text}",) if text.startswith("-") else (option, text)


def form_of(given: Sequence[str]) -> tuple[Form, str]:
    """The form and the notebook of a convert command's arguments.

    What the form has no field for is left out. Raises OptionError when the command would not
    take them.
    """
    values = parsed(given)
    target = "gpu" if values.get("gpu") else "cpu" if values.get("cpu") else "auto"
    found = {name: plain(values[name]) for name in NAMES if values.get(name) is not None}
    return Form(**{**found, "target": target}), str(values["notebook"])


def plain(value: Any) -> Any:
    """A parameter's value as a field's."""
    if isinstance(value, Enum):
        return value.value
    return tuple(value) if isinstance(value, list | tuple) else value


def stage_options(form: Form) -> Options:
    """The options that the stages get: those of the command. Raises OptionError."""
    from nb2image.cli.gather import gather

    return gather(parsed(arguments(form, "notebook.ipynb")))


def parsed(given: Sequence[str]) -> dict[str, Any]:
    """The parameters of convert, by its own parser. Raises OptionError."""
    command = command_named("convert")
    try:
        found = command.make_context("convert", list(given), help_option_names=[])
    except WRONG as error:
        raise OptionError(error.format_message(), code="option-invalid") from error
    values: dict[str, Any] = found.params
    return values


@cache
def parameters(command: Command) -> dict[str, Any]:
    """A command's options by the name of their parameter."""
    found = command_named(command).params
    return {p.name: p for p in found if p.param_type_name == "option"}


@cache
def command_named(command: Command) -> Any:
    """A command of the command line, as typer makes it; its type differs between versions."""
    import typer.main

    from nb2image.cli import convert, plan  # noqa: F401  each registers itself
    from nb2image.cli.app import app

    group: Any = typer.main.get_command(app)
    return group.commands[command]
