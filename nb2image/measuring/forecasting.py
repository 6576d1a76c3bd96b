"""Finds out what a forecast needs: wheels' lists of files, the base's size, earlier builds."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nb2image.analysis.forecast import Builder, Known, WheelFiles, forecast
from nb2image.errors import HistoryError, Nb2ImageError, RequirementsError
from nb2image.history.store import History, place
from nb2image.model import BuildPlan, LockedPackage
from nb2image.model.forecast import Forecast
from nb2image.model.history import HistoryEntry
from nb2image.requirements.index.cache import index_cache
from nb2image.requirements.index.client import Index
from nb2image.requirements.index.listing import IndexFile
from nb2image.services import Services

if TYPE_CHECKING:
    import httpx

THREADS = 16


def forecast_plan(
    plan: BuildPlan, services: Services, *, builder: Builder | None = None, offline: bool = False
) -> Forecast:
    """How large the plan's image will be.

    Reads the end of each wheel that is not in the cache; ``offline`` guesses these instead.
    Without ``builder`` it is Docker's where an engine answers. What cannot be found out is
    guessed and named so; nothing here is an error.
    """
    entries = history_entries(services)
    found = engine_base(plan.base.reference, services) if builder != "embedded" else NO_ENGINE
    builder = builder or ("docker" if found.answers else "embedded")
    known = Known(
        builder=builder,
        wheels=wheels(plan, services, offline=offline),
        base_size=found.size,
        base_source="the engine, which has it" if found.size is not None else "",
        earlier=tuple(
            (e.forecast, e.size)
            for e in entries
            if e.ok and e.forecast and e.size and e.builder == builder
        ),
    )
    if known.base_size is None:
        known = with_earlier(known, plan, entries)
    if known.base_size is None and builder == "docker" and not offline:
        known = replace(known, base_compressed=registry_base(plan, services))
    return forecast(plan, known)


def with_earlier(known: Known, plan: BuildPlan, entries: Sequence[HistoryEntry]) -> Known:
    """The base's bytes as the last build with it has shown them."""
    for entry in entries:
        same = entry.base == plan.base.reference and entry.builder == known.builder
        if same and entry.base_size is not None:
            source = f"the build of {entry.at[:10]}"
            return replace(known, base_size=entry.base_size, base_source=source)
    return known


def shown_base(expected: Forecast, size: int) -> int | None:
    """The base's bytes after a build: told, or what is left when all else was known."""
    base = next(item for item in expected.items if item.kind == "base")
    if not base.guess:
        return base.size
    if any(item.guess for item in expected.items if item is not base):
        return None
    left = size - (expected.size - base.size)
    return left if left > 0 else None


def wheels(plan: BuildPlan, services: Services, *, offline: bool) -> dict[str, WheelFiles]:
    """The files of every locked wheel that can be read."""
    from nb2image.network import read_network
    from nb2image.requirements.versions.resolver import default_index

    try:
        network = read_network(services.environ)
        cache = index_cache(services.cache)
        address = network.index_url or default_index(services, cache)
    except Nb2ImageError:
        return {}
    index = Index(network, cache, default_index=address, offline=offline)

    def files_of(package: LockedPackage) -> WheelFiles | None:
        try:
            named = [at_address(package)] if package.url else []
            project = None if named else index.project(package.name)
            named += [f for f in project.files if f.name == package.wheel] if project else []
            found = index.contents(named[0]) if named else None
        except RequirementsError:
            return None
        if found is None or len(found.sizes) != len(found.members):
            return None
        return WheelFiles(members=found.members, sizes=found.sizes, packed=found.packed)

    wanted = [p for p in plan.requirements.locked if p.wheel]
    with contextlib.closing(index), ThreadPoolExecutor(THREADS) as threads:
        found = zip(wanted, threads.map(files_of, wanted), strict=True)
        return {package.name: files for package, files in found if files is not None}


def at_address(package: LockedPackage) -> IndexFile:
    """A locked wheel that is taken from its address."""
    digest = package.hashes[0].removeprefix("sha256:") if package.hashes else ""
    return IndexFile(name=package.wheel, url=package.url, sha256=digest)


@dataclass(frozen=True, slots=True)
class EngineBase:
    """Whether an engine answers, and the bytes of a base that it has."""

    answers: bool
    size: int | None = None


NO_ENGINE = EngineBase(answers=False)


def engine_base(reference: str, services: Services) -> EngineBase:
    """Ask the engine about a base."""
    from nb2image.archive.export import inspect_image
    from nb2image.engine import connect, engine_address

    try:
        with contextlib.closing(connect(services.environ)) as engine:
            found = inspect_image(engine, reference, engine_address(services.environ))
            return EngineBase(True, int(found["Size"]) if found else None)
    except Nb2ImageError:
        return NO_ENGINE


def registry_base(
    plan: BuildPlan, services: Services, transport: httpx.BaseTransport | None = None
) -> int | None:
    """The bytes of the base's layers as its registry keeps them; None where it does not tell."""
    from nb2image.build.embedded.bases.resolve import resolve
    from nb2image.build.embedded.http import Http
    from nb2image.build.embedded.registry.client import Registry, parse_reference
    from nb2image.build.embedded.registry.credentials import Credentials
    from nb2image.network import read_network

    reference = parse_reference(plan.base.reference)
    architecture = "arm64" if plan.requirements.platform.startswith("aarch64") else "amd64"
    try:
        # one try: a forecast is not worth waiting for
        http = Http(read_network(services.environ), transport=transport, waits=())
        with contextlib.closing(http):
            credentials = Credentials(run=services.run, environ=services.environ)
            registry = Registry(http, credentials, reference.registry)
            top = registry.document(reference.repository, reference.digest or reference.tag)
            found = resolve(
                top,
                architecture,
                lambda one, limit: registry.document(reference.repository, one.digest, limit),
            )
    except Nb2ImageError:
        return None
    return sum(layer.size for layer in found.layers)


def history_entries(services: Services) -> tuple[HistoryEntry, ...]:
    """The history, empty where there is none or it cannot be read."""
    path = place(services.environ)
    try:
        return History(path).entries(limit=500) if path else ()
    except HistoryError:
        return ()
