"""What may stand in each field of the form: checked here again, whatever a browser allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date

from dashboard.build.form import Form, stage_options
from nb2image.errors import Nb2ImageError
from nb2image.image import quote

Check = Callable[[str], object]

CHOICES: dict[str, tuple[str, ...]] = {
    "target": ("auto", "gpu", "cpu"),
    "builder": ("auto", "docker", "embedded"),
    "platform": ("linux/amd64", "linux/arm64"),
    "versions": ("", "as-of", "latest"),
    "entry": ("script", "lab"),
    "order": ("notebook", "executed"),
    "require": ("reproduced", "ran"),
    "gpu_base": ("", "slim", "nvidia"),
}
"""What the fields that offer a choice may hold."""
MAX_ENTRIES = 200
MAX_TEXT = 4_000
CUDA = re.compile(r"\d{1,2}(\.\d{1,2})?")
DRIVER = re.compile(r"\d{3}(\.\d{1,4}){0,2}")
COMPUTE_CAP = re.compile(r"\d{1,2}\.\d")


def problems(form: Form) -> dict[str, str]:
    """What is wrong, by field; empty when the form can be sent off."""
    found: dict[str, str] = {}
    for name, choices in CHOICES.items():
        if getattr(form, name) not in choices:
            found[name] = f"choose one of {', '.join(choice or 'automatic' for choice in choices)}"
    for name, check in CHECKS.items():
        value = getattr(form, name)
        if problem := first_problem(value if isinstance(value, tuple) else (value,), check):
            found[name] = problem
    for name in ("until", "parameter_cell"):
        number = getattr(form, name)
        if number is not None and not 1 <= number <= 999_999:
            found[name] = "cells are counted from 1"
    if not 1 <= form.timeout <= 7 * 86_400:
        found["timeout"] = "from one second to a week"
    if form.as_of and form.versions == "latest":
        found["as_of"] = "a day and the newest releases contradict each other"
    elif form.versions == "as-of" and not form.as_of:
        found["as_of"] = "name the day"
    if form.trim and form.builder == "embedded":
        found["trim"] = "leaving tests out needs a Docker engine"
    if form.target == "cpu" and form.gpu_base == "nvidia":
        found["gpu_base"] = "an image for the CPU has no use for NVIDIA's base"
    if not found:
        try:
            stage_options(form)
        except Nb2ImageError as error:
            found["form"] = error.message
    return found


def first_problem(values: Iterable[str], check: Check) -> str:
    """What is wrong with the first value that fails its check; empty when all pass."""
    values = tuple(values)
    if len(values) > MAX_ENTRIES:
        return f"{len(values)} entries are too many"
    for value in filter(None, values):
        if len(value) > MAX_TEXT:
            return "this is too long"
        try:
            check(value)
        except Nb2ImageError as error:
            return f"{error.message}: {error.hint}" if error.hint else error.message
        except ValueError as error:
            return str(error)
    return ""


def variable(text: str) -> None:
    """``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not of the form NAME=VALUE")
    quote.env_name(name)
    quote.word(value)


def assumption(text: str) -> None:
    """``MODULE=PACKAGE``."""
    module, equals, package = text.partition("=")
    if not equals or not package.strip():
        raise ValueError(f"{text!r} is not of the form MODULE=PACKAGE, as cv2=opencv-python")
    modules(module)
    quote.refuse_control(package, "the name of a package")


def modules(text: str) -> None:
    """A dotted name."""
    from nb2image.cli.gather import modules

    modules([text])


def constraint(text: str) -> None:
    """``numpy<2``."""
    from nb2image.cli.gather import constraints

    constraints([text])


def cells(text: str) -> None:
    """``3,5-7``."""
    from nb2image.cli.gather import cells

    cells(text)


def size(text: str) -> None:
    """``200MB``."""
    from nb2image.cli.gather import size

    size(text)


def day(text: str) -> None:
    """An ISO date that has come."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a day: write it as 2023-06-30") from None
    if found > date.today():
        raise ValueError("this day has not come yet")


def network(text: str) -> None:
    """The name of one of the engine's networks."""
    from nb2image.run.options import network

    network(text)


def line(text: str) -> None:
    """Text of one line."""
    quote.refuse_control(text, "this field")


def pattern(expression: re.Pattern[str], example: str) -> Check:
    """Text of a fixed form."""

    def check(text: str) -> None:
        if expression.fullmatch(text) is None:
            raise ValueError(f"{text!r} is not a value such as {example}")

    return check


CHECKS: dict[str, Check] = {
    "tag": quote.tag,
    "python": quote.python_version,
    "base_image": quote.reference,
    "env": variable,
    "constraint": constraint,
    "assume": assumption,
    "needs": modules,
    "apt": quote.apt_package,
    "no_apt": quote.apt_package,
    "as_of": day,
    "include": line,
    "exclude": line,
    "max_context": size,
    "skip_cells": cells,
    "answer": line,
    "memory": size,
    "network": network,
    "driver": pattern(DRIVER, "550.54.14"),
    "cuda": pattern(CUDA, "12.8"),
    "compute_cap": pattern(COMPUTE_CAP, "7.5"),
}
