"""The generated files of a context."""

from __future__ import annotations

from nb2image.image.render import render
from nb2image.model.plan import decode
from tests.unit.image.plans import PLAN, plan


def test_the_context_holds_all_that_a_build_needs() -> None:
    """Dockerfile, ignore list, readme, requirements, plan, script and runtime are generated."""
    paths = [path for path, _ in render(PLAN)]
    assert {".dockerignore", "Dockerfile", "README.md", "app/work/train.py"} <= set(paths)
    assert {"plan.json", "requirements.txt", "uv.txt"} <= set(paths)
    assert any(path.startswith("runtime/") for path in paths)
    assert paths == sorted(paths)


def test_the_same_plan_gives_the_same_bytes() -> None:
    """Rendering depends on the plan alone."""
    assert render(PLAN) == render(plan())


def test_plan_json_is_the_plan() -> None:
    """plan.json reads back as the plan it was made of."""
    assert decode(dict(render(PLAN))["plan.json"]) == PLAN
