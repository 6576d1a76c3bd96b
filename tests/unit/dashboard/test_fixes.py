"""A failure's way back into the form."""

from __future__ import annotations

import pytest

from dashboard.build.fixes import applied, changed, deciding, fix_named, fix_of, lacked
from dashboard.build.form import DEFAULTS, Form
from nb2image.jobs import Failure
from nb2image.jobs.fix import Fix
from nb2image.model import Finding


def test_a_change_is_applied_to_the_form() -> None:
    """Lists grow and shrink without doubles; settings are set; the unknown is passed over."""
    fix = Fix(
        label="x",
        add={"apt": ("libgl1", "git"), "unknown": ("x",)},
        remove={"apt": ("ffmpeg",), "needs": ("yaml",)},
        set={"memory": "16GiB", "nothing": 1},
    )
    after = applied(fix, Form(apt=("ffmpeg", "git"), needs=("yaml",)))
    assert after == Form(apt=("git", "libgl1"), memory="16GiB")
    assert changed(DEFAULTS, after) == ("apt", "memory")


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("module-missing:yaml", Form(needs=("yaml",))),
        ("library-missing:libGL.so.1", Form(apt=("libgl1",))),
        ("network-needed", Form(network="bridge")),
        ("not-reproduced", Form(require="ran")),
        ("module-missing", Form(fix=True)),
    ],
)
def test_a_link_names_a_fix(link: str, expected: Form) -> None:
    """``?fix=CODE:VALUE`` fills the form in."""
    fix = fix_named(link)
    assert fix is not None
    assert applied(fix, DEFAULTS) == expected


def test_a_link_that_removes() -> None:
    """A package that Debian does not have is taken out."""
    fix = fix_named("apt-package-missing:libnone")
    assert fix is not None
    assert applied(fix, Form(apt=("libnone", "git"))) == Form(apt=("git",))


@pytest.mark.parametrize("link", ["", "nonsense", "1", ":x", 10_000 * "a"])
def test_a_link_that_means_nothing(link: str) -> None:
    """It is passed over."""
    assert fix_named(link) is None


@pytest.mark.parametrize(
    ("failure", "fields"),
    [
        (Failure(code="no-wheel", message=""), ("python",)),
        (Failure(code="x", message="", hint="choose with --base-image or --python"),
         ("base_image", "python")),
        (Failure(code="resolution", message="", findings=(
            Finding(severity="error", code="import-unresolved", message="m"),)), ("assume",)),
        (Failure(code="x", message="", hint="--env-from is no field"), ()),
    ],
)  # fmt: skip
def test_the_fields_that_decide(failure: Failure, fields: tuple[str, ...]) -> None:
    """By the code, the findings and the options that a hint names."""
    assert deciding(failure) == fields


@pytest.mark.parametrize("result", [b"", b"{", b"[]", b'{"verdict": 1}'])
def test_a_result_that_is_no_report(result: bytes) -> None:
    """What cannot be read says nothing."""
    assert lacked(result) == ""


def test_no_fix_for_what_only_a_person_knows() -> None:
    """Which package brings an import is nobody's guess."""
    assert fix_of(Failure(code="import-unresolved", message="")) is None
