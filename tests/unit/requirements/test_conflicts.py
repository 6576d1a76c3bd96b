"""uv's refusals in words, with the cells behind them. The messages are uv 0.13's own."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from nb2image.model import Evidence, Place
from nb2image.requirements.versions.conflicts import depended_on, diagnose, refusal_error
from tests.unit.requirements.builders import wanted

CONFLICT = """error: No solution found when resolving dependencies
  cause: Because all versions of pandas depend on numpy<2 and you require pandas, we can conclude \
that you require numpy<2.
         And because you require numpy==2.0, we can conclude that your requirements are \
unsatisfiable."""
MESSAGES = [
    (CONFLICT, "conflict", ()),
    (
        "error: No solution found when resolving dependencies\n  cause: Because nowhere was not "
        "found in the package registry and all versions of deep depend on nowhere, we can "
        "conclude that all versions of deep cannot be used.",
        "unknown-package",
        ("nowhere",),
    ),
    (
        "error: No solution found when resolving dependencies\n  cause: Because there is no "
        "version of pandas==9 and you require pandas==9, we can conclude that your requirements "
        "are unsatisfiable.",
        "no-such-version",
        ("pandas",),
    ),
    (
        "error: No solution found when resolving dependencies\n  cause: Because srconly==1.0 has "
        "no usable wheels\n\nhint: Wheels are required for `srconly` because building from "
        "source is disabled for all packages (i.e., with `--no-build`)",
        "no-wheel",
        ("srconly",),
    ),
    (
        "error: No solution found when resolving dependencies\n  cause: Because oldpy==1.0 has no "
        "wheels with a matching Python ABI tag (e.g., `cp311`) and only oldpy==1.0 is available",
        "no-wheel",
        ("oldpy",),
    ),
    (
        "error: No solution found when resolving dependencies\n  cause: Because the requested "
        "Python version (>=3.11) does not satisfy Python>=3.12\n\nhint: The `--python-version` "
        "value (>=3.11) includes Python versions that are not supported by your dependencies "
        "(e.g., reqpy==1.0 only supports >=3.12).",
        "python-too-old",
        ("reqpy",),
    ),
    (
        "error: No solution found when resolving dependencies\n  cause: Because badreq==1.0 has "
        "invalid metadata\n\nhint: Metadata for `badreq` (v1.0) could not be parsed:",
        "broken-metadata",
        ("badreq",),
    ),
    (
        "error: No solution found when resolving dependencies\n  cause: Because there are no "
        "versions of late\n\nhint: `late` was filtered by `exclude-newer` to only include",
        "too-new",
        ("late",),
    ),
    (
        "error: No solution found when resolving dependencies\n  cause: Because old<=2 has no "
        "usable wheels and there are no versions of late, old cannot be used.\n\nhint: Wheels are "
        "required for `old` because\n\nhint: `late` was filtered by `exclude-newer` to only",
        "too-new",
        ("late",),
    ),
    (
        "error: No solution found when resolving dependencies\n  cause: Because yank==1.0 was "
        "yanked (reason: bad) and only yank==1.0 is available",
        "yanked",
        ("yank",),
    ),
    (
        "error: Failed to fetch: http://ann:pw@index.test/simple/fresh/\n  cause: error sending "
        "request for url (http://ann:pw@index.test/simple/fresh/)\n  cause: operation timed out",
        "index-down",
        (),
    ),
    (
        "error: No solution found when resolving dependencies\n  cause: Because fresh was not "
        "found in the package registry\n\nhint: An index (http://index.test/simple) returned a "
        "403 Forbidden error.",
        "index-refused",
        (),
    ),
    (
        "error: No solution found when resolving dependencies\n  cause: Because fresh was not "
        "found in the cache\n\nhint: Packages were unavailable because the network was disabled.",
        "offline-missing",
        ("fresh",),
    ),
    (
        "error: Failed to download and build `x @ git+https://git.test/x`\n  cause: Git operation "
        "failed",
        "source",
        ("x",),
    ),
    (
        "error: Failed to resolve dependencies for package `top==1.0`\n  cause: Package `leaf` "
        "was included as a URL dependency. URL dependencies must be expressed as direct "
        "requirements or constraints. Consider adding `leaf @ https://host.test/l` to your file.",
        "address",
        ("leaf", "top"),
    ),
    (
        "error: Requested package name `x` does not match `y` in the distribution filename: "
        "https://host.test/y-1.0-py3-none-any.whl",
        "source",
        ("x",),
    ),
    (
        "error: No solution found when resolving dependencies\n  cause: Because you require "
        "pandas==1.5.3 and pandas==2.0.3, we can conclude that your requirements are "
        "unsatisfiable.",
        "contradiction",
        ("pandas",),
    ),
    (
        "error: No solution found when resolving dependencies\n  cause: you require pandas<1 and "
        "pandas>2, which are incompatible",
        "contradiction",
        ("pandas",),
    ),
]


@pytest.mark.parametrize(("message", "kind", "packages"), MESSAGES)
def test_what_a_refusal_means(message: str, kind: str, packages: tuple[str, ...]) -> None:
    """Each cause has its own slug and names the packages at fault."""
    found = diagnose(message)
    assert (found.kind, found.packages) == (kind, packages)


@pytest.mark.parametrize("piece", ["x", "a==", "a-", "a://", "Metadata for `"])
def test_a_message_without_end_is_read_at_once(piece: str) -> None:
    """What publishers wrote is in it: its length is no way to keep the tool busy."""
    begun = time.process_time()
    diagnose(piece * 200_000)
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(("message", "kind", "packages"), MESSAGES)
def test_no_address_and_no_secret_is_told(
    message: str, kind: str, packages: tuple[str, ...]
) -> None:
    """The explanation is one line of plain words."""
    explanation = diagnose(message).explanation
    assert "://" not in explanation
    assert "pw" not in explanation
    assert explanation.isprintable()


def test_a_conflict_names_both_sides_with_their_cells() -> None:
    """The two requirements of the message, and not the third."""
    direct = (
        wanted("numpy", "==2.0", cell=2),
        wanted("pandas", cell=5),
        wanted("seaborn", cell=6),
    )
    error = refusal_error(diagnose(CONFLICT), direct, python="3.11", platform="linux", as_of="")
    assert [(f.message.split(":")[0], f.place.cell) for f in error.findings if f.place] == [
        ("numpy", 2),
        ("pandas", 5),
    ]
    assert "cannot be installed together" in error.message
    assert (error.exit_code, error.code) == (4, "conflict")


def test_two_cells_that_want_two_releases_are_both_named() -> None:
    """The requirement is one, its wishes are two; what merely agrees is not listed."""
    said = [
        Evidence(
            rule=rule, candidate="pandas", won=True, detail=f"pandas=={n}", place=Place(cell=n)
        )
        for rule, n in (("install-line", 1), ("install-line", 3), ("catalogue", 4))
    ]
    direct = replace(wanted("pandas", "==1,==3"), evidence=tuple(said))
    refused = diagnose("cause: you require pandas==1 and pandas==3, which are incompatible")
    error = refusal_error(refused, (direct,), python="3.11", platform="linux", as_of="")
    assert [f.place.cell for f in error.findings if f.place] == [1, 3]
    assert not refused.passing


def test_an_address_that_cannot_be_read_is_told_without_its_secrets() -> None:
    """Which one, and git's own last word."""
    message = (
        "error: Failed to download and build `x @ git+https://ann:pw@git.test/x.git@v1`\n"
        "  cause: Git operation failed\n  cause: failed to fetch into: /home/ann/.cache/uv/1\n"
        "         --- stderr\n"
        "         fatal: unable to access 'https://ann:pw@git.test/x.git/': Could not resolve host"
    )
    found = diagnose(message)
    assert found.explanation == "x from git.test/x.git@v1: Could not resolve host"


@pytest.mark.parametrize(
    ("explanation", "expected"),
    [
        ("Because flow==1.10.0 depends on numpy<=1.14 and the notebook needs numpy", {"numpy"}),
        ("Because all versions of pandas depend on numpy<2", {"numpy"}),
        ("Because a[x]>=2 depends on b>=1 and b>=1 depends on c<3", {"c"}),
        ("Because only old==1.0 is available", set()),
    ],
)
def test_who_depends_on_whom(explanation: str, expected: set[str]) -> None:
    """Only what asks for nothing itself."""
    assert depended_on(explanation) == expected
