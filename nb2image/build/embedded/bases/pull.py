"""A base from a registry: its manifest pinned by digest, its blobs in the cache."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from nb2image.build.embedded.bases.base import Base
from nb2image.build.embedded.bases.resolve import (
    MAX_CONFIG,
    Descriptor,
    make_base,
    resolve,
)
from nb2image.build.embedded.blobs import BlobCache
from nb2image.build.embedded.debian.upon import PackagesUpon
from nb2image.build.embedded.http import Http
from nb2image.build.embedded.registry.client import HUB, Reference, Registry, parse_reference
from nb2image.build.embedded.registry.credentials import Credentials
from nb2image.errors import BuildError
from nb2image.events import Emit
from nb2image.model import BuildPlan
from nb2image.requirements.target import Target

THREADS = 4
WITHOUT_REGISTRY = "or convert again with --base debian, which needs no registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryBase:
    """A ``BaseSource`` that pulls the plan's base image."""

    http: Http
    credentials: Credentials
    cache: BlobCache
    packages: PackagesUpon
    described: str = "the base image from its registry"

    def target(self, plan: BuildPlan, planned: Target) -> Target:
        """As planned."""
        return planned

    def get(self, plan: BuildPlan, architecture: str, emit: Emit) -> Base:
        """See ``BaseSource``."""
        reference = parse_reference(plan.base.reference)
        python = plan.requirements.python
        name = plan.base.reference.partition("@")[0]
        registry = Registry(self.http, self.credentials, reference.registry)
        try:
            base = pull(registry, reference, self.cache, architecture, python, name)
        except BuildError as error:
            if error.code == "download-failed" and not plan.base.reason.startswith("named"):
                error.hint += f"; {WITHOUT_REGISTRY}"
            raise
        return self.packages.added(base, plan)


def pull(
    registry: Registry,
    reference: Reference,
    cache: BlobCache,
    architecture: str,
    python: str,
    name: str,
) -> Base:
    """Pull an image's documents and layers. Raises BuildError."""
    repository = reference.repository
    scope = f"{repository}:pull"

    def document(one: Descriptor, limit: int) -> bytes:
        kept = cache.find(one.digest)
        if kept is not None and kept.stat().st_size <= limit:
            known = kept.read_bytes()
            if f"sha256:{hashlib.sha256(known).hexdigest()}" == one.digest:
                return known
        data = registry.document(repository, one.digest, limit)
        cache.put(data)
        return data

    if reference.digest:
        top = document(Descriptor(digest=reference.digest, size=0), MAX_CONFIG)
    else:
        top = registry.document(repository, reference.tag)
    pinned = f"sha256:{hashlib.sha256(top).hexdigest()}"
    resolved = resolve(top, architecture, document)

    def blob(one: Descriptor) -> bytes | None:
        url = registry.url(f"{repository}/blobs/{one.digest}")
        path = registry_blob(registry, url, cache, one, scope)
        return path.read_bytes() if one is resolved.config else None

    with ThreadPoolExecutor(THREADS) as threads:
        config, *_ = threads.map(blob, (resolved.config, *resolved.layers))
    assert config is not None
    base = make_base(
        resolved,
        config,
        cache,
        name=name,
        architecture=architecture,
        python=python,
        origin=reference.name,
        reason=f"pulled from {'docker.io' if reference.registry == HUB else reference.registry}",
    )
    # the digest of what was asked for: with an index it stands for every platform
    return replace(base, digest=reference.digest or pinned)


def registry_blob(
    registry: Registry, url: str, cache: BlobCache, one: Descriptor, scope: str
) -> Path:
    """A blob's file. Its address may lead to a store elsewhere, which wants no sign-in."""
    found = cache.find(one.digest, one.size)
    if found is not None:
        return found
    if not registry.headers(scope):
        with registry.ask("HEAD", url, scope):
            pass  # so that the registry can ask for a sign-in before the transfer
    what = f"{registry.host}'s blob {one.digest[:19]}"

    def fetch() -> Path:
        return registry.http.blob(
            url, cache, one.digest, size=one.size, headers=registry.headers(scope), what=what
        )

    try:
        return fetch()
    except BuildError as error:
        if error.code != "download-refused" or not registry.headers(scope):
            raise
    # the sign-in may have come to its end while other blobs were transferred
    with registry.ask("HEAD", url, scope):
        pass
    return fetch()
