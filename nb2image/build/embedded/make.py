"""Puts an embedded builder together from what the user asked for and what this host has."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nb2image.build.choose import BuildOptions, choose_base
from nb2image.build.embedded.bases.base import Base
from nb2image.build.embedded.bases.pull import RegistryBase
from nb2image.build.embedded.bases.sources import ArchiveBase, BaseSource
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.builder import EmbeddedBuilder
from nb2image.build.embedded.debian.archive import DebianArchive
from nb2image.build.embedded.debian.closure import BASE_DIFFERS
from nb2image.build.embedded.debian.mirrors import apt_proxies, machine_mirrors
from nb2image.build.embedded.debian.release import Verifier
from nb2image.build.embedded.debian.source import DebianBase
from nb2image.build.embedded.debian.upon import PackagesUpon
from nb2image.build.embedded.http import Http
from nb2image.build.embedded.registry.credentials import Credentials
from nb2image.build.embedded.targets import Delivery, Destination
from nb2image.errors import BuildError, OptionError, PlanError
from nb2image.events import Emit, Noticed
from nb2image.model import BuildPlan, Finding
from nb2image.network import NetworkConfig, read_network
from nb2image.requirements.index.archive import Contents
from nb2image.requirements.index.client import PackageIndex
from nb2image.requirements.index.listing import IndexFile, Project
from nb2image.requirements.target import Target
from nb2image.services import Services

if TYPE_CHECKING:
    from nb2image.build.embedded.wheels.workshop import Workshop

QUICK_WAITS = (0.2,)
"""For a registry that another base can stand in for."""
DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(T\d{6}Z)?")


def make_builder(
    plan: BuildPlan, asked: BuildOptions, destination: Destination, services: Services
) -> EmbeddedBuilder:
    """The builder for a plan. Raises OptionError."""
    delivery = make_delivery(services)
    http, cache = delivery.http, delivery.cache
    base = base_source(plan, asked, http, cache, delivery.credentials, services)
    return EmbeddedBuilder(
        run=services.run,
        environ=services.environ,
        http=http,
        index=LateIndex(http.network, services),
        cache=cache,
        base=base,
        delivery=delivery,
        destination=destination,
        workshop=partial(make_workshop, base, delivery, services),
        compression=asked.compression,
        check=asked.check,
        others=asked.others,
    )


def make_workshop(base: BaseSource, delivery: Delivery, services: Services) -> Workshop:
    """Where source distributions are built: few plans have any, so it is loaded for those."""
    from nb2image.build.embedded.wheels.tools import Toolbox
    from nb2image.build.embedded.wheels.workshop import Workshop

    toolbox = Toolbox(services=services, network=delivery.http.network)
    return Workshop(services=services, base=base, delivery=delivery, toolbox=toolbox)


def make_delivery(services: Services) -> Delivery:
    """What brings images to a registry or an engine, with this user's network and logins."""
    return Delivery(
        cache=BlobCache(root=services.cache / "images"),
        http=Http(read_network(services.environ)),
        credentials=Credentials(run=services.run, environ=services.environ),
        environ=services.environ,
    )


def push_layout(services: Services, path: Path, tag: str, platform: str, emit: Emit) -> None:
    """Push the image in a layout, which another builder wrote, to the registry of its tag.

    Raises BuildError.
    """
    from nb2image.build.embedded.bases.archive import read_image

    delivery = make_delivery(services)
    architecture = platform.rpartition("/")[2] or "amd64"
    image = read_image(path, delivery.cache, architecture)
    delivery.deliver([image], tag, Destination(push=True), emit)


def base_source(
    plan: BuildPlan,
    asked: BuildOptions,
    http: Http,
    cache: BlobCache,
    credentials: Credentials,
    services: Services,
) -> BaseSource:
    """Where the base comes from. Raises OptionError for a file that is not there."""
    choice = choose_base(plan, asked)
    archive = DebianArchive(
        http=http_for_debian(http),
        cache=cache,
        verifier=Verifier(run=services.run),
        mirrors=mirrors(asked.mirror),
        snapshot=snapshot_id(asked.snapshot),
    )
    packages = PackagesUpon(archive=archive, cache=cache, compression=asked.compression)
    if choice.kind == "archive":
        path = Path(asked.base)
        if not path.exists():
            raise OptionError(
                f"there is no {asked.base}",
                code="base-missing",
                hint="--base takes 'debian', or a file that docker save wrote; "
                "an image of a registry is named with --base-image",
            )
        return ArchiveBase(path=path, cache=cache, packages=packages)
    debian = DebianBase(
        archive=archive, cache=cache, compression=asked.compression, reason=choice.reason
    )
    if choice.kind == "debian":
        return debian
    if choice.kind == "registry":
        return RegistryBase(http=http, credentials=credentials, cache=cache, packages=packages)
    quick = RegistryBase(
        http=Http(http.network, waits=QUICK_WAITS),
        credentials=credentials,
        cache=cache,
        packages=packages,
    )
    return FirstThatAnswers(first=quick, second=debian)


@dataclass(slots=True)
class FirstThatAnswers:
    """The base image from its registry, or the one made of packages.

    That is taken when no registry answers, or the image is too old for the plan's packages.
    """

    first: RegistryBase
    second: DebianBase
    taken: BaseSource | None = None

    @property
    def described(self) -> str:
        """In a few words."""
        return (self.taken or self.first).described

    def target(self, plan: BuildPlan, planned: Target) -> Target:
        """Of the base that was taken."""
        return (self.taken or self.first).target(plan, planned)

    def get(self, plan: BuildPlan, architecture: str, emit: Emit) -> Base:
        """See ``BaseSource``."""
        try:
            found = self.first.get(plan, architecture, emit)
            self.taken = self.first
        except (BuildError, PlanError) as error:
            reasons = {"download-failed": "no registry answers", BASE_DIFFERS: error.message}
            if error.code not in reasons:
                raise
            code = "registry-silent" if error.code == "download-failed" else error.code
            finding = Finding(severity="note", code=code, message=error.message)
            emit(Noticed(stage="build", finding=finding))
            self.taken = replace(self.second, reason=reasons[error.code])
            found = self.taken.get(plan, architecture, emit)
        return found


@dataclass(slots=True)
class LateIndex:
    """The package index, opened when a wheel is not in the cache."""

    network: NetworkConfig
    services: Services
    _index: PackageIndex | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def project(self, name: str) -> Project | None:
        """See ``PackageIndex``."""
        return self._open().project(name)

    def contents(self, file: IndexFile) -> Contents:
        """See ``PackageIndex``."""
        return self._open().contents(file)

    def read_member(self, file: IndexFile, member: str) -> bytes:
        """See ``PackageIndex``."""
        return self._open().read_member(file, member)

    def _open(self) -> PackageIndex:
        with self._lock:  # every wheel asks at once
            if self._index is None:
                from nb2image.requirements.index.cache import index_cache
                from nb2image.requirements.index.client import Index
                from nb2image.requirements.versions.resolver import default_index

                cache = index_cache(self.services.cache)
                default = self.network.index_url or default_index(self.services, cache)
                self._index = Index(self.network, cache, default_index=default)
            return self._index


def http_for_debian(http: Http) -> Http:
    """apt's own proxies where the environment names none."""
    known = apt_proxies()
    if http.network.proxies or not known:
        return http
    return Http(replace(http.network, proxies=tuple(sorted(known.items()))))


def mirrors(named: str) -> tuple[str, str]:
    """The mirrors of the archive and of its security updates."""
    if not named:
        return machine_mirrors()
    if not named.startswith(("http://", "https://")):
        raise OptionError(f"--mirror {named!r} is no address", code="mirror-invalid")
    return named.rstrip("/"), ""


def snapshot_id(day: str) -> str:
    """A day or a time as snapshots are named. Raises OptionError."""
    if not day:
        return ""
    match = DAY.fullmatch(day)
    try:
        named = match and date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        named = None
    if match is None or named is None:
        raise OptionError(
            f"--snapshot {day!r} is no day such as 2026-01-15", code="snapshot-invalid"
        )
    return f"{named:%Y%m%d}{match[4] or 'T000000Z'}"
