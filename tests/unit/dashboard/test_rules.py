"""Every value of the form is checked on the server."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.build.form import DEFAULTS, Form
from dashboard.build.rules import MAX_ENTRIES, problems
from tests.unit.dashboard.test_form import FULL


@pytest.mark.parametrize("form", [DEFAULTS, FULL])
def test_good_forms(form: Form) -> None:
    """A form that says nothing, and one that says everything, can be sent."""
    assert problems(form) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("target", "tpu"),
        ("builder", "podman; rm -rf /"),
        ("platform", "linux/vax"),
        ("versions", "env"),
        ("order", "random"),
        ("entry", "shell"),
        ("require", "luck"),
        ("tag", "Upper Case"),
        ("tag", "a@sha256:" + 64 * "0"),
        ("python", "2.7"),
        ("python", "3.11; x"),
        ("base_image", "a b"),
        ("base_image", "x\nRUN evil"),
        ("env", ("NOVALUE",)),
        ("env", ("1A=b",)),
        ("env", ("A=b\nRUN evil",)),
        ("constraint", ("numpy",)),
        ("constraint", ("numpy<2\n-r /etc/passwd",)),
        ("constraint", ("a @ https://example.org/a.whl",)),
        ("assume", ("cv2",)),
        ("assume", ("cv2=",)),
        ("assume", ("not a module=x",)),
        ("needs", ("a-b",)),
        ("apt", ("libgl1 && rm",)),
        ("apt", ("--option",)),
        ("no_apt", ("x;y",)),
        ("as_of", "yesterday"),
        ("as_of", "2999-01-01"),
        ("include", ("a\nb",)),
        ("exclude", ("a\x1bb",)),
        ("max_context", "a lot"),
        ("skip_cells", "3;4"),
        ("until", 0),
        ("parameter_cell", 1_000_000_000),
        ("answer", ("a\nb",)),
        ("timeout", 0.0),
        ("timeout", 1e12),
        ("memory", "much"),
        ("network", "host"),
        ("network", "a b"),
        ("driver", "newest"),
        ("cuda", "12.x"),
        ("compute_cap", "high"),
        ("gpu_base", "arch"),
        ("apt", tuple(f"p{n}" for n in range(MAX_ENTRIES + 1))),
        ("tag", 5_000 * "a"),
    ],
)
def test_bad_values(field: str, value: Any) -> None:
    """A wrong value is named with its field, in words."""
    found = problems(Form(**{field: value}))
    assert list(found) == [field]
    assert found[field]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (Form(versions="latest", as_of="2024-01-01"), "as_of"),
        (Form(versions="as-of"), "as_of"),
        (Form(trim=True, builder="embedded"), "trim"),
        (Form(target="cpu", gpu_base="nvidia"), "gpu_base"),
    ],
)
def test_values_that_contradict(form: Form, field: str) -> None:
    """Each is fine alone, not together."""
    assert list(problems(form)) == [field]
