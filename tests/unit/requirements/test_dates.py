"""Which releases are taken: the clocks of a notebook and what the user asks for."""

from __future__ import annotations

from datetime import date

import pytest

from nb2image.errors import OptionError
from nb2image.model import Place
from nb2image.options import Options
from nb2image.requirements.age.dates import VersionPolicy, choose_versions, not_before
from nb2image.requirements.age.git_history import LastChange
from nb2image.requirements.written.inline import named_python
from tests.unit.requirements.builders import code, notebook

TODAY = date(2026, 11, 20)


def policy(*, git: str = "", python: str = "", executed: str = "", **options: str) -> VersionPolicy:
    change = LastChange(day=git, commit="abc") if git else None
    made = notebook(code("pass", executed_at=executed), python=python)
    return choose_versions(made, Options(**options), change, TODAY)


@pytest.mark.parametrize(
    ("clocks", "kind", "as_of"),
    [
        ({}, "latest", ""),
        ({"git": "2021-03-04"}, "as-of", "2021-03-04"),
        ({"git": "2026-03-04"}, "latest", ""),
        ({"git": "2023-05-05", "python": "3.7.3"}, "as-of", "2020-03-24"),
        ({"git": "2019-01-01", "python": "3.7.1"}, "as-of", "2019-01-01"),
        ({"git": "2023-05-05", "executed": "2021-01-02T03:04:05Z"}, "as-of", "2021-01-02"),
        ({"executed": "not a time"}, "latest", ""),
        ({"git": "1970-01-01"}, "latest", ""),
        ({"git": "2026-10-01", "python": "3.11.2"}, "latest", ""),
        ({"git": "2024-10-01", "python": "3.11.2"}, "as-of", "2024-10-01"),
        ({"python": "3.99.1"}, "latest", ""),
        ({"git": "2018-01-01", "python": "3.9.0"}, "as-of", "2021-10-05"),
    ],
)
def test_the_earliest_clock_counts(clocks: dict[str, str], kind: str, as_of: str) -> None:
    """Git, the Python's patch release and a year, execution times; impossible ones are ignored."""
    found = policy(**clocks)
    assert (found.kind, found.as_of) == (kind, as_of)


def test_a_clock_that_is_ahead_says_today() -> None:
    """Releases of a day to come are not known yet."""
    assert policy(git="2999-01-01", versions="as-of").as_of == TODAY.isoformat()
    assert policy(python="3.13.9", versions="as-of").as_of <= TODAY.isoformat()


def test_what_is_asked_for_holds() -> None:
    """--as-of and --versions latest are fixed whatever the clocks say."""
    assert policy(git="2020-01-01", as_of="2022-02-02").as_of == "2022-02-02"
    assert policy(git="2020-01-01", versions="latest").kind == "latest"
    assert policy(git="2026-06-01", versions="as-of").as_of == "2026-06-01"
    assert policy(git="2020-01-01", env_from="python").kind == "env"


@pytest.mark.parametrize(
    "options",
    [
        {"as_of": "yesterday"},
        {"as_of": "2030-01-01"},
        {"as_of": "2020-01-01", "versions": "latest"},
        {"versions": "env"},
        {"versions": "as-of"},
    ],
)
def test_options_that_cannot_be_followed_are_refused(options: dict[str, str]) -> None:
    """No date, a day to come, contradictions, an environment or a date that is not there."""
    with pytest.raises(OptionError):
        policy(**options)


def test_the_date_is_not_before_what_the_notebook_uses() -> None:
    """numpy==1.22 in a cell means that 1.22 was out, whatever its Python's age says."""
    uploads = {"numpy 1.22": "2022-01-01", "six": "2016-01-01", "renamed": "2024-01-01"}
    found = not_before(policy(git="2020-01-01"), uploads, "2023-01-01")
    assert (found.as_of, found.reason) == (
        "2022-01-01",
        "the notebook uses numpy 1.22, released then",
    )
    assert not_before(policy(git="2020-01-01"), uploads, "").as_of == "2024-01-01"
    fixed = not_before(policy(as_of="2020-01-01"), uploads, "")
    assert fixed.as_of == "2020-01-01"


BLOCK = """# /// script
# requires-python = ">=3.12"
# dependencies = ["rich"]
# [tool.uv]
# exclude-newer = "{day}"
# ///
import rich"""


@pytest.mark.parametrize(
    ("day", "kind", "as_of"),
    [
        ("2025-01-01T00:00:00Z", "as-of", "2025-01-01"),
        ("2026-11-01", "as-of", "2026-11-01"),
        ("2030-01-01", "latest", ""),
        ("soon", "latest", ""),
    ],
)
def test_a_block_that_names_its_day_comes_before_the_clocks(
    day: str, kind: str, as_of: str
) -> None:
    """``exclude-newer`` is the author's word, however young; --as-of is the user's."""
    made = notebook(code(BLOCK.format(day=day)))
    change = LastChange(day="2026-11-10", commit="abc")
    found = choose_versions(made, Options(), change, TODAY)
    assert (found.kind, found.as_of) == (kind, as_of)
    asked = choose_versions(made, Options(as_of="2022-02-02"), change, TODAY)
    assert asked.as_of == "2022-02-02"


def test_a_block_bounds_the_python() -> None:
    """``requires-python``, at its cell; one that nobody can read says nothing."""
    (found,) = named_python(notebook(code(BLOCK)))
    assert (str(found.allowed), found.place) == (">=3.12", Place(cell=1, line=1))
    broken = BLOCK.replace(">=3.12", "three")
    assert named_python(notebook(code(broken))) == []
