"""What the machine that runs the image allows, and the releases that stay within it."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from nb2image.errors import PlanError
from nb2image.gpu.table import Row, Table, as_version, table
from nb2image.model import Limits

MAJORS = (13, 12, 11, 10, 9, 8)
"""The CUDA majors that there are builds for, newest first."""


def obstacle(row: Row, limits: Limits) -> str:
    """Why a build does not go with the limits, for people; empty when it does."""
    known = table()
    name = f"{row.dist} {row.release}"
    built = f"{name} is built for CUDA {row.cuda or 'of a release that is not known'}"
    if row.delivery == "broken":
        return f"the packages that {name} takes CUDA from are not on the package index"
    if row.delivery == "system" and row.cuda and not (limits.own_base or known.has_image(row.cuda)):
        return f"{built}, of which NVIDIA has deleted the images"
    if limits.cuda and row.cuda and not same_cuda(row, limits.cuda):
        return f"{built}, not {limits.cuda}"
    if limits.driver and row.driver and as_version(limits.driver) < as_version(row.driver):
        return f"{built}, which needs driver {row.driver} or newer"
    if limits.compute_cap and row.cuda:
        oldest, newest = known.oldest_gpu(row.dist, row.cuda), known.newest_gpu(row.dist, row.cuda)
        if oldest and as_version(limits.compute_cap) < as_version(oldest):
            return f"{built} and needs a GPU of compute capability {oldest} or newer"
        if newest and as_version(limits.compute_cap) > as_version(newest):
            return f"{built}, which has no code for GPUs newer than compute capability {newest}"
    return ""


def same_cuda(row: Row, cuda: str) -> bool:
    """Whether a build is for the CUDA that was asked for.

    The minor version matters for torch alone, whose wheels require exactly one; the others run
    with whatever minor release of their major is installed.
    """
    if row.dist == "torch" and "." in cuda:
        return row.cuda == cuda
    return row.major == int(cuda.partition(".")[0])


def releases_of(dist: str, known: Table) -> list[tuple[str, tuple[Row, ...]]]:
    """(release, its builds), oldest first."""
    return [(r, tuple(rows)) for r, rows in groupby(known.of(dist), key=lambda row: row.release)]


def bounds(dist: str, limits: Limits) -> str:
    """PEP 440 bounds of the distribution's releases that go with the limits.

    The newest run of releases that do; empty for a distribution that the table does not know.
    Raises PlanError when none does.
    """
    found = releases_of(dist, table())
    fits = [any(not obstacle(row, limits) for row in rows) for _, rows in found]
    broken = [all(row.delivery == "broken" for row in rows) for _, rows in found]
    if not found:
        return ""
    if not any(fits):
        raise none_fits(dist, limits)
    last = max(i for i, fit in enumerate(fits) if fit)
    first = last
    while first > 0 and (fits[first - 1] or broken[first - 1]):
        first -= 1
    while broken[first]:
        first += 1
    within = {series(release) for release, _ in found[first : last + 1]}
    since = found[first][0]
    if all(row.delivery != "extra" for row in found[first][1]):
        since = edge(since, {series(release) for release, _ in found[:first]})
    parts = [f">={since}"] if first else []
    parts += [f"<{edge(found[last + 1][0], within)}"] if last + 1 < len(found) else []
    parts += [f"!={found[i][0]}" for i in range(first, last) if broken[i]]
    return ",".join(parts)


def series(release: str) -> str:
    """``2.11`` of ``2.11.0``: what CUDA a build has changes with it."""
    return ".".join(release.split(".")[:2])


def edge(release: str, other_side: set[str]) -> str:
    """Where releases begin to be like this one: at its series, unless that is on both sides."""
    return release if series(release) in other_side else series(release)


def check_wish(dist: str, specifier: str, limits: Limits) -> None:
    """Raise PlanError when every known release that a requirement admits is out of the limits.

    What would work is in the error's hint.
    """
    try:
        wish = SpecifierSet(specifier)
    except InvalidSpecifier:
        return
    exact = next((s.version for s in wish if s.operator == "==" and "*" not in s.version), "")
    rows = [row for row in table().of(dist) if wish.contains(row.release)]
    rows = list(table().at(dist, exact)) if exact else rows
    obstacles = [obstacle(row, limits) for row in rows]
    if not specifier or not rows or not all(obstacles):
        return
    raise PlanError(
        f"{dist}{specifier}: {obstacles[-1]}{given(limits)}",
        code="cuda-unsupported",
        hint=would_work(dist, limits, near=rows[-1].release),
    )


def none_fits(dist: str, limits: Limits) -> PlanError:
    """No release at all goes with the limits."""
    oldest = next(iter(table().of(dist)))
    why = obstacle(oldest, limits) if not limits.cuda else f"no release is for CUDA {limits.cuda}"
    return PlanError(
        f"no release of {dist} can be used: {why}{given(limits)}",
        code="cuda-unsupported",
        hint=would_work(dist, limits),
    )


def given(limits: Limits) -> str:
    """What the limits are, behind a sentence."""
    return f" ({told(limits)})" if told(limits) else ""


def told(limits: Limits) -> str:
    """What the limits are and where they are known from; empty for none."""
    parts = [f"driver {limits.driver}"] if limits.driver else []
    parts += [f"compute capability {limits.compute_cap}"] if limits.compute_cap else []
    parts += [f"CUDA {limits.cuda}"] if limits.cuda else []
    return f"for {', '.join(parts)}: {limits.reason}" if parts else ""


def would_work(dist: str, limits: Limits, near: str = "") -> str:
    """What to ask for instead: the next release after ``near`` or before, or the newest."""
    cudas = list(dict.fromkeys(row.cuda for row in table().of(dist) if works(row)))
    relaxed = [row for row in table().of(dist) if not obstacle(row, replace(limits, cuda=""))]
    if relaxed:
        later = [row for row in relaxed if near and as_version(row.release) > as_version(near)]
        best = later[0] if later else relaxed[-1]
        return (
            f"{dist} {best.release} (CUDA {best.cuda}) would do; "
            f"there are builds of {dist} for CUDA {', '.join(cudas)}{elsewhere(dist, near)}"
        )
    floor = min((row.driver for row in table().of(dist) if row.driver), key=as_version, default="")
    return (
        f"update the driver to {floor} or newer (580 runs every CUDA), or build for the CPU "
        "with --cpu"
    )


def elsewhere(dist: str, release: str) -> str:
    """The builds of torch beside the package index's, which nb2image takes for the CPU alone."""
    builds = table().torch_builds.get(release, ()) if dist == "torch" else ()
    if not builds:
        return ""
    return (
        f"; PyTorch's own index has {dist} {release} for CUDA {', '.join(builds)} too, which a "
        "requirements file can name by its address"
    )


def works(row: Row) -> bool:
    """Whether a row names a CUDA and can be installed."""
    return bool(row.cuda) and row.delivery != "broken"


def majors(limits: Limits) -> tuple[int, ...]:
    """The CUDA majors that go with the limits, newest first.

    Raises PlanError when none does.
    """
    refused = {major: major_obstacle(major, limits) for major in MAJORS}
    found = tuple(major for major, why in refused.items() if not why)
    if found:
        return found
    asked = int(limits.cuda.partition(".")[0]) if limits.cuda else MAJORS[-1]
    rest = Limits(driver=limits.driver, compute_cap=limits.compute_cap)
    able = [major for major in MAJORS if not major_obstacle(major, rest)]
    raise PlanError(
        f"no CUDA can be used: {refused.get(asked) or f'there is no CUDA {limits.cuda}'}"
        f"{given(limits)}",
        code="cuda-unsupported",
        hint=f"--cuda {able[0]} would do"
        if able
        else "update the driver to 525.60.13 or newer, or build for the CPU with --cpu",
    )


def major_obstacle(major: int, limits: Limits) -> str:
    """Why a CUDA major does not go with the limits, for people; empty when it does."""
    known = table()
    floor = known.driver_floor(str(major)) or known.driver_floor(f"{major}.0")
    oldest = known.oldest_gpu("", f"{major}.9")
    if limits.cuda and int(limits.cuda.partition(".")[0]) != major:
        return f"CUDA {limits.cuda} is asked for"
    if limits.driver and as_version(limits.driver) < as_version(floor):
        return f"CUDA {major} needs driver {floor} or newer"
    if limits.compute_cap and as_version(limits.compute_cap) < as_version(oldest):
        return f"CUDA {major} has no code for GPUs older than compute capability {oldest}"
    return ""
