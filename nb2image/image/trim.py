"""What of the installed packages the image can do without, on ``--trim``."""

from __future__ import annotations

import re

from nb2image.model import BuildPlan

TESTED = {
    "numpy": "numpy",
    "pandas": "pandas",
    "scikit-learn": "sklearn",
    "scipy": "scipy",
}
"""Distributions whose folders ``tests`` are a tenth of a usual image, and their packages.

Of nobody else: other packages import their own tests (astropy, bottleneck, tables, tensorflow).
Checked by importing every module of these four, with and without their tests, in sets of
releases from 2019 to 2026.
"""
RUNNERS = frozenset({"pytest", "nose", "hypothesis"})
"""With one of these installed the notebook may run a package's tests."""


def packages_without_tests(plan: BuildPlan) -> tuple[str, ...]:
    """The packages whose folders ``tests``, at any depth, are left out of the image, sorted.

    None unless the plan says so, nor where the notebook itself might use one: editors complete
    imports out of test modules, and such lines are found in the wild.
    """
    if not plan.trim:
        return ()
    locked = {package.name for package in plan.requirements.locked}
    sources = [plan.script.text, *(module.source for module in plan.script.local_modules)]
    if locked & RUNNERS or any(re.search(r"\.tests\b", source) for source in sources):
        return ()
    return tuple(sorted(TESTED[name] for name in locked & TESTED.keys()))
