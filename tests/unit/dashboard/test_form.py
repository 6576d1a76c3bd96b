"""The form is a command line, and the other way round."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dashboard.build.form import (
    DEFAULTS,
    NAMES,
    Form,
    arguments,
    form_of,
    known,
    parameters,
    plain,
    stage_options,
)
from nb2image.errors import OptionError
from nb2image.options import Options

FULL = Form(
    target="gpu",
    tag="me/analysis:1.0",
    single_stage=True,
    python="3.12",
    base_image="python:3.12-slim",
    builder="docker",
    platform="linux/arm64",
    compile_bytecode=True,
    env=("A=b c", "EMPTY="),
    constraint=("numpy<2", "pandas==2.2.3"),
    assume=("cv2=opencv-python-headless",),
    needs=("openpyxl",),
    apt=("libgl1", "ffmpeg"),
    no_apt=("git",),
    versions="as-of",
    as_of="2024-05-31",
    include=("data", "-odd name.csv"),
    exclude=("*.zip",),
    max_context="1GB",
    order="executed",
    skip_cells="3,5-7",
    until=9,
    parameter_cell=2,
    answer=("yes", "-1"),
    require="ran",
    fix=True,
    network="bridge",
    timeout=90,
    memory="16GiB",
)


@pytest.mark.parametrize("form", [DEFAULTS, FULL, Form(target="cpu"), Form(no_verify=True)])
@pytest.mark.parametrize("notebook", ["a b.ipynb", "-x.ipynb", "sub/ü.ipynb"])
def test_there_and_back(form: Form, notebook: str) -> None:
    """The command's own parser reads from the arguments what the form said."""
    assert form_of(arguments(form, notebook)) == (form, notebook)


def test_nothing_chosen_is_the_shortest_command() -> None:
    """What is not chosen is not said."""
    assert arguments(DEFAULTS, "a.ipynb") == ("a.ipynb",)
    assert stage_options(DEFAULTS) == Options()


def test_a_form_as_a_command() -> None:
    """Values that begin with a dash cannot be taken for options."""
    made = arguments(Form(answer=("-1",), until=3, timeout=90, no_verify=True), "-x.ipynb")
    assert made == (
        "--until", "3", "--answer=-1", "--no-verify", "--timeout", "90", "--", "-x.ipynb",
    )  # fmt: skip


def test_a_plan_is_told_what_concerns_it() -> None:
    """The name, the builder and the proof change no plan, so they do not ask for another one."""
    form = replace(FULL, tag="x", builder="embedded", memory="1GB", fix=False)
    assert arguments(form, "a.ipynb", "plan") == arguments(
        replace(FULL, tag="y", no_verify=True), "a.ipynb", "plan"
    )


@pytest.mark.parametrize("name", [name for name in NAMES if name != "target"])
def test_fields_are_the_commands(name: str) -> None:
    """A field has the name and the default of an option of convert."""
    default = plain(parameters("convert")[name].default)
    assert (default or None) == (getattr(DEFAULTS, name) or None)  # typer's "nothing" is None
    assert known(name)


@pytest.mark.parametrize(
    "option", ["lock", "output", "force", "env_from", "archive", "push", "base", "requirements"]
)
def test_a_link_cannot_write_or_start_anything(option: str) -> None:
    """Options that name files to read or write, or programs, are no fields of the form."""
    assert option not in NAMES


def test_what_has_no_field_is_left_out() -> None:
    """An earlier command may have said more than the form can."""
    given = ["--lock", "pylock.toml", "--env-from", "python3", "--python", "3.12", "a.ipynb"]
    assert form_of(given) == (Form(python="3.12"), "a.ipynb")


@pytest.mark.parametrize(
    "given",
    [
        [], ["--nope", "a.ipynb"], ["--help", "a.ipynb"], ["--until", "x", "a.ipynb"],
        ["--platform", "vax", "a.ipynb"], ["a.ipynb", "b.ipynb"],
    ],
)  # fmt: skip
def test_no_command(given: list[str]) -> None:
    """What the command would refuse is refused."""
    with pytest.raises(OptionError):
        form_of(given)


@pytest.mark.parametrize(
    ("form", "options"),
    [
        (Form(constraint=("numpy < 2",)), {"constraints": ("numpy<2",)}),
        (Form(target="cpu"), {"gpu": "cpu"}),
        (Form(skip_cells="3,5-7"), {"skip_cells": (3, 5, 6, 7)}),
        (Form(single_stage=True), {"layout": "single-stage"}),
    ],
)
def test_stages_get_the_commands_options(form: Form, options: dict[str, Any]) -> None:
    """What the page reads itself follows the command's options."""
    assert stage_options(form) == Options(**options)
