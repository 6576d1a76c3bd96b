"""Options of the command line become the record that the stages read."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from nb2image.cli.convert import convert
from nb2image.cli.gather import cells, constraints, gather, modules, pairs, size
from nb2image.cli.groups import about_notebook
from nb2image.cli.options import Platform, Versions
from nb2image.cli.plan import plan
from nb2image.cli.requirements import requirements
from nb2image.errors import OptionError
from nb2image.options import Options


def test_nothing_given_is_the_default() -> None:
    """The defaults are stated once, in Options."""
    given = {n: p.default for n, p in inspect.signature(convert).parameters.items()}
    assert gather(given) == gather({}) == Options()


def test_everything_given() -> None:
    """Each option arrives at its field."""
    made = gather(
        {
            "python": "3.12",
            "requirements": "r.txt",
            "assume": ["cv2=opencv-python-headless"],
            "constraint": ["numpy < 2", "pandas==2.2.3"],
            "needs": ["openpyxl", "google.cloud.storage"],
            "versions": Versions.as_of,
            "as_of": "2024-01-31",
            "apt": ["graphviz"],
            "single_stage": True,
            "compile_bytecode": True,
            "platform": Platform.arm64,
            "env": ["A=b=c", "EMPTY="],
            "include": ["data"],
            "exclude": ["*.tmp"],
            "max_context": "1.5GiB",
            "skip_cells": "3, 5-7",
            "until": 9,
            "repair": 1,
        }
    )
    assert made == Options(
        python="3.12",
        requirements_file="r.txt",
        assume=(("cv2", "opencv-python-headless"),),
        constraints=("numpy<2", "pandas==2.2.3"),
        lacking=("openpyxl", "google.cloud.storage"),
        versions="as-of",
        as_of="2024-01-31",
        apt=("graphviz",),
        layout="single-stage",
        compile_bytecode=True,
        platform="linux/arm64",
        env=(("A", "b=c"), ("EMPTY", "")),
        include=("data",),
        exclude=("*.tmp",),
        max_context=1536 * 1024**2,
        skip_cells=(3, 5, 6, 7),
        until_cell=9,
        repair=1,
    )


@pytest.mark.parametrize("command", [convert, plan, requirements])
def test_commands_take_the_whole_group(command: Callable[..., None]) -> None:
    """What convert can be told about a notebook, plan and requirements understand too."""
    shared = inspect.signature(about_notebook).parameters
    taken = inspect.signature(command).parameters
    assert shared.keys() <= taken.keys()
    assert all(taken[name].default == shared[name].default for name in shared)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("200MB", 200_000_000), ("4096", 4096), ("1 kB", 1000), ("2gib", 2 * 1024**3), ("7B", 7)],
)
def test_sizes(text: str, expected: int) -> None:
    """Decimal units, and binary ones with an i."""
    assert size(text) == expected


@pytest.mark.parametrize("text", ["", "MB", "-1", "1XB", "1 000"])
def test_sizes_that_are_none(text: str) -> None:
    """What is no size is an error, not a guess."""
    with pytest.raises(OptionError):
        size(text)


@pytest.mark.parametrize("text", ["A", "=b", ""])
def test_pairs_that_are_none(text: str) -> None:
    """NAME=VALUE needs a name and the sign."""
    with pytest.raises(OptionError, match="--env"):
        pairs("--env", [text])


@pytest.mark.parametrize("text", ["a", "3-", "-3", "3;4"])
def test_cells_that_are_none(text: str) -> None:
    """--skip-cells takes numbers and ranges."""
    with pytest.raises(OptionError, match="--skip-cells"):
        cells(text)


@pytest.mark.parametrize(
    "text",
    ["numpy", "", "<2", "numpy<2\n-r other.txt", "a @ https://x/a.whl", "a[b]<2", "a<2; b", "-r x"],
)
def test_constraints_that_are_none(text: str) -> None:
    """--constraint bounds a version and can do nothing else."""
    with pytest.raises(OptionError, match="--constraint"):
        constraints([text])


@pytest.mark.parametrize("text", ["", "a-b", "a.", "a b", "-r x", "a\n"])
def test_modules_that_are_none(text: str) -> None:
    """--needs takes what an import statement could name."""
    with pytest.raises(OptionError, match="--needs"):
        modules([text])
